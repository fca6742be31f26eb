from __future__ import annotations

from ...utils import auto_docstring
from .._promptable import PromptableImageProcessor


@auto_docstring
class Sam2(PromptableImageProcessor):
    """SAM 2 (arXiv:2408.00714): images warped to a square, prompts with them.

    `original_sizes` is int64 `(B, 2)`; prompts that are given become `input_points`, `input_labels`, `input_boxes`, and
    segmentation maps int64 `labels` of `mask_size`.
    """

    size = {"height": 1024, "width": 1024}
    mask_size = {"height": 256, "width": 256}

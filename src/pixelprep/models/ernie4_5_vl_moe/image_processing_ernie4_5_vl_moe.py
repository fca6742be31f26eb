from __future__ import annotations

from ...utils import auto_docstring
from .._imported import smart_resize as smart_resize
from ..qwen2_vl.image_processing_qwen2_vl import Qwen2VL


@auto_docstring
class Ernie4_5_VLMoe(Qwen2VL):  # noqa: N801
    """ERNIE 4.5 VL: as Qwen2-VL (arXiv:2409.12191), with one frame in a patch and larger images.

    Published files bound the pixels by `min_pixels` and `max_pixels`, beside a `size` of another style.
    """

    size = {"shortest_edge": 56 * 56, "longest_edge": 28 * 28 * 6177}
    temporal_patch_size = 1

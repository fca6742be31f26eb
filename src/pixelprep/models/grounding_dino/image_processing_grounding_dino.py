from __future__ import annotations

from ...utils import auto_docstring
from .._coco import CocoImageProcessor


@auto_docstring
class GroundingDino(CocoImageProcessor):
    """Grounding DINO (arXiv:2303.05499): DETR's images and annotations, boxes that fit a text."""

    def post_process_object_detection(self, outputs, threshold=0.1, target_sizes=None, pixel_mask=None):
        """Boxes above a score, each with its best token; see `postprocess.open_vocabulary_detection`."""
        from ...postprocess import open_vocabulary_detection

        return open_vocabulary_detection(outputs, threshold, target_sizes, pixel_mask=pixel_mask)

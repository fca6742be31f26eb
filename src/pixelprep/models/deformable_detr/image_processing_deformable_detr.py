from __future__ import annotations

from ...utils import auto_docstring
from .._coco import CocoImageProcessor


@auto_docstring
class DeformableDetr(CocoImageProcessor):
    """Deformable DETR (arXiv:2010.04159), also of LW-DETR: DETR's images and annotations.

    Classes are answered yes or no, one by one: one box can come under several labels, the best pairs first.
    """

    def post_process_object_detection(self, outputs, threshold=0.5, target_sizes=None, top_k=100, pixel_mask=None):
        """The `top_k` best pairs of a box and a class above a score; see `postprocess.query_class_detection`."""
        from ...postprocess import query_class_detection

        return query_class_detection(outputs, threshold, target_sizes, top_k, pixel_mask)

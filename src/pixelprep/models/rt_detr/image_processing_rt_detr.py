from __future__ import annotations

from ...utils import auto_docstring
from .._coco import CocoImageProcessor


@auto_docstring
class RTDetr(CocoImageProcessor):
    """RT-DETR (arXiv:2304.08069), also of DEIM v2: a fixed size, no normalisation, no padding; annotations as DETR's.

    With the focal loss classes are answered yes or no, one by one: one box can come under several labels.
    """

    size = {"height": 640, "width": 640}
    do_normalize = False
    do_pad = False
    do_convert_annotations = True

    def post_process_object_detection(
        self, outputs, threshold=0.5, target_sizes=None, use_focal_loss=True, pixel_mask=None
    ):
        """Boxes above a score; see `postprocess.query_class_detection`.

        Without `use_focal_loss` each box has its best class by softmax, and every class can win: the model has no
        "no object" class.
        """
        from ...postprocess import object_detection, query_class_detection

        if use_focal_loss:
            return query_class_detection(outputs, threshold, target_sizes, None, pixel_mask)
        return object_detection(outputs, threshold, target_sizes, pixel_mask, no_object=False)

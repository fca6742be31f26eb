from __future__ import annotations

from ...utils import auto_docstring
from .._coco import CocoImageProcessor
from .._imported import run_lengths


@auto_docstring
class RfDetr(CocoImageProcessor):
    """RF-DETR: DETR's annotations; images are rescaled first and resized as floats, without antialiasing.

    Classes are answered yes or no, one by one: one box, one mask can come under several labels, the best pairs first.
    """

    pipeline = ("rescale", "resize", "normalize")

    def resize(self, image, size, resample):
        return super().resize(image, size, resample, antialias=False)

    def post_process_object_detection(self, outputs, threshold=0.5, target_sizes=None, top_k=None, pixel_mask=None):
        """The `top_k` best pairs of a box and a class above a score; see `postprocess.query_class_detection`."""
        from ...postprocess import query_class_detection

        return query_class_detection(outputs, threshold, target_sizes, top_k, pixel_mask)

    def post_process_instance_segmentation(
        self,
        outputs,
        threshold=0.5,
        mask_threshold=0.0,
        target_sizes=None,
        return_coco_annotation=False,
        return_binary_maps=False,
        top_k=None,
        pixel_mask=None,
    ):
        """Segments of things; `mask_threshold` is a logit. See `postprocess.query_class_segmentation`."""
        from ...postprocess import query_class_segmentation, without_padding

        def segment(outputs, target_sizes):
            return query_class_segmentation(
                outputs, threshold, mask_threshold, target_sizes, return_coco_annotation, return_binary_maps, top_k
            )

        return without_padding(segment, outputs, pixel_mask, target_sizes)


# What people import from here in the reference's place, and nothing here needs.
__getattr__ = run_lengths(__name__)

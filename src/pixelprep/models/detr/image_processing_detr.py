from __future__ import annotations

from ...utils import auto_docstring
from .._coco import CocoImageProcessor
from .._imported import run_lengths


@auto_docstring
class Detr(CocoImageProcessor):
    """DETR (arXiv:2005.12872): shortest edge within a longest one, COCO annotations following their images.

    Batches are padded to the largest image; `pixel_mask` is int64 `(B, H, W)` with 1 on pixels of the image. With
    annotations, whose boxes are (x, y, width, height) in pixels, `labels` holds a dictionary for each image: `boxes`,
    `class_labels`, `area`, `iscrowd`, `size`, ... Post-processing takes `pixel_mask=` to undo the padding.
    """

    def post_process_object_detection(self, outputs, threshold=0.5, target_sizes=None, pixel_mask=None):
        """Boxes above a score, each with its best class; see `postprocess.object_detection`."""
        from ...postprocess import object_detection

        return object_detection(outputs, threshold, target_sizes, pixel_mask)

    def post_process_semantic_segmentation(
        self, outputs, target_sizes=None, return_segmentation_scores=False, pixel_mask=None
    ):
        """Class maps; see `postprocess.semantic_segmentation`, and `postprocess.without_padding` for `pixel_mask`."""
        from ...postprocess import query_segmentation_scores, semantic_segmentation, without_padding
        from ...postprocess._arrays import output

        def segment(outputs, target_sizes):
            scores = query_segmentation_scores(output(outputs, "logits"), output(outputs, "pred_masks"))
            return semantic_segmentation(scores, target_sizes, return_segmentation_scores)

        return without_padding(segment, outputs, pixel_mask, target_sizes)

    def post_process_instance_segmentation(
        self,
        outputs,
        threshold=0.5,
        mask_threshold=0.5,
        overlap_mask_area_threshold=0.8,
        target_sizes=None,
        return_coco_annotation=False,
        pixel_mask=None,
    ):
        """Segments of things; see `postprocess.instance_segmentation`, `postprocess.without_padding`."""
        from ...postprocess import instance_segmentation, without_padding

        thresholds = threshold, mask_threshold, overlap_mask_area_threshold

        def segment(outputs, target_sizes):
            return instance_segmentation(outputs, *thresholds, target_sizes, return_coco_annotation)

        return without_padding(segment, outputs, pixel_mask, target_sizes)

    def post_process_panoptic_segmentation(
        self,
        outputs,
        threshold=0.5,
        mask_threshold=0.5,
        overlap_mask_area_threshold=0.8,
        label_ids_to_fuse=None,
        target_sizes=None,
        pixel_mask=None,
        void_unclaimed=False,
    ):
        """Segments of things and stuff; see `postprocess.panoptic_segmentation`, `postprocess.without_padding`.

        Pixels that no mask claims go to some segment, as in the reference; with `void_unclaimed` they become 0.
        """
        from ...postprocess import panoptic_segmentation, without_padding

        thresholds = threshold, mask_threshold, overlap_mask_area_threshold

        def segment(outputs, target_sizes):
            return panoptic_segmentation(outputs, *thresholds, label_ids_to_fuse, target_sizes, void_unclaimed)

        return without_padding(segment, outputs, pixel_mask, target_sizes)


# What people import from here in the reference's place, and nothing here needs.
__getattr__ = run_lengths(__name__)

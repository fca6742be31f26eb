from __future__ import annotations

from ...utils import auto_docstring
from .._imported import run_lengths
from ..detr.image_processing_detr import Detr


@auto_docstring
class ConditionalDetr(Detr):
    """Conditional DETR (arXiv:2108.06152): DETR's images and annotations; classes are answered yes or no, one by one.

    One box can come under several labels, the best pairs first. There is no "no object" class, so semantic maps use
    all of them; segments of the last class are left out all the same, as in the reference.
    """

    def post_process_object_detection(self, outputs, threshold=0.5, target_sizes=None, top_k=100, pixel_mask=None):
        """The `top_k` best pairs of a box and a class above a score; see `postprocess.query_class_detection`."""
        from ...postprocess import query_class_detection

        return query_class_detection(outputs, threshold, target_sizes, top_k, pixel_mask)

    def post_process_semantic_segmentation(
        self, outputs, target_sizes=None, return_segmentation_scores=False, pixel_mask=None
    ):
        """Class maps; see `postprocess.semantic_segmentation`, and `postprocess.without_padding` for `pixel_mask`."""
        from ...postprocess import query_segmentation_scores, semantic_segmentation, without_padding
        from ...postprocess._arrays import output

        def segment(outputs, target_sizes):
            logits, masks = output(outputs, "logits"), output(outputs, "pred_masks")
            scores = query_segmentation_scores(logits, masks, no_object=False)
            return semantic_segmentation(scores, target_sizes, return_segmentation_scores)

        return without_padding(segment, outputs, pixel_mask, target_sizes)


# What people import from here in the reference's place, and nothing here needs.
__getattr__ = run_lengths(__name__)

from __future__ import annotations

from ...image_processing_outputs import BatchFeature
from ...image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, PILImageResampling
from ...utils import auto_docstring
from ..llava_onevision.video_processing_llava_onevision import LlavaOnevisionVideo


@auto_docstring
class VideomtVideo(LlavaOnevisionVideo):
    """VidEoMT: every frame one square picture, for segmentation."""

    size = {"height": 640, "width": 640}
    default_to_square = True
    resample = PILImageResampling.BILINEAR
    image_mean = IMAGENET_DEFAULT_MEAN
    image_std = IMAGENET_DEFAULT_STD
    do_center_crop = False

    def post_process_semantic_segmentation(self, outputs, target_sizes, return_segmentation_scores=False):
        """Class maps of frames.

        Args:
            outputs: with `class_queries_logits` (frames, queries, classes + 1) and `masks_queries_logits`
                (frames, queries, h, w).
            target_sizes: (height, width) of each frame.
            return_segmentation_scores: with the scores of all classes; see `postprocess.resized_scores`.
        """
        from ...postprocess import best_classes, resized_scores, windowed_scores

        scores, sizes = windowed_scores(outputs, target_sizes, None, False)
        if not return_segmentation_scores:
            return best_classes(scores, sizes)
        return [BatchFeature(entry) for entry in resized_scores(scores, sizes)]

    def post_process_instance_segmentation(self, outputs, target_sizes, threshold=0.5):
        """Each query's best class and its mask on each frame; see `postprocess.padded_instances`."""
        from ...postprocess import padded_instances

        return padded_instances(outputs, target_sizes, None, threshold)

    def post_process_panoptic_segmentation(
        self,
        outputs,
        target_sizes,
        threshold=0.8,
        mask_threshold=0.5,
        overlap_mask_area_threshold=0.8,
        label_ids_to_fuse=None,
    ):
        """Segments of things and stuff on each frame; see `postprocess.padded_panoptic`."""
        from ...postprocess import padded_panoptic

        thresholds = threshold, mask_threshold, overlap_mask_area_threshold
        return padded_panoptic(outputs, target_sizes, None, *thresholds, label_ids_to_fuse)

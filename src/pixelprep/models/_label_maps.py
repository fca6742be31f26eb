"""What families with segmentation maps beside their images share."""

from __future__ import annotations

from ..image_processing_utils import BaseImageProcessor
from ..targets.label_maps import process_label_maps


class LabelMapImageProcessor(BaseImageProcessor):
    """Segmentation maps beside images become int64 `labels`; class maps come back from the model's logits."""

    further_outputs = ("labels",)

    def preprocess(self, images, segmentation_maps=None, *beside, **kwargs):
        """Turn images, and the `(H, W)` maps of class ids that belong to them, into model inputs."""
        return super().preprocess(images, segmentation_maps, *beside, **kwargs)

    def _preprocess_image_like_inputs(self, images, segmentation_maps, options):
        prepared = self._prepare_image_like_inputs(images, options=options)
        outputs = {"pixel_values": self.run_pipeline(prepared, options)}
        if segmentation_maps is not None:
            outputs["labels"] = process_label_maps(self, segmentation_maps, prepared, options)
        return self.batch_feature(outputs, options)

    def post_process_semantic_segmentation(self, outputs, target_sizes=None, return_segmentation_scores=False):
        """Class maps from logits; see `postprocess.semantic_segmentation`."""
        from ..postprocess import semantic_segmentation
        from ..postprocess._arrays import output

        return semantic_segmentation(output(outputs, "logits"), target_sizes, return_segmentation_scores)

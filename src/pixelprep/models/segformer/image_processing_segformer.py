from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, PILImageResampling
from ...label_maps import process_label_maps
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring


class SegformerImageProcessorKwargs(ImagesKwargs, total=False):
    """
    do_reduce_labels (`bool`):
        Lower every class id of the segmentation maps by one; background (0) becomes 255, which losses ignore.
    """

    do_reduce_labels: bool


@auto_docstring
class Segformer(BaseImageProcessor):
    """SegFormer (arXiv:2105.15203): images warped to `size`; segmentation maps beside them become int64 `labels`."""

    valid_kwargs = SegformerImageProcessorKwargs
    pipeline = ("resize", "rescale_and_normalize")

    do_resize = True
    size = {"height": 512, "width": 512}
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_DEFAULT_MEAN
    image_std = IMAGENET_DEFAULT_STD
    do_reduce_labels = False

    def preprocess(self, images, segmentation_maps=None, **kwargs):
        """Turn images, and the `(H, W)` maps of class ids that belong to them, into model inputs."""
        return super().preprocess(images, segmentation_maps, **kwargs)

    def _preprocess_image_like_inputs(self, images, segmentation_maps, options):
        prepared = self._prepare_image_like_inputs(images, options=options)
        outputs = {"pixel_values": self.run_pipeline(prepared, options)}
        if segmentation_maps is not None:
            outputs["labels"] = process_label_maps(self, segmentation_maps, len(prepared), options)
        return self.batch_feature(outputs, options)

    def post_process_semantic_segmentation(self, outputs, target_sizes=None, return_segmentation_scores=False):
        """Class maps from logits; see `postprocess.semantic_segmentation`."""
        from ...postprocess import semantic_segmentation
        from ...postprocess._arrays import output

        return semantic_segmentation(output(outputs, "logits"), target_sizes, return_segmentation_scores)

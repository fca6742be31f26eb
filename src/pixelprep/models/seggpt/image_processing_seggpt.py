from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, ChannelDimension, PILImageResampling
from ...processing_utils import ImagesKwargs
from ...targets.label_maps import flat_maps, read_label_maps
from ...targets.palettes import build_palette, is_painted, mask_to_rgb, painted_masks
from ...utils import auto_docstring


class SegGptImageProcessorKwargs(ImagesKwargs, total=False):
    """
    num_labels (`int`, *optional*):
        Number of classes beside the background. Prompt masks are painted in as many colours; without it their ids are
        repeated for each channel.
    """

    num_labels: int | None


@auto_docstring
class SegGpt(BaseImageProcessor):
    """SegGPT (arXiv:2304.03284): images warped to `size`, and a prompt of an image and its painted mask.

    Outputs are those whose inputs are given: `pixel_values`, `prompt_pixel_values`, `prompt_masks`.
    """

    valid_kwargs = SegGptImageProcessorKwargs
    further_outputs = ("prompt_pixel_values", "prompt_masks")
    pipeline = ("resize", "rescale_and_normalize")

    do_convert_rgb = True
    do_resize = True
    size = {"height": 448, "width": 448}
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_DEFAULT_MEAN
    image_std = IMAGENET_DEFAULT_STD

    def __call__(self, images=None, *args, **kwargs):
        """The same as `preprocess`."""
        return self.preprocess(images, *args, **kwargs)

    def preprocess(self, images=None, prompt_images=None, prompt_masks=None, **kwargs):
        """Turn images, prompts or both into model inputs.

        Args:
            images: as `BaseImageProcessor.preprocess`.
            prompt_images: images that show what is meant.
            prompt_masks: of the prompt images: `(H, W)` maps of classes, which are painted, or pictures in RGB.
        """
        if images is None and prompt_images is None and prompt_masks is None:
            raise ValueError("SegGpt needs images, prompt_images or prompt_masks; pass at least one of them")
        return super().preprocess(images, prompt_images, prompt_masks, **kwargs)

    def _preprocess_image_like_inputs(self, images, prompt_images, prompt_masks, options):
        data = {}
        prompts = None
        if images is not None:
            prepared = self._prepare_image_like_inputs(images, options=options)
            data["pixel_values"] = self.run_pipeline(prepared, options)
        if prompt_images is not None:
            prompts = self._prepare_image_like_inputs(prompt_images, options=options)
            data["prompt_pixel_values"] = self.run_pipeline(prompts, options)
        if prompt_masks is not None:
            masks = self._masks(prompt_masks, prompts, options)
            data["prompt_masks"] = self.run_pipeline(masks, options.replace(resample=PILImageResampling.NEAREST))
        return self.batch_feature(data, options)

    def _masks(self, prompt_masks, prompts, options):
        """Masks as `(3, H, W)` arrays of colours; those that have colours already keep them."""
        if options.do_convert_rgb:
            prompt_masks = flat_maps(self, prompt_masks, prompts)
        if not options.do_convert_rgb or all(map(is_painted, prompt_masks)):
            return self._prepare_image_like_inputs(prompt_masks, options=options)
        painted = painted_masks(read_label_maps(self, prompt_masks, prompts), options.num_labels)
        arrays = [self.ops.from_image(mask, ChannelDimension.FIRST, options.device) for mask in painted]
        return arrays if self.ops.conventions.keeps_bytes else [self.ops.cast(array, "float32") for array in arrays]

    def get_palette(self, num_labels):
        """Colours of the background and of so many classes."""
        return build_palette(num_labels)

    def mask_to_rgb(self, mask, palette=None):
        """A map of classes `(H, W)` in the colours of a palette, `(3, H, W)`."""
        return mask_to_rgb(mask, palette)

    def post_process_semantic_segmentation(
        self, outputs, target_sizes=None, num_labels=None, return_segmentation_scores=False
    ):
        """Class maps from painted masks; see `postprocess.painted_segmentation`."""
        from ...postprocess import painted_segmentation

        palette = None if num_labels is None else build_palette(num_labels)
        given = self.image_mean, self.image_std, palette, target_sizes, return_segmentation_scores
        return painted_segmentation(outputs, *given)

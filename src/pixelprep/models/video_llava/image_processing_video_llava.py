from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring


class VideoLlavaImageProcessorKwargs(ImagesKwargs, total=False):
    """
    return_legacy_image_output (`bool`):
        Call the output `pixel_values_images`, as the model takes it beside videos; else `pixel_values`.
    """

    return_legacy_image_output: bool


@auto_docstring
class VideoLlava(BaseImageProcessor):
    """Video-LLaVA (arXiv:2311.10122): single images as CLIP takes them.

    `pixel_values_images` is float32 `(images, C, H, W)`; `pixel_values` without `return_legacy_image_output`.
    """

    valid_kwargs = VideoLlavaImageProcessorKwargs
    model_input_names = ["pixel_values_images"]
    further_outputs = ("pixel_values",)
    pipeline = ("resize", "center_crop", "rescale_and_normalize")

    do_convert_rgb = True
    do_resize = True
    size = {"shortest_edge": 224}
    default_to_square = False
    resample = PILImageResampling.BICUBIC
    do_center_crop = True
    crop_size = {"height": 224, "width": 224}
    do_rescale = True
    do_normalize = True
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD
    return_legacy_image_output = True

    def _preprocess(self, images, options):
        name = "pixel_values_images" if options.return_legacy_image_output else "pixel_values"
        return self.batch_feature({name: self.run_pipeline(images, options)}, options)

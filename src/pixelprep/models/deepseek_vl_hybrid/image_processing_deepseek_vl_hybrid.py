from __future__ import annotations

from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...processing_utils import SizeDict
from ...utils import auto_docstring
from .._tiles import mean_color
from ..deepseek_vl.image_processing_deepseek_vl import DeepseekVL, DeepseekVLImageProcessorKwargs


class DeepseekVLHybridImageProcessorKwargs(DeepseekVLImageProcessorKwargs, total=False):
    """
    high_res_size (`dict[str, int]`):
        Square size in pixels of the images for the high-resolution encoder.
    high_res_resample (`PILImageResampling`, `int` or `str`):
        Filter used for resizing to `high_res_size`.
    high_res_image_mean (`float` or `list[float]`):
        Mean of each channel for the high-resolution encoder.
    high_res_image_std (`float` or `list[float]`):
        Standard deviation of each channel for the high-resolution encoder.
    """

    high_res_size: SizeDict
    high_res_resample: PILImageResampling
    high_res_image_mean: float | tuple[float, ...]
    high_res_image_std: float | tuple[float, ...]


@auto_docstring
class DeepseekVLHybrid(DeepseekVL):
    """DeepSeek-VL with two encoders (arXiv:2403.05525): a large padded square, and a small one made from it.

    `high_res_pixel_values` is the large one. Without `do_resize` both are the image as it is, unpadded.
    """

    valid_kwargs = DeepseekVLHybridImageProcessorKwargs
    model_input_names = ["pixel_values", "high_res_pixel_values"]

    high_res_size = {"height": 1024, "width": 1024}
    high_res_resample = PILImageResampling.BICUBIC
    high_res_image_mean = OPENAI_CLIP_MEAN
    high_res_image_std = OPENAI_CLIP_STD

    def padding_color(self):
        return mean_color(self.high_res_image_mean)  # only the large image is padded

    def _preprocess(self, images, options):
        large_options = options.replace(
            size=options.high_res_size,
            resample=options.high_res_resample,
            image_mean=options.high_res_image_mean,
            image_std=options.high_res_image_std,
        )
        if options.do_resize:
            images = self.run_pipeline(images, large_options, ["resize", "pad"])
        outputs = {
            "pixel_values": self.run_pipeline(images, options, ["resize", "rescale_and_normalize"]),
            "high_res_pixel_values": self.run_pipeline(images, large_options, ["rescale_and_normalize"]),
        }
        return self.batch_feature(outputs, options)

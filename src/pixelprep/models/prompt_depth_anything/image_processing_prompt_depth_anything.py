from __future__ import annotations

from ...processing_utils import ImagesKwargs
from ...targets.prompt_depth import process_prompt_depth
from ...utils import auto_docstring
from .._tiles import PositiveInt
from ..dpt.image_processing_dpt import DPT


class PromptDepthAnythingImageProcessorKwargs(ImagesKwargs, total=False):
    """
    keep_aspect_ratio (`bool`):
        Scale both sides alike, as the side of `size` asks that changes less.
    ensure_multiple_of (`int`):
        Sides are rounded to multiples of this when resizing.
    size_divisor (`int`, *optional*):
        With `do_pad`, sides are padded to multiples of this, half of it on each side.
    prompt_scale_to_meter (`float`):
        What one unit of the prompt depth is in metres.
    """

    keep_aspect_ratio: bool
    ensure_multiple_of: PositiveInt
    size_divisor: PositiveInt | None
    prompt_scale_to_meter: float


@auto_docstring
class PromptDepthAnything(DPT):
    """Prompt Depth Anything (arXiv:2412.14015): images as DPT takes them, a measured depth map beside each.

    `prompt_depth` is float32 `(B, 1, h, w)` in metres, at its own size. Predicted depth is in metres too, the larger,
    the farther.
    """

    valid_kwargs = PromptDepthAnythingImageProcessorKwargs
    pipeline = ("resize", "rescale_and_normalize", "pad")
    model_input_names = ["pixel_values", "prompt_depth"]
    further_outputs = ()

    prompt_scale_to_meter = 0.001

    def preprocess(self, images, prompt_depth=None, **kwargs):
        """Turn images, and the `(h, w)` depth maps measured with them, into model inputs.

        Args:
            images: as `BaseImageProcessor.preprocess`.
            prompt_depth: one map for each image, of any size, in units of `prompt_scale_to_meter` (millimetres).
        """
        return super(DPT, self).preprocess(images, prompt_depth, **kwargs)

    def _preprocess_image_like_inputs(self, images, prompt_depth, options):
        prepared = self._prepare_image_like_inputs(images, options=options)
        outputs = {"pixel_values": self.run_pipeline(prepared, options)}
        if prompt_depth is not None:
            outputs["prompt_depth"] = process_prompt_depth(self, prompt_depth, len(prepared), options)
        return self.batch_feature(outputs, options)

from __future__ import annotations

import math

from ... import geometry
from ...image_processing_utils import BaseImageProcessor, Joined
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring


class InklingImageProcessorKwargs(ImagesKwargs, total=False):
    """
    rescale_image_frac (`float`, *optional*):
        Factor by which an image is scaled first; None leaves it as it is.
    rescale_image_max_upscaled_long_edge (`int`, *optional*):
        Longer side up to which that may enlarge an image; None sets no bound.
    """

    rescale_image_frac: float | None
    rescale_image_max_upscaled_long_edge: int | None


@auto_docstring
class Inkling(BaseImageProcessor):
    """Inkling: the image as it is in patches of `size`, row by row, each twice in time.

    There is always a column of patches more than fits; what the image does not fill is -1 before rescaling.
    `pixel_values` is `(patches, 2, height, width, channels)`, `num_patches` the number of patches of each image.
    """

    valid_kwargs = InklingImageProcessorKwargs
    further_outputs = ("num_patches",)
    pipeline = ("scale", "pad_to_patches", "rescale_and_normalize")

    do_convert_rgb = True
    size = {"height": 40, "width": 40}
    default_to_square = False
    resample = PILImageResampling.LANCZOS
    do_rescale = True
    do_normalize = True
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD
    rescale_image_frac = None
    rescale_image_max_upscaled_long_edge = 2048

    def _validate_preprocess_kwargs(self, **kwargs):
        super()._validate_preprocess_kwargs(**kwargs)
        if kwargs["do_resize"] is False:
            raise ValueError("Inkling cuts every image into patches: `do_resize` cannot be False")
        size = kwargs["size"]
        if size is None or not size.height or size.height != size.width:
            raise ValueError(f"Inkling's patches are squares: `size` needs equal `height` and `width`, not {size}")

    def scale(self, image, resample, rescale_image_frac, rescale_image_max_upscaled_long_edge):
        """The image scaled by `rescale_image_frac`, if given."""
        if rescale_image_frac is None:
            return image
        cap = rescale_image_max_upscaled_long_edge
        return self.ops.resize(image, *scale_longest(*image.shape[-2:], rescale_image_frac, cap), resample)

    def pad_to_patches(self, image, size):
        """The image in floating point, with -1 at the bottom and the right up to whole patches."""
        (height, width), edge = image.shape[-2:], size.height
        below, after = geometry.multiple_of(height, edge) - height, edge - width % edge
        return self.ops.pad(self.ops.cast(image, "float32"), 0, below, 0, after, -1.0)

    def _preprocess(self, images, options):
        def patchify(image):
            return self.ops.patchify(image, options.size.height, copies=2, vector="t h w c")

        patches = self.map_by_shape(patchify, self.run_pipeline(images, options), options)
        counts = self.ops.integers([entry.shape[0] for entry in patches])
        return self.batch_feature({"pixel_values": Joined(patches), "num_patches": counts}, options)


def scale_longest(height: int, width: int, fraction: float, cap: int | None) -> geometry.Size:
    """Scale by `fraction`, but not beyond a longer side of `cap` unless it is that long already (Inkling)."""
    longest = max(height, width)
    target = longest * fraction if cap is None else min(longest * fraction, max(cap, longest))
    ratio = target / longest
    return max(1, math.floor(height * ratio + 0.5)), max(1, math.floor(width * ratio + 0.5))

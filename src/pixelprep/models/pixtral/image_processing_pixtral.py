from __future__ import annotations

import math

from ... import geometry
from ...image_processing_utils import BaseImageProcessor, Stacked, map_images, pad_to
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling, get_image_size
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring


class PixtralImageProcessorKwargs(ImagesKwargs, total=False):
    """
    patch_size (`int` or `dict[str, int]`):
        Height and width of a patch in pixels; images are resized to whole patches.
    """

    patch_size: SizeDict | int


@auto_docstring
class Pixtral(BaseImageProcessor):
    """Pixtral (arXiv:2410.07073): native aspect ratio in whole patches, batches padded with zeros after normalising.

    `image_sizes` holds each image's `(height, width)` before padding.
    """

    valid_kwargs = PixtralImageProcessorKwargs
    model_input_names = ["pixel_values", "image_sizes"]
    pipeline = ("center_crop", "rescale_and_normalize")

    do_convert_rgb = True
    do_resize = True
    size = {"longest_edge": 1024}
    patch_size = {"height": 16, "width": 16}
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD
    do_pad = True

    def resize(self, image, size, resample, patch_size):
        box = (size.longest_edge, size.longest_edge) if size.longest_edge else (size.height, size.width)
        if not all(box):
            raise ValueError(f"Pixtral resizes into a `longest_edge` or a `height` and `width`, not to {size}")
        patch = SizeDict.parse(patch_size, name="patch_size")
        if not (patch.height and patch.width):
            raise ValueError(f"`patch_size` needs `height` and `width`, not {patch}")
        height, width = fit_to_patches(*image.shape[-2:], *box, (patch.height, patch.width))
        return super().resize(image, SizeDict(height=height, width=width), resample)

    def _preprocess(self, images, options):
        images = self.run_pipeline(images, options, ["resize"])
        resized = images
        images = self.run_pipeline(images, options)
        # Sizes before a centre crop on torchvision, after it on PIL; without one they are the same.
        sizes = [tuple(image.shape[-2:]) for image in (images if self.ops.conventions.sizes_after_crop else resized)]
        if options.do_pad:
            height, width = (max(image.shape[axis] for image in images) for axis in (-2, -1))
            images = Stacked(map_images(lambda image: pad_to(self.ops, image, height, width), images))
        return self.batch_feature({"pixel_values": images, "image_sizes": sizes}, options)


def fit_to_patches(height: int, width: int, max_height: int, max_width: int, patch: geometry.Size) -> geometry.Size:
    """Shrink to fit inside a box, never grow, then round both sides up to whole patches (Pixtral, arXiv:2410.07073).

    A side that would vanish is one patch.
    """
    ratio = max(height / max_height, width / max_width)
    if ratio > 1:
        height, width = math.floor(height / ratio), math.floor(width / ratio)
    return tuple(max(geometry.multiple_of(side, edge), edge) for side, edge in zip((height, width), patch, strict=True))  # type: ignore[return-value]


def get_resize_output_image_size(input_image, size, patch_size, input_data_format=None) -> geometry.Size:
    """`fit_to_patches` for an image, numbers or pairs, for whoever imports it from the reference's module."""
    pairs = ((value, value) if isinstance(value, int) else value for value in (size, patch_size))
    box, patch = map(tuple, pairs)
    return fit_to_patches(*get_image_size(input_image, input_data_format), *box, patch)

from __future__ import annotations

from typing import Literal

from ... import geometry
from ...image_utils import PILImageResampling
from ...images.content import letter_heights
from ...utils import auto_docstring
from ..minicpmv4_6.image_processing_minicpmv4_6 import MiniCPMV4_6, MiniCPMV4_6ImageProcessorKwargs

# Letters as the model was trained to be shown: up to this height in pixels they are small, from so many in a thousand
# pixels on the text is dense, and below this area an image is tiny.
SMALL_LETTER, DENSE_LETTERS, TINY_AREA, TINY_EDGE = 12, 2.0, 6272, 84


class MiniCPMOcrImageProcessorKwargs(MiniCPMV4_6ImageProcessorKwargs, total=False):
    """
    small_image_upsize (`str`):
        What becomes of images and slices of few pixels: "always" enlarges them to a slice's area, "never" leaves them
        as they are, "adaptive" looks at the height and number of their letters (needs OpenCV).
    """

    small_image_upsize: Literal["always", "never", "adaptive"]


@auto_docstring
class MiniCPMOcr(MiniCPMV4_6):
    """MiniCPM-OCR: as MiniCPM-V 4.6 with four times as many tokens, and small images as their letters need them.

    With `small_image_upsize="adaptive"` slices of one image may have different sizes; `target_sizes` tells them.
    """

    valid_kwargs = MiniCPMOcrImageProcessorKwargs

    downsample_mode = "4x"
    small_image_upsize = "always"

    def _validate_preprocess_kwargs(self, **kwargs):
        super()._validate_preprocess_kwargs(**kwargs)
        if not kwargs["do_resize"]:
            raise ValueError("MiniCPMOcr fits every image to its patches: `do_resize` cannot be False")

    def find_best_resize(self, image_size, scale_resolution, patch_size, downsample_mode, allow_upscale=False):
        merged = 2 if downsample_mode == "4x" else 4
        return geometry.area_size(*image_size, scale_resolution, patch_size * merged, grow=allow_upscale)

    def whole(self, image, grid, options):
        edge, grow = options.scale_resolution, grid is None and options.small_image_upsize == "always"
        if grid is None and options.small_image_upsize == "adaptive":
            wanted = upsize_edge(image, edge)
            edge, grow = wanted or edge, wanted is not None
        unit = edge, options.patch_size, options.downsample_mode
        size = self.find_best_resize(image.shape[-2:], *unit, allow_upscale=grow)
        return self.ops.resize(image, *size, options.resample)

    def slices(self, image, grid, options):
        slices = super().slices(image, grid, options)
        if options.small_image_upsize != "adaptive":
            return slices
        cells = [(row, column) for row in range(grid[0]) for column in range(grid[1])]
        return [self.smaller(image, grid, cell, part, options) for cell, part in zip(cells, slices, strict=True)]

    def smaller(self, image, grid, cell, part, options):
        """A slice, or the pixels of the image that it shows where these need fewer patches."""
        (top, bottom), (left, right) = (
            (round(side * index / count), round(side * (index + 1) / count))
            for side, index, count in zip(image.shape[-2:], cell, grid, strict=True)
        )
        height, width, edge = bottom - top, right - left, options.scale_resolution
        if min(height, width) < 1 or height * width > edge**2:
            return part
        shown = self.ops.crop(image, top, left, height, width)
        wanted = upsize_edge(shown, edge)
        unit = wanted or edge, options.patch_size, options.downsample_mode
        size = self.find_best_resize((height, width), *unit, allow_upscale=wanted is not None)
        if wanted == edge or size[0] * size[1] >= part.shape[-2] * part.shape[-1]:
            return part
        return self.ops.resize(shown, *size, PILImageResampling.BICUBIC)  # whatever `resample` says, as published


def upsize_edge(image, edge):
    """The root of the area to enlarge an image to: `edge` for small dense text, 84 for other tiny ones, else None."""
    height, width = image.shape[-2:]
    heights = letter_heights(image)
    median = (heights[(len(heights) - 1) // 2] + heights[len(heights) // 2]) / 2 if heights else 0
    if 0 < median <= SMALL_LETTER and len(heights) * 1000 / (width * height) >= DENSE_LETTERS:
        return edge
    return TINY_EDGE if height * width < TINY_AREA else None

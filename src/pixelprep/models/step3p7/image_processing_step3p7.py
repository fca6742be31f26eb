from __future__ import annotations

from ...image_processing_utils import pad_to
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from .._tiles import OverviewImageProcessor, PositiveInt, cut, height_and_width

# Images with a side below so many pixels, and so many times as long, are strips.
STRIP, STRIP_ASPECT = 32, 4


class Step3p7ImageProcessorKwargs(ImagesKwargs, total=False):
    """
    patch_size (`int`):
        Side in pixels that windows are resized to.
    max_image_size (`int`):
        Length in pixels that the longer side is shrunk to first.
    """

    patch_size: PositiveInt
    max_image_size: PositiveInt


@auto_docstring
class Step3p7(OverviewImageProcessor):
    """Step-3.7 (StepFun, 2026): the whole image warped to `size`, and windows of large or elongated ones.

    `pixel_values` is `(images, C, H, W)`, `num_local_patches` the number of windows of each image. If there are any,
    `pixel_values_local` is `(windows, C, patch_size, patch_size)`, and `patch_newline_masks` lists for each image which
    windows end a row that is not the last, padded with False to the most windows of one image.
    """

    valid_kwargs = Step3p7ImageProcessorKwargs
    model_input_names = ["pixel_values", "pixel_values_local", "num_local_patches"]
    further_outputs = ("patch_newline_masks",)
    further_steps = ("resize",)
    always_stacked = True

    do_convert_rgb = True
    size = {"height": 728, "width": 728}
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD
    patch_size = 504
    max_image_size = 3024
    vision_patch_size = 14
    downsampler_stride = 4

    def lists(self, images, views, options):
        most = max(map(len, views))
        if not most:
            return {}
        masks = []
        for image, some in zip(images, views, strict=True):
            _, columns = self.grid(*image.shape[-2:], options)
            ends = [number % columns == 0 and number < len(some) for number in range(1, len(some) + 1)]
            masks.append(ends + [False] * (most - len(some)))
        return {"patch_newline_masks": masks}

    def shown_size(self, height, width, options):
        """Size of an image as it is shown: a strip on a square, for it would be nothing but a line; shrunk if large."""
        short, long = sorted((height, width))
        if short < STRIP and long / short > STRIP_ASPECT:
            height = width = long
        if long > options.max_image_size:
            scale = options.max_image_size / long
            height, width = max(int(height * scale), 1), max(int(width * scale), 1)
        return height, width

    def window(self, height, width, options):
        """Side of the windows of an image of that shown size; 0 if there are none."""
        edge, _ = height_and_width(options.size, self)
        return window_edge(height, width, edge, options.patch_size)

    def grid(self, height, width, options):
        shown = self.shown_size(height, width, options)
        window = self.window(*shown, options)
        rows, columns = (snap_to_windows(side, window) // window for side in shown) if window else (0, 0)
        return max(rows, 1), max(columns, 1)

    def on_square(self, image):
        """A strip at the top left of a square; other images as they are."""
        short, long = sorted(image.shape[-2:])
        return pad_to(self.ops, image, long, long) if short < STRIP and long / short > STRIP_ASPECT else image

    def whole(self, image, options):
        """The whole image, warped to `size`, large ones in two steps."""
        edge, _ = height_and_width(options.size, self)
        shown = self.shown_size(*image.shape[-2:], options)
        return self.warp(self.warp(self.on_square(image), *shown, options), edge, edge, options)

    def tiles(self, image, options):
        """The windows of one image, row by row, each warped to `patch_size`; none of small ones."""
        shown = self.shown_size(*image.shape[-2:], options)
        window = self.window(*shown, options)
        if not window:
            return []
        canvas = (snap_to_windows(side, window) for side in shown)
        pieces = cut(self.ops, self.warp(self.on_square(image), *canvas, options), window, window)
        return [self.warp(piece, options.patch_size, options.patch_size, options) for piece in pieces]

    def warp(self, image, height, width, options):
        return self.resize(image, SizeDict(height=height, width=width), options.resample)

    def get_number_of_image_patches(self, height, width, images_kwargs=None):
        """Number of windows of an image of `height x width`; `images_kwargs` replace options as in a call."""
        return int(self.counted(height, width, images_kwargs)["num_local_patches"].values[0])


def window_edge(height: int, width: int, view: int, tile: int) -> int:
    """Side of the windows that an image is cut into beside its `view * view` overview, 0 for none (Step-3)."""
    short, long = min(height, width), max(height, width)
    if long <= view:
        return short if long / short > 1.5 else 0
    return min(short, tile) if long / short > 4 else tile


def snap_to_windows(side: int, window: int) -> int:
    """A side as whole windows, a rest of more than a fifth counting as one; a side below one window stays (Step-3)."""
    if side < window:
        return side
    return window * (side // window + (side % window > 0.2 * window))

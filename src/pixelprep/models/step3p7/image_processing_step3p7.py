from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor, pad_to
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from ..tiles import PositiveInt, cut, height_and_width


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
class Step3p7(BaseImageProcessor):
    """Step-3.7 (StepFun, 2026): the whole image warped to `size`, and windows of large or elongated ones.

    `pixel_values` is `(images, C, H, W)`, `num_local_patches` the number of windows of each image. If there are any,
    `pixel_values_local` is `(windows, C, patch_size, patch_size)`, and `patch_newline_masks` lists for each image which
    windows end a row that is not the last, padded with False to the most windows of one image.
    """

    valid_kwargs = Step3p7ImageProcessorKwargs
    model_input_names = ["pixel_values", "pixel_values_local", "num_local_patches"]
    pipeline = ("rescale_and_normalize",)

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

    def _preprocess(self, images, options):
        views, windows, newlines = [], [], []
        for image in images:
            whole, some, columns = self.views(image, options)
            views.append(whole)
            windows.append(some)
            newlines.append([(n + 1) % columns == 0 and n + 1 < len(some) for n in range(len(some))])
        most = max(map(len, windows))
        outputs = {
            "pixel_values": self.ops.stack(self.run_pipeline(views, options), options.dtype),
            "num_local_patches": [len(some) for some in windows],
        }
        if most:
            local = self.run_pipeline([window for some in windows for window in some], options)
            outputs["pixel_values_local"] = self.ops.stack(local, options.dtype)
        encoded = self.batch_feature(outputs, options)
        if most:
            encoded["patch_newline_masks"] = [row + [False] * (most - len(row)) for row in newlines]
        return encoded

    def views(self, image, options):
        """The whole image, its windows row by row, and how many there are in a row."""
        edge, _ = height_and_width(options.size, self)
        short, long = sorted(image.shape[-2:])
        if short < 32 and long / short > 4:  # a strip would be nothing but a line
            image = pad_to(self.ops, image, long, long)
        height, width = image.shape[-2:]
        if max(height, width) > options.max_image_size:
            scale = options.max_image_size / max(height, width)
            height, width = max(int(height * scale), 1), max(int(width * scale), 1)
        whole = self.warp(self.warp(image, height, width, options), edge, edge, options)
        window = geometry.window_edge(height, width, edge, options.patch_size)
        if not window:
            return whole, [], 1
        height, width = geometry.snap_to_windows(height, window), geometry.snap_to_windows(width, window)
        pieces = cut(self.ops, self.warp(image, height, width, options), window, window)
        tile = options.patch_size
        return whole, [self.warp(piece, tile, tile, options) for piece in pieces], max(width // window, 1)

    def warp(self, image, height, width, options):
        return self.resize(image, SizeDict(height=height, width=width), options.resample)

    def get_number_of_image_patches(self, height, width, images_kwargs=None):
        """Number of windows of an image of `height x width`; `images_kwargs` replace options as in a call."""
        return int(self.output_shapes(height, width, **(images_kwargs or {}))["num_local_patches"].values[0])

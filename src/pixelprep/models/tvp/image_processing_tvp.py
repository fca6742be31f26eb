from __future__ import annotations

from typing import Literal

from ...image_processing_utils import map_images
from ...image_utils import PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from .._tiles import height_and_width
from ..videomae.image_processing_videomae import VideoMAE

MODES = {"replicate": "edge", "reflect": "reflect", "symmetric": "symmetric"}


class TvpImageProcessorKwargs(ImagesKwargs, total=False):
    """
    do_flip_channel_order (`bool`):
        Reverse the three channels: RGB becomes BGR.
    constant_values (`float` or `list[float]`, *optional*):
        What `do_pad` fills with, for all channels or for each.
    pad_mode (`str`, *optional*):
        `"constant"`, `"reflect"`, `"replicate"` or `"symmetric"`.
    """

    do_flip_channel_order: bool
    constant_values: float | list[float] | None
    pad_mode: Literal["constant", "reflect", "replicate", "symmetric"] | None


@auto_docstring
class Tvp(VideoMAE):
    """TVP (arXiv:2303.04995): the frames of videos, longest edge, padded to a square, in BGR order.

    A flat list of frames is one video. `pixel_values` is float32 `(videos, frames, C, H, W)`.
    """

    valid_kwargs = TvpImageProcessorKwargs
    pipeline = ("resize", "center_crop", "rescale_and_normalize", "pad", "flip_channel_order")

    size = {"longest_edge": 448}
    resample = PILImageResampling.BILINEAR
    crop_size = {"height": 448, "width": 448}
    do_pad = True
    pad_size = {"height": 448, "width": 448}
    constant_values = 0
    pad_mode = "constant"
    do_flip_channel_order = True

    def resize(self, image, size, resample):
        if not size.longest_edge:
            return super().resize(image, size, resample)
        height, width = image.shape[-2:]
        edge, ratio = size.longest_edge, min(height, width) * 1.0 / max(height, width)
        other = max(int(edge * ratio), 1)
        return super().resize(image, SizeDict(*((edge, other) if height >= width else (other, edge))), resample)

    def pad(self, images, pad_size, constant_values, pad_mode):
        """Pad at the bottom and the right to `pad_size`, by a constant or by the images' own pixels."""
        height, width = height_and_width(pad_size, self)

        def fill(image):
            below, after = height - image.shape[-2], width - image.shape[-1]
            if min(below, after) < 0:
                raise ValueError(f"a frame of {image.shape[-2]}x{image.shape[-1]} is larger than `pad_size` {pad_size}")
            if pad_mode in MODES:
                return self.ops.extend(image, 0, below, 0, after, MODES[pad_mode])
            return self.ops.pad(image, 0, below, 0, after, 0 if constant_values is None else constant_values)

        return map_images(fill, images)

    def flip_channel_order(self, image):
        return self.ops.flip_channels(image)

    def _stacks_frames(self, options):
        return options.return_tensors is not None

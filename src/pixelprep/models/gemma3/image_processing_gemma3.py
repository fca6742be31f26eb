from __future__ import annotations

import math

from ... import geometry
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring
from .._tiles import PositiveInt, TileCount, TiledImageProcessor


class Gemma3ImageProcessorKwargs(ImagesKwargs, total=False):
    """
    do_pan_and_scan (`bool`):
        Add crops along the longer side of elongated images.
    pan_and_scan_min_crop_size (`int`):
        Side in pixels below which there are no crops.
    pan_and_scan_max_num_crops (`int`):
        Most crops of one image.
    pan_and_scan_min_ratio_to_activate (`float`):
        Aspect ratio, longer to shorter side, below which there are no crops.
    """

    do_pan_and_scan: bool
    pan_and_scan_min_crop_size: PositiveInt
    pan_and_scan_max_num_crops: TileCount
    pan_and_scan_min_ratio_to_activate: float


@auto_docstring
class Gemma3(TiledImageProcessor):
    """Gemma 3 (arXiv:2503.19786): images warped to `size`; elongated ones are followed by crops of them.

    `pixel_values` is `(images and crops, C, H, W)`, `num_crops` the number of crops of each image.
    """

    valid_kwargs = Gemma3ImageProcessorKwargs
    model_input_names = ["pixel_values", "num_crops"]
    pipeline = ("resize", "rescale_and_normalize")

    do_convert_rgb = True
    do_resize = True
    size = {"height": 224, "width": 224}
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD

    def outputs(self, images, views, options):
        return {**super().outputs(images, views, options), "num_crops": [len(some) - 1 for some in views]}

    def views(self, image, options):
        """The image and its crops."""
        if not options.do_pan_and_scan:
            return [image]
        limits = [
            options[f"pan_and_scan_{name}"] for name in ("min_crop_size", "max_num_crops", "min_ratio_to_activate")
        ]
        if None in limits:
            raise ValueError(
                "`do_pan_and_scan` needs `pan_and_scan_min_crop_size`, `pan_and_scan_max_num_crops` and "
                "`pan_and_scan_min_ratio_to_activate`; published values are 256, 4 and 1.2"
            )
        boxes = pan_and_scan(*image.shape[-2:], *limits)
        return [image, *(self.ops.crop(image, *box) for box in boxes)]


def pan_and_scan(
    height: int, width: int, min_crop: int, max_crops: int, min_aspect: float
) -> list[tuple[int, int, int, int]]:
    """Boxes `(top, left, height, width)` along the longer side of an elongated image (Gemma 3, arXiv:2503.19786).

    None at all if the longer side is less than `min_aspect` times the shorter, or a crop would be below `min_crop`.
    """
    long, short = max(height, width), min(height, width)
    if long / short < min_aspect:
        return []
    count = min(max(min(math.floor(long / short + 0.5), long // min_crop), 2), max_crops)
    edge = math.ceil(long / count)
    if min(edge, short) < min_crop:
        return []
    return geometry.tile_boxes(height, width, *((height, edge) if width >= height else (edge, width)))

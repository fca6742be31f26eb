from __future__ import annotations

import math

from ...image_processing_utils import Stacked
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring
from .._tiles import PositiveInt, TileCount, TiledImageProcessor


class PerceptionLMImageProcessorKwargs(ImagesKwargs, total=False):
    """
    vision_input_type (`str`, *optional*):
        "thumb+tile" gives the whole image and its tiles, anything else the whole image alone.
    tile_size (`int`):
        Side of a tile in pixels.
    max_num_tiles (`int`):
        Most tiles of one image, the whole image not counted.
    """

    vision_input_type: str | None
    tile_size: PositiveInt
    max_num_tiles: TileCount


@auto_docstring
class PerceptionLM(TiledImageProcessor):
    """PerceptionLM (arXiv:2504.13180): the whole image warped to a tile, then the tiles of the grid that holds it.

    `pixel_values` is `(images, tiles, C, tile_size, tile_size)`; images of different numbers of tiles make no array.
    `size` says nothing.
    """

    valid_kwargs = PerceptionLMImageProcessorKwargs

    do_convert_rgb = True
    do_resize = True
    size = {"height": 448, "width": 448}
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    vision_input_type = "thumb+tile"
    tile_size = 448
    max_num_tiles = 36

    def outputs(self, images, views, options):
        return {"pixel_values": [Stacked(some) for some in views]}

    def grid(self, height, width, options):
        return containing_grid(height, width, options.tile_size, options.max_num_tiles)

    def views(self, image, options):
        """The whole image and its tiles row by row."""
        if not options.do_resize:
            return [image]
        whole = self.whole(image, options)
        return [whole, *self.tiles(image, options)] if options.vision_input_type == "thumb+tile" else [whole]

    def _fit_image_to_canvas(self, img_width, img_height, tile_size):
        """Columns and rows of the tiles of an image, which serving engines ask for by this name."""
        rows, columns = containing_grid(img_height, img_width, tile_size, self.max_num_tiles)
        return columns, rows


def containing_grid(height: int, width: int, tile: int, most: int) -> tuple[int, int]:
    """The grid `(rows, columns)` that holds the image and shows it largest (PerceptionLM, arXiv:2504.13180).

    If no grid holds it, the largest of those whose aspect ratio comes closest without being more elongated.
    """
    by_aspect: dict[float, list[tuple[int, int]]] = {}
    for count in range(most, 0, -1):
        for columns in (number for number in range(1, count + 1) if count % number == 0):
            rows = count // columns
            by_aspect.setdefault(columns / rows, []).append((rows, columns))
    aspect = width / height
    best, best_side = None, 0.0
    for rows, columns in (grid for same in by_aspect.values() for grid in same):
        scale = min(columns * tile / width, rows * tile / height)
        if scale < 1:
            continue
        # The shorter side as the image would be shown, in whole pixels; among equals the last one listed is taken.
        side = scale * height if aspect == 1 else math.floor(min(scale * width / aspect, scale * height * aspect))
        if side >= best_side:
            best, best_side = (rows, columns), side
    if best is not None:
        return best
    nearest = max(a for a in by_aspect if a <= aspect) if aspect >= 1 else min(a for a in by_aspect if a > aspect)
    return by_aspect[nearest][0]

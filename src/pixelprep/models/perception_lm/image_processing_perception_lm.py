from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring
from ..tiles import PositiveInt, TileCount, cut


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
class PerceptionLM(BaseImageProcessor):
    """PerceptionLM (arXiv:2504.13180): the whole image warped to a tile, then the tiles of the grid that holds it.

    `pixel_values` is `(images, tiles, C, tile_size, tile_size)`; images of different numbers of tiles make no array.
    `size` says nothing.
    """

    valid_kwargs = PerceptionLMImageProcessorKwargs
    pipeline = ("rescale_and_normalize",)

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

    def _preprocess(self, images, options):
        tiles = self.map_by_shape(lambda image: self.tiles(image, options), images, options)
        tiles = self.run_pipeline(tiles, options)
        return self.batch_feature({"pixel_values": [self.ops.stack(some) for some in tiles]}, options)

    def tiles(self, image, options):
        """The whole image and its tiles row by row."""
        if not options.do_resize:
            return [image]
        tile = options.tile_size
        whole = self.ops.resize(image, tile, tile, options.resample)
        if options.vision_input_type != "thumb+tile":
            return [whole]
        rows, columns = geometry.containing_grid(*image.shape[-2:], tile, options.max_num_tiles)
        canvas = self.ops.resize(image, rows * tile, columns * tile, options.resample)
        return [whole, *cut(self.ops, canvas, tile, tile)]

from __future__ import annotations

from ... import geometry
from ...image_processing_utils import Stacked, map_images, pad_to
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, Unpack
from ...utils import auto_docstring
from .._tiles import TileCount, TiledImageProcessor, as_float, blank, square_edge


class MllamaImageProcessorKwargs(ImagesKwargs, total=False):
    """
    max_image_tiles (`int`):
        Most tiles of one image, and the length of the tile axis.
    """

    max_image_tiles: TileCount


@auto_docstring
class Mllama(TiledImageProcessor):
    """Llama 3.2 Vision (arXiv:2407.21783): images fitted on the grid of tiles that changes their size least.

    A flat list of images is one sample. `pixel_values` is float32 `(samples, images, tiles, C, H, W)`, short ones
    padded with zero tiles; `aspect_ratio_ids` int64 `(samples, images)` numbers the grids from 1 (0 is padding);
    `aspect_ratio_mask` int64 `(samples, images, tiles)` is 1 on tiles of an image and on each first tile; `num_tiles`
    lists the number of tiles of each image. Images are always resized and padded, whatever the flags say at a call.
    """

    valid_kwargs = MllamaImageProcessorKwargs
    nested_images = True
    model_input_names = ["pixel_values", "num_tiles", "aspect_ratio_ids", "aspect_ratio_mask"]

    do_convert_rgb = True
    do_resize = True
    size = {"height": 224, "width": 224}
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    do_pad = True
    max_image_tiles = 4

    def __init__(self, **kwargs: Unpack[MllamaImageProcessorKwargs]) -> None:
        super().__init__(**kwargs)
        if not (self.do_resize and self.do_pad and self.max_image_tiles):
            raise ValueError(
                "Mllama always resizes and pads to tiles: `do_resize` and `do_pad` must be on, `max_image_tiles` set"
            )
        square_edge(self._options.size, self)

    def _preprocess(self, images, options):
        self.tile_sides(options)  # an error of the options names no image
        most = options.max_image_tiles
        supported = geometry.grids(most)
        grids = map_images(lambda image: self.grid(*image.shape[-2:], options), images)
        tiles = map_images(lambda image: self.views(image, options), images)
        counts = [[rows * columns for rows, columns in sample] for sample in grids]
        padding = max(map(len, images))
        ids = [[supported.index(g) + 1 for g in sample] + [0] * (padding - len(sample)) for sample in grids]
        used = [sample + [1] * (padding - len(sample)) for sample in counts]
        outputs = {
            "pixel_values": Stacked(tiles),
            "aspect_ratio_ids": self.ops.integers(ids),
            "aspect_ratio_mask": self.ops.integers([[[1] * n + [0] * (most - n) for n in row] for row in used]),
        }
        encoded = self.batch_feature(outputs, options)
        encoded["num_tiles"] = counts
        return encoded

    def grid(self, height, width, options):
        edge, _ = self.tile_sides(options)
        return geometry.least_scaling_grid(height, width, edge, options.max_image_tiles)

    def canvas(self, image, options):
        """The image, its aspect ratio kept, at the top left of a canvas of tiles."""
        (height, width), (rows, columns) = self.tile_sides(options), self.grid(*image.shape[-2:], options)
        fitted = geometry.fit_limited(*image.shape[-2:], rows * height, columns * height, height)
        return pad_to(self.ops, self.ops.resize(image, *fitted, options.resample), rows * height, columns * width)

    def views(self, image, options):
        """The finished tiles of one image, row by row, as many as `max_image_tiles`; the last ones may be blank."""
        tiles = self.run_pipeline(self.tiles(image, options), options)
        tiles = [as_float(self.ops, tile, options) for tile in tiles]
        missing = options.max_image_tiles - len(tiles)
        return [*tiles, *[blank(self.ops, tiles[0])] * missing] if missing else tiles


def get_all_supported_aspect_ratios(max_image_tiles: int) -> list[tuple[int, int]]:
    """Every grid, in the order in which `aspect_ratio_ids` count them; as in the reference's module."""
    return geometry.grids(max_image_tiles)


def get_optimal_tiled_canvas(
    image_height: int, image_width: int, max_image_tiles: int, tile_size: int
) -> geometry.Size:
    """The canvas `(height, width)` in pixels that changes the image least; as in the reference's module."""
    rows, columns = geometry.least_scaling_grid(image_height, image_width, tile_size, max_image_tiles)
    return rows * tile_size, columns * tile_size


def get_image_size_fit_to_canvas(
    image_height: int, image_width: int, canvas_height: int, canvas_width: int, tile_size: int
) -> geometry.Size:
    """The image's size on a canvas; as in the reference's module."""
    return geometry.fit_limited(image_height, image_width, canvas_height, canvas_width, tile_size)

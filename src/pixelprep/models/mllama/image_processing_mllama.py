from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor, map_images, pad_to
from ...image_utils import (
    IMAGENET_STANDARD_MEAN,
    IMAGENET_STANDARD_STD,
    PILImageResampling,
)
from ...processing_utils import ImagesKwargs, Unpack
from ...utils import auto_docstring
from ..tiles import TileCount, as_float, blank, cut, height_and_width, square_edge


class MllamaImageProcessorKwargs(ImagesKwargs, total=False):
    """
    max_image_tiles (`int`):
        Most tiles of one image, and the length of the tile axis.
    """

    max_image_tiles: TileCount


@auto_docstring
class Mllama(BaseImageProcessor):
    """Llama 3.2 Vision (arXiv:2407.21783): images fitted on the grid of tiles that changes their size least.

    A flat list of images is one sample. `pixel_values` is float32 `(samples, images, tiles, C, H, W)`, short ones
    padded with zero tiles; `aspect_ratio_ids` int64 `(samples, images)` numbers the grids from 1 (0 is padding);
    `aspect_ratio_mask` int64 `(samples, images, tiles)` is 1 on tiles of an image and on each first tile; `num_tiles`
    lists the number of tiles of each image. Images are always resized and padded, whatever the flags say at a call.
    """

    valid_kwargs = MllamaImageProcessorKwargs
    nested_images = True
    model_input_names = ["pixel_values", "num_tiles", "aspect_ratio_ids", "aspect_ratio_mask"]
    pipeline = ("rescale_and_normalize",)

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
        square_edge(self.size, self)

    def convert_to_rgb(self, image):
        from ...image_colors import composite_on_white

        return composite_on_white(image)

    def _preprocess(self, images, options):
        most = options.max_image_tiles
        edge, _ = height_and_width(options.size, self)
        supported = geometry.grids(most)

        def grid(image):
            return geometry.least_scaling_grid(*image.shape[-2:], edge, most)

        grids = map_images(grid, images)
        tiles = map_images(lambda image: self.tiles(image, *grid(image), options), images)
        counts = [[rows * columns for rows, columns in sample] for sample in grids]
        padding = max(map(len, images))
        ids = [[supported.index(g) + 1 for g in sample] + [0] * (padding - len(sample)) for sample in grids]
        used = [sample + [1] * (padding - len(sample)) for sample in counts]
        outputs = {
            "pixel_values": as_float(self.ops, self.ops.stack(tiles, options.dtype), options),
            "aspect_ratio_ids": self.ops.integers(ids),
            "aspect_ratio_mask": self.ops.integers([[[1] * n + [0] * (most - n) for n in row] for row in used]),
        }
        encoded = self.batch_feature(outputs, options)
        encoded["num_tiles"] = counts
        return encoded

    def tiles(self, image, rows, columns, options):
        """The tiles of one image, row by row, as many as `max_image_tiles`; the last ones may be blank."""
        height, width = height_and_width(options.size, self)
        fitted = geometry.fit_limited(*image.shape[-2:], rows * height, columns * height, height)
        canvas = pad_to(self.ops, self.ops.resize(image, *fitted, options.resample), rows * height, columns * width)
        tiles = self.run_pipeline(cut(self.ops, canvas, height, width), options)
        missing = options.max_image_tiles - len(tiles)
        return [*tiles, *[blank(self.ops, tiles[0])] * missing] if missing else tiles

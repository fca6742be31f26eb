from __future__ import annotations

from ... import geometry
from ...core.nesting import leaves
from ...image_processing_utils import Stacked, pad_to
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from .._tiles import PositiveInt, TiledImageProcessor, best_canvas

COLUMNS = {1: range(2, 9), 2: (4, 3, 2, 1), 3: (1, 2), 4: (1, 2), 5: (1,), 6: (1,), 7: (1,), 8: (1,)}
TILE = 490


class AriaImageProcessorKwargs(ImagesKwargs, total=False):
    """
    max_image_size (`int`):
        Side of the square that images are padded to, 490 or 980 pixels.
    min_image_size (`int`):
        Least length of an image's shorter side in pixels.
    split_resolutions (`list[tuple[int, int]]`):
        Canvas sizes `(height, width)` of which the best fitting one is cut into tiles.
    split_image (`bool`):
        Cut images into tiles of `max_image_size`.
    """

    max_image_size: PositiveInt
    min_image_size: PositiveInt
    split_resolutions: tuple[tuple[int, int], ...]
    split_image: bool


@auto_docstring
class Aria(TiledImageProcessor):
    """Aria (arXiv:2410.05993): the longer side resized to `max_image_size`, then padded to a square with zeros.

    `pixel_values` is `(tiles, C, max_image_size, max_image_size)`, `pixel_mask` bool `(tiles, H, W)` is true on pixels
    of an image, `num_crops` is one integer, the most tiles of one image. Images are always resized.
    """

    valid_kwargs = AriaImageProcessorKwargs
    model_input_names = ["pixel_values", "pixel_mask", "num_crops"]

    do_convert_rgb = True
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    max_image_size = 980
    min_image_size = 336
    split_resolutions = tuple((TILE * rows, TILE * columns) for rows, some in COLUMNS.items() for columns in some)
    split_image = False

    def _standardize_kwargs(self, **kwargs):
        kwargs["split_resolutions"] = kwargs["split_resolutions"] or type(self).split_resolutions
        return super()._standardize_kwargs(**kwargs)

    def _preprocess(self, images, options):
        side = options.max_image_size
        if side not in (TILE, 2 * TILE):
            raise ValueError(f"`max_image_size` must be {TILE} or {2 * TILE}, not {side}")
        views = self.all_views(images, options)
        tiles = list(leaves(views))
        sizes = [longest_edge_least_edge(*tile.shape[-2:], side, options.min_image_size) for tile in tiles]

        def fit(tile, size):
            return pad_to(self.ops, self.resize(tile, SizeDict(*size), options.resample), side, side)

        padded = self.run_pipeline([fit(*pair) for pair in zip(tiles, sizes, strict=True)], options)
        outputs = {
            "pixel_values": Stacked(padded),
            "pixel_mask": Stacked([self.ops.pixel_mask(*size, side, side, "bool") for size in sizes]),
            "num_crops": max(map(len, views)),
        }
        return self.batch_feature(outputs, options)

    def views(self, image, options):
        """The image, or its tiles row by row."""
        return self.tiles(image, options) if options.split_image else [image]

    def canvas(self, image, options):
        """The image in the middle of the canvas that fits it best."""
        return best_canvas(self.ops, image, options.split_resolutions, options.resample)

    def tile_sides(self, options):
        return options.max_image_size, options.max_image_size

    def get_number_of_image_patches(self, height, width, images_kwargs=None):
        """Number of tiles of an image of `height x width`; `images_kwargs` replace options as in a call."""
        return self.counted(height, width, images_kwargs)["pixel_values"].shape[0]


def longest_edge_least_edge(height: int, width: int, longest: int, least: int) -> geometry.Size:
    """Longer side `longest`, shorter side truncated but at least `least` (Aria, arXiv:2410.05993)."""
    scale = longest / max(height, width)
    if width >= height:
        return max(int(height * scale), least), longest
    return longest, max(int(width * scale), least)

from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor, pad_to
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from ..tiles import PositiveInt, cut_best_canvas

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
class Aria(BaseImageProcessor):
    """Aria (arXiv:2410.05993): the longer side resized to `max_image_size`, then padded to a square with zeros.

    `pixel_values` is `(tiles, C, max_image_size, max_image_size)`, `pixel_mask` bool `(tiles, H, W)` is true on pixels
    of an image, `num_crops` is one integer, the most tiles of one image. Images are always resized.
    """

    valid_kwargs = AriaImageProcessorKwargs
    model_input_names = ["pixel_values", "pixel_mask", "num_crops"]
    pipeline = ("rescale_and_normalize",)

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
        tiles = self.map_by_shape(lambda image: self.tiles(image, options), images, options)
        sizes = [
            geometry.longest_edge_least_edge(*tile.shape[-2:], side, options.min_image_size)
            for some in tiles
            for tile in some
        ]
        flat = iter(sizes)

        def fit(tile):
            height, width = next(flat)
            resized = self.resize(tile, SizeDict(height=height, width=width), options.resample)
            return pad_to(self.ops, resized, side, side)

        padded = self.run_pipeline([fit(tile) for some in tiles for tile in some], options)
        outputs = {
            "pixel_values": self.ops.stack(padded, options.dtype),
            "pixel_mask": self.ops.stack([self.ops.pixel_mask(*size, side, side, "bool") for size in sizes]),
            "num_crops": max(map(len, tiles)),
        }
        return self.batch_feature(outputs, options)

    def tiles(self, image, options):
        """The image, or its tiles row by row."""
        if not options.split_image:
            return [image]
        edge = options.max_image_size
        return cut_best_canvas(self.ops, image, options.split_resolutions, edge, options.resample)

    def get_number_of_image_patches(self, height, width, images_kwargs=None):
        """Number of tiles of an image of `height x width`; `images_kwargs` replace options as in a call."""
        return self.output_shapes(height, width, **(images_kwargs or {}))["pixel_values"].shape[0]

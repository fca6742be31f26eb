from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from ...core.nesting import leaves
from ...image_processing_utils import Stacked
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring
from .._tiles import PositiveInt, TileCount, TiledImageProcessor, square_edge
from .crops import Crops, pooled

if TYPE_CHECKING:
    from ...ops import Array, Ops

PatchCount = Annotated[int, msgspec.Meta(ge=0)]


class Molmo2ImageProcessorKwargs(ImagesKwargs, total=False):
    """
    max_crops (`int`):
        Most crops of one image, the whole image not counted.
    overlap_margins (`list[int]`):
        How many patches at the start and at the end of a crop its neighbours show too.
    patch_size (`int`):
        Side of a patch in pixels.
    pooling_size (`list[int]`):
        Rows and columns of the patches that become one token.
    """

    max_crops: TileCount
    overlap_margins: tuple[PatchCount, PatchCount]
    patch_size: PositiveInt
    pooling_size: tuple[PositiveInt, PositiveInt]


@auto_docstring
class Molmo2(TiledImageProcessor):
    """Molmo 2: the whole image on a square, then overlapping square crops, all in patches.

    `pixel_values` is `(crops, patches, patch_size ** 2 * channels)`, row by row, channels innermost;
    `image_num_crops` the number of crops of each image. `image_token_pooling` int32 `(tokens, patches of a token)`
    numbers the patches that become one token, -1 for none, through all images; `image_grids` holds the rows and columns
    of tokens of the whole image and those of its crops. Images are always resized, without antialias.
    """

    valid_kwargs = Molmo2ImageProcessorKwargs
    model_input_names = ["pixel_values", "image_token_pooling", "image_grids", "image_num_crops"]

    do_convert_rgb = True
    do_resize = True
    size = {"height": 378, "width": 378}
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    max_crops = 8
    overlap_margins = (4, 4)
    patch_size = 14
    pooling_size = (2, 2)

    def crops(self, options):
        """How images are cut."""
        crops = Crops(square_edge(options.size, self), options.patch_size, *options.overlap_margins)
        crops.check()
        return crops

    def _preprocess(self, images, options):
        self.crops(options)  # an error of the options names no image
        return super()._preprocess(images, options)

    def outputs(self, images, views, options):
        verbs, crops = self.ops, self.crops(options)
        tokens, layouts = [], []
        counts: list[int] = []
        for image in images:
            grid = crops.grid(*image.shape[-2:], options.max_crops)
            some, layout = self.tokens(crops, grid, options.pooling_size, sum(counts) * crops.patches**2)
            tokens += some
            layouts.append(layout)
            counts.append(1 + grid[0] * grid[1])
        return {
            "pixel_values": Stacked([verbs.patchify(view, crops.patch, vector="hwc") for view in leaves(views)]),
            "image_token_pooling": verbs.integers(tokens, "int32"),
            "image_grids": verbs.integers(layouts),
            "image_num_crops": verbs.integers(counts),
        }

    def views(self, image, options):
        """The whole image on a square, then its crops row by row."""
        crops = self.crops(options)
        side, grid = crops.side, crops.grid(*image.shape[-2:], options.max_crops)
        canvas = warp(self.ops, image, *crops.canvas(grid), options.resample)
        corners = [(row * crops.step, column * crops.step) for row in range(grid[0]) for column in range(grid[1])]
        return [
            warp(self.ops, image, side, side, options.resample),
            *(self.ops.crop(canvas, *corner, side, side) for corner in corners),
        ]

    def tokens(self, crops, grid, window, shift):
        """The patches of each token of an image, numbered from `shift`, and `image_grids` of it."""
        whole = [list(range(row, row + crops.patches)) for row in range(0, crops.patches**2, crops.patches)]
        overview, small = pooled(whole, window, shift)
        details, large = pooled(crops.numbers(grid), window, shift + crops.patches**2)
        return overview + details, [*small, *large]

    def get_image_grid_and_crops(self, height, width, images_kwargs=None):
        """`image_grids` of an image of `height x width` and its number of crops, the whole image included."""
        outputs = self.counted(height, width, images_kwargs)
        return outputs["image_grids"].values[0], outputs["image_num_crops"].values[0]

    def get_number_of_image_patches(self, height, width, images_kwargs=None):
        """Number of tokens of an image of `height x width`; `images_kwargs` replace options as in a call."""
        return self.counted(height, width, images_kwargs)["image_token_pooling"].shape[0]


def warp(verbs: Ops, image: Array, height: int, width: int, resample: PILImageResampling) -> Array:
    """An image or video resized in floating point without antialias, bytes rounded again."""
    bytes_given = "uint8" in str(image.dtype)
    resized = verbs.resize(verbs.cast(image, "float32"), height, width, resample, antialias=False)
    return verbs.cast(verbs.round(resized), "uint8") if bytes_given else resized

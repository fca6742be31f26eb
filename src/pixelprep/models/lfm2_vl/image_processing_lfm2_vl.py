from __future__ import annotations

import math

from ... import geometry
from ...core.nesting import leaves
from ...image_processing_utils import Stacked
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, Unpack
from ...utils import auto_docstring
from .._patches import pad_tokens, token_mask
from .._tiles import PositiveInt, TileCount, TiledImageProcessor


class Lfm2VlImageProcessorKwargs(ImagesKwargs, total=False):
    """
    downsample_factor (`int`):
        Side in patches of what becomes one token.
    do_image_splitting (`bool`):
        Cut large images into tiles.
    min_tiles (`int`):
        Fewest tiles of a large image.
    max_tiles (`int`):
        Most tiles of a large image, the whole image not counted.
    use_thumbnail (`bool`):
        Add the whole image after its tiles.
    min_image_tokens (`int`):
        Fewest tokens of an image in one piece; smaller ones grow.
    max_image_tokens (`int`):
        Most tokens of an image in one piece; larger ones shrink.
    encoder_patch_size (`int`):
        Side of a patch in pixels.
    tile_size (`int`):
        Side of a tile in pixels.
    max_pixels_tolerance (`float`):
        An image is large from this many times `max_image_tokens` on.
    return_row_col_info (`bool`):
        Also return `image_rows`, `image_cols` and `image_sizes`: the grid of tiles of each image and the
        `(height, width)` of the whole one.
    """

    downsample_factor: PositiveInt
    do_image_splitting: bool
    min_tiles: TileCount
    max_tiles: TileCount
    use_thumbnail: bool
    min_image_tokens: PositiveInt
    max_image_tokens: PositiveInt
    encoder_patch_size: PositiveInt
    tile_size: PositiveInt
    max_pixels_tolerance: float
    return_row_col_info: bool


@auto_docstring
class Lfm2Vl(TiledImageProcessor):
    """LFM2-VL (arXiv:2511.23404): native aspect ratio; large images are cut into tiles, with the whole image last.

    `pixel_values` is `(tiles, patches, patch_size ** 2 * C)`, padded with zeros to the most patches that a tile can
    have; `pixel_attention_mask` int32 `(tiles, patches)` is 1 on patches, `spatial_shapes` int64 `(tiles, 2)` their
    rows and columns. Without `do_pad` neither of the two is there. Images are always resized, `size` says nothing.
    """

    valid_kwargs = Lfm2VlImageProcessorKwargs
    model_input_names = ["pixel_values", "pixel_attention_mask", "spatial_shapes"]
    further_outputs = ("image_rows", "image_cols", "image_sizes")

    do_resize = True
    size = {"height": 512, "width": 512}
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    do_pad = True
    downsample_factor = 2
    do_image_splitting = True
    min_tiles = 2
    max_tiles = 10
    use_thumbnail = True
    min_image_tokens = 64
    max_image_tokens = 256
    encoder_patch_size = 16
    tile_size = 512
    max_pixels_tolerance = 2.0
    return_row_col_info = False

    def __init__(self, *, max_num_patches: int | None = None, **kwargs: Unpack[Lfm2VlImageProcessorKwargs]) -> None:
        super().__init__(**kwargs)  # `max_num_patches` follows from the rest; published files repeat it

    @property
    def max_num_patches(self):
        """The most patches that a tile or a whole image can have."""
        return self.longest(self._options)

    def _preprocess(self, images, options):
        if options.do_image_splitting and options.min_tiles > options.max_tiles:
            raise ValueError(f"min_tiles={options.min_tiles} is more than max_tiles={options.max_tiles}")
        return super()._preprocess(images, options)

    def outputs(self, images, views, options):
        tiles, patch = list(leaves(views)), options.encoder_patch_size
        shapes = [[side // patch for side in tile.shape[-2:]] for tile in tiles]
        tokens = [self.ops.patchify(tile, patch, vector="hwc") for tile in tiles]
        outputs = {}
        if options.do_pad:
            # A strip that grows to `min_image_tokens` can have more patches than a tile: then all are padded to it.
            longest = max(self.longest(options), *(some.shape[0] for some in tokens))
            masks = [token_mask(self.ops, some, longest, "int32") for some in tokens]
            tokens = [pad_tokens(self.ops, some, longest) for some in tokens]
            outputs = {"pixel_attention_mask": Stacked(masks), "spatial_shapes": self.ops.integers(shapes)}
        outputs["pixel_values"] = Stacked(tokens)
        if options.return_row_col_info:
            grids = [self.grid(*image.shape[-2:], options) or (1, 1) for image in images]
            outputs["image_rows"], outputs["image_cols"] = map(list, zip(*grids, strict=True))
            outputs["image_sizes"] = [list(self.whole_size(*image.shape[-2:], options)) for image in images]
        return outputs

    def longest(self, options):
        """The most patches that a tile or a whole image can have."""
        whole = options.max_image_tokens * options.downsample_factor**2
        return max(whole, (options.tile_size // options.encoder_patch_size) ** 2 if options.do_image_splitting else 0)

    def grid(self, height, width, options):
        """Rows and columns of tiles of an image, None for an image in one piece."""
        patch, block = options.encoder_patch_size, options.encoder_patch_size * options.downsample_factor
        area = math.prod(max(round(side / block) * block, patch) for side in (height, width))
        large = area > options.max_image_tokens * block**2 * options.max_pixels_tolerance
        if not (large and options.do_image_splitting and options.max_tiles > 1):
            return None
        tile = options.tile_size
        return geometry.closest_aspect_grid(height, width, tile, tile, options.max_tiles, options.min_tiles)

    def whole_size(self, height, width, options):
        """Size of an image in one piece."""
        block = options.encoder_patch_size * options.downsample_factor
        bounds = (tokens * block**2 for tokens in (options.min_image_tokens, options.max_image_tokens))
        return geometry.smart_resize(height, width, block, *bounds, least=1, max_aspect=math.inf)

    def whole(self, image, options):
        """The whole image at about its own aspect ratio."""
        return self.ops.resize(image, *self.whole_size(*image.shape[-2:], options), options.resample)

    def views(self, image, options):
        """The tiles of one image, row by row, and the whole image last; or only that."""
        if self.grid(*image.shape[-2:], options) is None:
            return [self.whole(image, options)]
        return super().views(image, options) if options.use_thumbnail else self.tiles(image, options)

from __future__ import annotations

from ... import geometry
from ...image_processing_utils import Stacked, map_images
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...utils import auto_docstring
from .._imported import (
    get_all_supported_aspect_ratios as get_all_supported_aspect_ratios,
    get_optimal_tiled_canvas as get_optimal_tiled_canvas,
)
from .._tiles import TiledImageProcessor, as_float
from ..got_ocr2.image_processing_got_ocr2 import GotOcr2ImageProcessorKwargs

# Prompts have names for so many rows and columns of tiles.
MOST_EACH_WAY = 16


class GraniteDoclingImageProcessorKwargs(GotOcr2ImageProcessorKwargs, total=False):
    """
    fine_route (`bool`):
        Say in `tile_fine_mask` that the model makes four times as many tokens of each tile.
    dense_max_patches (`int`):
        Most tiles of a dense page; 0 gives it no more than others. A page is dense if every test that is on holds.
    dense_max_scale (`float`):
        Width of the tiles together over the width of the page, below which the page is dense; 0 switches it off.
    dense_min_aspect (`float`):
        Width over height above which a page is dense; 0 switches it off.
    dense_max_aspect (`float`):
        Width over height up to which a page is dense; 0 switches it off.
    """

    fine_route: bool
    dense_max_patches: int
    dense_max_scale: float
    dense_min_aspect: float
    dense_max_aspect: float


@auto_docstring
class GraniteDocling(TiledImageProcessor):
    """Granite Docling: pages in tiles of the grid closest in aspect ratio, each followed by the whole page.

    A flat list of images is one sample. `pixel_values` is `(samples, tiles, C, H, W)`, short samples padded with zero
    tiles; `pixel_attention_mask` bool `(samples, tiles)` is true on tiles; `rows` and `cols` hold the numbers of tiles
    down and across each image. Images are always resized.
    """

    valid_kwargs = GraniteDoclingImageProcessorKwargs
    nested_images = True
    model_input_names = ["pixel_values", "pixel_attention_mask"]
    further_outputs = ("rows", "cols", "tile_fine_mask")

    do_convert_rgb = True
    do_resize = True
    size = {"height": 512, "width": 512}
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD
    crop_to_patches = True
    min_patches = 1
    max_patches = 32
    fine_route = False
    dense_max_patches = 0
    dense_max_scale = 0.0
    dense_min_aspect = 0.0
    dense_max_aspect = 0.0

    def outputs(self, images, views, options):
        verbs, most = self.ops, max(map(len, views))
        if verbs.conventions.float_patches:
            views = map_images(lambda view: as_float(verbs, view, options), views)
        mask = [[index < len(sample) for index in range(most)] for sample in views]
        outputs = {"pixel_values": Stacked(views), "pixel_attention_mask": verbs.integers(mask, "bool")}
        if options.fine_route:
            outputs["tile_fine_mask"] = verbs.integers([True] * len(views), "bool")
        return outputs

    def lists(self, images, views, options):
        grids = map_images(lambda image: self.grid(*image.shape[-2:], options), images)
        return {
            "rows": [[rows for rows, _ in sample] for sample in grids],
            "cols": [[columns for _, columns in sample] for sample in grids],
        }

    def grid(self, height, width, options):
        tile = self.tile_sides(options)
        most = self.most_tiles(height, width, options)
        return geometry.closest_aspect_grid(
            height, width, *tile, most, min(options.min_patches, most), side=MOST_EACH_WAY
        )

    def most_tiles(self, height, width, options):
        """How many tiles a page may have: more if it is dense."""
        most, dense = options.max_patches, options.dense_max_patches
        if not options.crop_to_patches or most <= 1:
            return 1
        scale, least, limit = options.dense_max_scale, options.dense_min_aspect, options.dense_max_aspect
        if not dense or (scale <= 0 and least <= 0):
            return most
        if (least > 0 and width / height <= least) or (0 < limit < width / height):
            return most
        if scale > 0:
            tile = self.tile_sides(options)
            _, columns = geometry.closest_aspect_grid(
                height, width, *tile, most, options.min_patches, side=MOST_EACH_WAY
            )
            if columns * tile[1] / width >= scale:
                return most
        return dense

    def get_tile_grid(self, height, width, images_kwargs=None):
        """Numbers of rows and columns of tiles of a page of `height x width`; `images_kwargs` are those of a call."""
        outputs = self.counted(height, width, images_kwargs)
        return outputs["rows"].values[0][0], outputs["cols"].values[0][0]

    def get_number_of_image_patches(self, height, width, images_kwargs=None):
        """Number of tiles of a page of `height x width`, the whole included; `images_kwargs` are those of a call."""
        return self.counted(height, width, images_kwargs)["pixel_values"].shape[1]

from __future__ import annotations

from ... import geometry
from ...image_processing_utils import map_images
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from .._tiles import TiledImageProcessor, batch_samples, cut


class Idefics3ImageProcessorKwargs(ImagesKwargs, total=False):
    """
    do_image_splitting (`bool`):
        Cut each image into tiles of `max_image_size`, followed by the whole image at that size.
    max_image_size (`dict[str, int]`):
        Side of a tile in pixels, as `{"longest_edge": int}`.
    return_row_col_info (`bool`):
        Also return `rows` and `cols`, the number of tiles down and across each image (0 for an image in one piece).
    """

    do_image_splitting: bool
    max_image_size: SizeDict
    return_row_col_info: bool


@auto_docstring
class Idefics3(TiledImageProcessor):
    """Idefics3 (arXiv:2408.12637): the longer side resized to `size`, then cut into square tiles.

    A flat list of images is one sample. `pixel_values` is `(samples, tiles, C, H, W)`, short samples padded with zero
    tiles; `pixel_attention_mask` int64 `(samples, tiles, H, W)` is 1 on pixels of an image.
    """

    valid_kwargs = Idefics3ImageProcessorKwargs
    nested_images = True
    model_input_names = ["pixel_values", "pixel_attention_mask"]
    further_outputs = ("rows", "cols")
    unsaved_kwargs = frozenset({"return_row_col_info"})
    further_steps = ("resize",)

    do_convert_rgb = True
    do_resize = True
    size = {"longest_edge": 4 * 364}
    max_image_size = {"longest_edge": 364}
    do_image_splitting = True
    return_row_col_info = False
    resample = PILImageResampling.LANCZOS
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    do_pad = True

    def resize(self, image, size, resample):
        if size.longest_edge:
            height, width = geometry.longest_edge_even(*image.shape[-2:], size.longest_edge)
            size = SizeDict(height=height, width=width)
        elif not (size.height and size.width):
            raise ValueError(f"{type(self).__name__} resizes to a `longest_edge` or a `height` and `width`, not {size}")
        return super().resize(image, size, resample)

    def _validate_preprocess_kwargs(self, **kwargs):
        super()._validate_preprocess_kwargs(**kwargs)
        if not kwargs["max_image_size"].longest_edge:
            raise ValueError(f"`max_image_size` needs a `longest_edge`, not {kwargs['max_image_size']}")

    def _preprocess(self, images, options):
        return super()._preprocess(self.run_pipeline(images, options, ["resize"]), options)

    def outputs(self, images, views, options):
        return batch_samples(self.ops, views, options)

    def lists(self, images, views, options):
        if not options.return_row_col_info:
            return {}
        grids = map_images(lambda image: self.grid(*image.shape[-2:], options), images)
        grids = map_images(lambda grid: (0, 0) if grid == (1, 1) else grid, grids)
        return {
            "rows": [[rows for rows, _ in sample] for sample in grids],
            "cols": [[columns for _, columns in sample] for sample in grids],
        }

    def tile_sides(self, options):
        return (options.max_image_size.longest_edge,) * 2

    def grid(self, height, width, options):
        if not options.do_image_splitting:
            return 1, 1
        tile, _ = self.tile_sides(options)
        height, width = geometry.grow_to_tiles(height, width, tile)
        return height // tile, width // tile

    def views(self, image, options):
        """Tiles row by row and the whole image last, made from the canvas; or only that."""
        canvas = self.canvas(image, options)
        tiles = cut(self.ops, canvas, *self.tile_sides(options))
        return tiles if len(tiles) == 1 else [*tiles, self.whole(canvas, options)]

    def get_number_of_image_patches(self, height, width, images_kwargs=None):
        """Number of tiles of an image of `height x width`, and how many rows and columns of it are cut."""
        outputs = self.counted(height, width, {**(images_kwargs or {}), "return_row_col_info": True})
        return outputs["pixel_values"].shape[1], outputs["rows"].values[0][0], outputs["cols"].values[0][0]

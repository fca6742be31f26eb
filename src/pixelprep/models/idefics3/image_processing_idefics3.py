from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor, map_images
from ...image_utils import (
    IMAGENET_STANDARD_MEAN,
    IMAGENET_STANDARD_STD,
    PILImageResampling,
)
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from ..tiles import batch_samples, cut


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
class Idefics3(BaseImageProcessor):
    """Idefics3 (arXiv:2408.12637): the longer side resized to `size`, then cut into square tiles.

    A flat list of images is one sample. `pixel_values` is `(samples, tiles, C, H, W)`, short samples padded with zero
    tiles; `pixel_attention_mask` int64 `(samples, tiles, H, W)` is 1 on pixels of an image.
    """

    valid_kwargs = Idefics3ImageProcessorKwargs
    nested_images = True
    model_input_names = ["pixel_values", "pixel_attention_mask"]
    unsaved_kwargs = frozenset({"return_row_col_info"})
    pipeline = ("rescale_and_normalize",)

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

    def resize(self, image, size, resample=None):
        if size.longest_edge:
            height, width = geometry.longest_edge_even(*image.shape[-2:], size.longest_edge)
            size = SizeDict(height=height, width=width)
        elif not (size.height and size.width):
            raise ValueError(f"{type(self).__name__} resizes to a `longest_edge` or a `height` and `width`, not {size}")
        return super().resize(image, size, resample)

    def _preprocess(self, images, options):
        tile = options.max_image_size.longest_edge
        if not tile:
            raise ValueError(f"`max_image_size` needs a `longest_edge`, not {options.max_image_size}")
        images = self.run_pipeline(images, options, ["resize"])
        frames = map_images(lambda image: self.split_image(image, tile, options), images)
        counts = [[(rows, columns) for _, rows, columns in sample] for sample in frames]
        tiles = [[frame for pieces, _, _ in sample for frame in pieces] for sample in frames]
        tiles = self.run_pipeline(tiles, options)
        encoded = self.batch_feature(batch_samples(self.ops, tiles, options), options)
        if options.return_row_col_info:
            encoded["rows"] = [[rows for rows, _ in sample] for sample in counts]
            encoded["cols"] = [[columns for _, columns in sample] for sample in counts]
        return encoded

    def split_image(self, image, tile, options):
        """Tiles row by row and the whole image last, with the numbers of rows and columns."""
        verbs, resample = self.ops, options.resample
        if not options.do_image_splitting:
            return [verbs.resize(image, tile, tile, resample)], 0, 0
        height, width = geometry.grow_to_tiles(*image.shape[-2:], tile)
        image = verbs.resize(image, height, width, resample)
        if height <= tile and width <= tile:
            return [image], 0, 0
        whole = verbs.resize(image, tile, tile, resample)
        return [*cut(verbs, image, tile, tile), whole], height // tile, width // tile

    def get_number_of_image_patches(self, height, width, images_kwargs=None):
        """Number of tiles of an image of `height x width`, and how many rows and columns of it are cut."""
        outputs = self.output_shapes(height, width, **{**(images_kwargs or {}), "return_row_col_info": True})
        return outputs["pixel_values"].shape[1], outputs["rows"].values[0][0], outputs["cols"].values[0][0]

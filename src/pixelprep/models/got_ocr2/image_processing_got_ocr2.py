from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring
from ..tiles import TileCount, cut, height_and_width


class GotOcr2ImageProcessorKwargs(ImagesKwargs, total=False):
    """
    crop_to_patches (`bool`):
        Cut each image into tiles of `size`.
    min_patches (`int`):
        Fewest tiles of one image.
    max_patches (`int`):
        Most tiles of one image; with 1, images are not cut.
    """

    crop_to_patches: bool
    min_patches: TileCount
    max_patches: TileCount


@auto_docstring
class GotOcr2(BaseImageProcessor):
    """GOT-OCR 2.0 (arXiv:2409.01704) and InternVL (arXiv:2404.16821): tiles of the grid closest in aspect ratio.

    An image of several tiles is followed by the whole of it, warped to one. `pixel_values` is `(tiles, C, H, W)`,
    `num_patches` the number of tiles of each image, the whole included.
    """

    valid_kwargs = GotOcr2ImageProcessorKwargs
    pipeline = ("resize", "rescale_and_normalize")

    do_convert_rgb = True
    do_resize = True
    size = {"height": 384, "width": 384}
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD
    crop_to_patches = False
    min_patches = 1
    max_patches = 12

    def _preprocess(self, images, options):
        tiles = self.map_by_shape(lambda image: self.tiles(image, options), images, options)
        # Tiles are cut at their size; resizing them again would send float pixels through bytes twice on Pillow.
        steps = [step for step in self.pipeline if step != "resize" or not self.cuts(options)]
        pixel_values = self.run_pipeline([tile for some in tiles for tile in some], options, steps)
        return self.batch_feature({"pixel_values": pixel_values, **self.layout(images, tiles, options)}, options)

    def layout(self, images, tiles, options):
        """What is told of the tiles beside their pixels."""
        return {"num_patches": [len(some) for some in tiles]}

    def cuts(self, options):
        """Whether images are cut at all."""
        return options.crop_to_patches and options.max_patches > 1

    def grid(self, height, width, options):
        """Numbers of rows and columns of tiles of an image."""
        tile = height_and_width(options.size, self)
        return geometry.closest_aspect_grid(height, width, *tile, options.max_patches, options.min_patches)

    def tiles(self, image, options):
        """The tiles of one image, row by row, and last the whole image."""
        if not self.cuts(options):
            return [image]
        height, width = height_and_width(options.size, self)
        rows, columns = self.grid(*image.shape[-2:], options)
        canvas = self.ops.resize(image, rows * height, columns * width, options.resample)
        if rows * columns == 1:
            return [canvas]
        return [*cut(self.ops, canvas, height, width), self.ops.resize(image, height, width, options.resample)]

    def get_number_of_image_patches(self, height, width, images_kwargs=None):
        """Number of tiles of an image of `height x width`, the whole included; `images_kwargs` are those of a call."""
        return self.output_shapes(height, width, **(images_kwargs or {}))["pixel_values"].shape[0]

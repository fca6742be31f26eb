from __future__ import annotations

from ... import geometry
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring
from .._imported import (
    get_all_supported_aspect_ratios as get_all_supported_aspect_ratios,
    get_optimal_tiled_canvas as get_optimal_tiled_canvas,
)
from .._tiles import TileCount, TiledImageProcessor


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
class GotOcr2(TiledImageProcessor):
    """GOT-OCR 2.0 (arXiv:2409.01704) and InternVL (arXiv:2404.16821): tiles of the grid closest in aspect ratio.

    An image of several tiles is followed by the whole of it, warped to one. `pixel_values` is `(tiles, C, H, W)`,
    `num_patches` the number of tiles of each image, the whole included.
    """

    valid_kwargs = GotOcr2ImageProcessorKwargs
    further_outputs = ("num_patches",)
    further_steps = ("resize",)

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

    def outputs(self, images, views, options):
        return {**super().outputs(images, views, options), **self.layout(images, views, options)}

    def layout(self, images, views, options):
        """What is told of the tiles beside their pixels."""
        return {"num_patches": [len(some) for some in views]}

    def cuts(self, options):
        """Whether images are cut at all."""
        return options.crop_to_patches and options.max_patches > 1

    def grid(self, height, width, options):
        tile = self.tile_sides(options)
        return geometry.closest_aspect_grid(height, width, *tile, options.max_patches, options.min_patches)

    def views(self, image, options):
        # Tiles are cut at their size; resizing them again would send float pixels through bytes twice on Pillow.
        return super().views(image, options) if self.cuts(options) else self.run_pipeline([image], options, ["resize"])

    def get_number_of_image_patches(self, height, width, images_kwargs=None):
        """Number of tiles of an image of `height x width`, the whole included; `images_kwargs` are those of a call."""
        return self.counted(height, width, images_kwargs)["pixel_values"].shape[0]

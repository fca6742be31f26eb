from __future__ import annotations

from ... import geometry
from ...core.nesting import leaves
from ...image_processing_utils import Stacked, pad_to
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring
from .._tiles import TileCount, TiledImageProcessor, square_edge


class Llama4ImageProcessorKwargs(ImagesKwargs, total=False):
    """
    max_patches (`int`):
        Most tiles of one image, the whole image not counted.
    resize_to_max_canvas (`bool`):
        Enlarge each image as much as the tiles allow, instead of as little as possible.
    """

    max_patches: TileCount
    resize_to_max_canvas: bool


@auto_docstring
class Llama4(TiledImageProcessor):
    """Llama 4 (Meta, 2025): images fitted on a grid of tiles; several tiles are followed by the whole image.

    `pixel_values` is bfloat16 `(tiles, C, H, W)`, rescaled and normalised in bfloat16 as in training;
    `aspect_ratios` int64 `(images, 2)` holds the numbers of rows and columns of tiles.
    """

    valid_kwargs = Llama4ImageProcessorKwargs
    further_outputs = ("aspect_ratios",)

    do_convert_rgb = True
    do_resize = True
    size = {"height": 336, "width": 336}
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    max_patches = 16
    resize_to_max_canvas = False

    def rescale_and_normalize(self, images, do_rescale, rescale_factor, do_normalize, image_mean, image_std):
        if do_rescale and do_normalize:
            images = self.rescale(self.ops.cast(images, "bfloat16"), rescale_factor)
            return self.normalize(images, image_mean, image_std)
        return super().rescale_and_normalize(images, do_rescale, rescale_factor, do_normalize, image_mean, image_std)

    def _preprocess(self, images, options):
        if not options.do_resize:
            raise ValueError("Llama4 fits images on tiles and cannot leave them as they are: do_resize must be True")
        return super()._preprocess(images, options)

    def outputs(self, images, views, options):
        together = options.return_tensors is not None
        return {
            "pixel_values": Stacked(list(leaves(views))) if together else [Stacked(some) for some in views],
            "aspect_ratios": [self.ops.integers(self.grid(*image.shape[-2:], options)) for image in images],
        }

    def tile_sides(self, options):
        return (square_edge(options.size, self),) * 2

    def grid(self, height, width, options):
        tile, _ = self.tile_sides(options)
        return geometry.least_scaling_grid(
            height, width, tile, options.max_patches, grow=bool(options.resize_to_max_canvas)
        )

    def canvas(self, image, options):
        """The image, its aspect ratio kept, at the top left of a canvas of tiles."""
        tile, _ = self.tile_sides(options)
        rows, columns = self.grid(*image.shape[-2:], options)
        canvas = rows * tile, columns * tile
        limit = max(canvas) if options.resize_to_max_canvas else tile
        fitted = geometry.fit_limited(*image.shape[-2:], *canvas, limit)
        return pad_to(self.ops, self.ops.resize(image, *fitted, options.resample), *canvas)

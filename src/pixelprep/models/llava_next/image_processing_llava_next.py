from __future__ import annotations

from ...core.names import borrowed
from ...image_processing_utils import Stacked
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring
from .._tiles import TiledImageProcessor, best_canvas, blank


class LlavaNextImageProcessorKwargs(ImagesKwargs, total=False):
    """
    image_grid_pinpoints (`list[tuple[int, int]]`):
        Canvas sizes `(height, width)` of which the best fitting one is cut into tiles.
    """

    image_grid_pinpoints: tuple[tuple[int, int], ...]


@auto_docstring
class LlavaNext(TiledImageProcessor):
    """LLaVA-NeXT (arXiv:2310.03744, "any resolution"): a thumbnail, then the tiles of the best fitting canvas.

    `pixel_values` is `(images, tiles, C, H, W)`, short images padded with zero tiles; `image_sizes` holds the original
    `(height, width)`.
    """

    valid_kwargs = LlavaNextImageProcessorKwargs
    model_input_names = ["pixel_values", "image_sizes"]
    pipeline = ("resize", "center_crop", "rescale_and_normalize")

    do_convert_rgb = True
    do_resize = True
    size = {"shortest_edge": 224}
    default_to_square = False
    resample = PILImageResampling.BICUBIC
    do_center_crop = True
    crop_size = {"height": 224, "width": 224}
    do_rescale = True
    do_normalize = True
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD
    do_pad = True
    image_grid_pinpoints = ((336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008))

    def outputs(self, images, views, options):
        if options.do_pad and options.return_tensors is not None:
            pixel_values = Stacked(views)
        else:
            most = max(map(len, views)) if options.do_pad else 0
            blanks = [[blank(self.ops, some[0])] * (most - len(some)) for some in views]
            pixel_values = [Stacked([*some, *missing]) for some, missing in zip(views, blanks, strict=True)]
        return {"pixel_values": pixel_values, "image_sizes": [tuple(image.shape[-2:]) for image in images]}

    def thumbnail_size(self, size):
        """Height and width of the whole image, from `size`."""
        thumbnail = (size.height, size.width) if size.height and size.width else (size.shortest_edge,) * 2
        if not all(thumbnail):
            raise ValueError(
                f"{type(self).__name__} needs a `size` with `height` and `width` or `shortest_edge`, not {size}"
            )
        return thumbnail

    def tile_sides(self, options):
        crop = options.crop_size
        return (crop.height if crop and crop.height else self.thumbnail_size(options.size)[0],) * 2

    def views(self, image, options):
        """The whole image, then its tiles row by row."""
        return [self.whole(image, options), *self.tiles(image, options)]

    def whole(self, image, options):
        """The whole image, warped to `size`."""
        return self.ops.resize(image, *self.thumbnail_size(options.size), options.resample)

    def canvas(self, image, options):
        """The image in the middle of the canvas that fits it best."""
        return best_canvas(self.ops, image, options.image_grid_pinpoints, options.resample)


# What people import from here in the reference's place, and nothing here needs.
__getattr__ = borrowed(
    __name__, ("divide_to_patches", "select_best_resolution"), "pixelprep.checkpoints.remote_code.helpers"
)

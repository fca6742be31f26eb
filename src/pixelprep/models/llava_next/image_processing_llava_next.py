from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor, map_images
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring
from ..tiles import blank, cut_best_canvas


class LlavaNextImageProcessorKwargs(ImagesKwargs, total=False):
    """
    image_grid_pinpoints (`list[tuple[int, int]]`):
        Canvas sizes `(height, width)` of which the best fitting one is cut into tiles.
    """

    image_grid_pinpoints: tuple[tuple[int, int], ...]


@auto_docstring
class LlavaNext(BaseImageProcessor):
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

    def _preprocess(self, images, options):
        return self.batch_tiles(images, map_images(lambda image: self.tiles(image, options), images), options)

    def batch_tiles(self, images, tiles, options):
        """The outputs from lists of tiles, one list for each image."""
        tiles = self.run_pipeline(tiles, options)
        if options.do_pad and options.return_tensors is not None:
            pixel_values = self.ops.stack(tiles, options.dtype)
        else:
            most = max(map(len, tiles)) if options.do_pad else 0
            blanks = [[blank(self.ops, some[0])] * (most - len(some)) for some in tiles]
            pairs = zip(tiles, blanks, strict=True)
            pixel_values = [self.ops.stack([*some, *missing], options.dtype) for some, missing in pairs]
        sizes = [tuple(image.shape[-2:]) for image in images]
        return self.batch_feature({"pixel_values": pixel_values, "image_sizes": sizes}, options)

    def tiles(self, image, options):
        """The thumbnail and the tiles of one image."""
        size = options.size
        thumbnail = (size.height, size.width) if size.height and size.width else (size.shortest_edge,) * 2
        if not all(thumbnail):
            raise ValueError(
                f"{type(self).__name__} needs a `size` with `height` and `width` or `shortest_edge`, not {size}"
            )
        edge = options.crop_size.height if options.crop_size and options.crop_size.height else thumbnail[0]
        return [
            self.ops.resize(image, *thumbnail, options.resample),
            *cut_best_canvas(self.ops, image, options.image_grid_pinpoints, edge, options.resample),
        ]

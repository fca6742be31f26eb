from __future__ import annotations

import math

from ... import geometry
from ...image_processing_utils import BaseImageProcessor, Stacked, pad_to
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring
from .._tiles import (
    PositiveInt,
    TileCount,
    cut,
    square_edge,
)

LEAST_SIDE = 10  # pixels; below, an image is too elongated to be worth tokens
GLOBAL_TOKENS = 256 + 16 + 1  # the whole image's tokens, a line break after each of its 16 rows, one separator


class Phi4MultimodalImageProcessorKwargs(ImagesKwargs, total=False):
    """
    patch_size (`int`):
        Side in pixels of what one entry of the attention mask stands for.
    dynamic_hd (`int`):
        Most tiles of one image, the whole image not counted.
    """

    patch_size: PositiveInt
    dynamic_hd: TileCount


@auto_docstring
class Phi4Multimodal(BaseImageProcessor):
    """Phi-4-multimodal (arXiv:2503.01743): the whole image, then tiles of it at about its own size, padded with white.

    `image_pixel_values` is `(images, tiles, C, H, W)`, short images padded with zeros; `image_attention_mask` float32
    `(images, tiles, H // patch_size, W // patch_size)` is 0 on white padding and 1 elsewhere, missing tiles included;
    `image_sizes` int64 `(images, 2)` is the size of all tiles together in pixels, `num_img_tokens` the number of
    tokens of each image. Tiles are resized bilinearly; `resample` is for the whole image, without antialias.
    """

    valid_kwargs = Phi4MultimodalImageProcessorKwargs
    model_input_names = ["image_pixel_values", "image_sizes", "image_attention_mask"]
    further_outputs = ("num_img_tokens",)
    pipeline = ("rescale_and_normalize",)

    do_convert_rgb = True
    size = {"height": 448, "width": 448}
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    patch_size = 14
    dynamic_hd = 36

    def _preprocess(self, images, options):
        tile = square_edge(options.size, self)
        cells = tile // options.patch_size
        fitted = [self.fit(*image.shape[-2:], tile, options.dynamic_hd) for image in images]
        canvases = []
        for image, (size, canvas) in zip(images, fitted, strict=True):
            resized = self.ops.resize(image, *size, PILImageResampling.BILINEAR)
            canvases.append(pad_to(self.ops, resized, *canvas, 255))
        canvases = self.run_pipeline(canvases, options)
        views = [
            [self.resize(canvas, options.size, options.resample, antialias=False), *cut(self.ops, canvas, tile, tile)]
            for canvas in canvases
        ]
        tile_masks, counts = zip(*(self.attention(*some, options) for some in fitted), strict=True)
        ones = self.ops.pixel_mask(cells, cells, cells, cells, "float32")
        most = max(map(len, tile_masks))
        masks = [[ones, *some, *[ones] * (most - len(some))] for some in tile_masks]
        outputs = {
            "image_pixel_values": Stacked(views),
            "image_sizes": self.ops.integers([canvas for _, canvas in fitted]),
            "image_attention_mask": self.ops.stack(masks),
            "num_img_tokens": list(counts),
        }
        return self.batch_feature(outputs, options)

    def attention(self, size, canvas, options):
        """The masks of the tiles of one image, and its number of tokens."""
        tile = options.size.height
        cells = tile // options.patch_size
        whole = [side // tile * cells for side in canvas]
        live = [
            max(all_of - (outer - inner) // options.patch_size, 0)
            for all_of, outer, inner in zip(whole, canvas, size, strict=True)
        ]
        mask = self.ops.pixel_mask(*live, *whole, "float32")
        # Every second row and column of a tile's mask is a token; each row of tokens ends in a line break.
        rows, columns = (sum((min(n - start, cells) + 1) // 2 for start in range(0, n, cells)) for n in live)
        return cut(self.ops, mask, cells, cells), GLOBAL_TOKENS + rows * columns + (rows if columns else 0)

    def fit(self, height, width, tile, most):
        """Size of the resized image, and of the canvas of tiles that it lies on."""
        rows, columns = math.ceil(height / tile), math.ceil(width / tile)
        if rows * columns > most:
            rows, columns = geometry.closest_aspect_grid(height, width, tile, tile, most)
        canvas = rows * tile, columns * tile
        size = geometry.fit_limited(height, width, *canvas, max(canvas))
        if min(size) < LEAST_SIDE:
            raise ValueError(
                f"an image of {height}x{width} is too elongated: on its tiles it would measure {size[0]}x{size[1]}, "
                f"and each side must have {LEAST_SIDE} pixels at least"
            )
        return size, canvas

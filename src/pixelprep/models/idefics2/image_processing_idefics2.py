from __future__ import annotations

from itertools import pairwise

from ... import geometry
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from .._tiles import TiledImageProcessor, batch_samples


class Idefics2ImageProcessorKwargs(ImagesKwargs, total=False):
    """
    do_image_splitting (`bool`):
        Replace each image by its four quarters and itself.
    """

    do_image_splitting: bool


@auto_docstring
class Idefics2(TiledImageProcessor):
    """Idefics2 (arXiv:2405.02246): native aspect ratio with sides between two bounds, samples padded together.

    A flat list of images is one sample. `pixel_values` is `(samples, images, C, H, W)`, short samples padded with
    zeros; `pixel_attention_mask` int64 `(samples, images, H, W)` is 1 on pixels of an image.
    """

    valid_kwargs = Idefics2ImageProcessorKwargs
    nested_images = True
    model_input_names = ["pixel_values", "pixel_attention_mask"]
    pipeline = ("resize", "rescale_and_normalize")

    do_convert_rgb = True
    do_resize = True
    size = {"shortest_edge": 378, "longest_edge": 980}
    default_to_square = False
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    do_pad = True
    do_image_splitting = False

    def resize(self, image, size, resample):
        if size.shortest_edge and size.longest_edge:
            edges = size.shortest_edge, size.longest_edge
            height, width = longest_shortest_edge(*image.shape[-2:], *edges)
            size = SizeDict(height=height, width=width)
        elif not (size.height and size.width):
            raise ValueError(
                f"Idefics2 resizes to a `shortest_edge` with a `longest_edge` or a `height` and `width`, not to {size}"
            )
        return super().resize(image, size, resample)

    def views(self, image, options):
        return self.quarters(image) if options.do_image_splitting else [image]

    def outputs(self, images, views, options):
        return batch_samples(self.ops, views, options)

    def quarters(self, image):
        """The four quarters of an image, row by row, and itself; the middle pixel goes to the second half."""
        height, width = image.shape[-2:]
        if min(height, width) < 2:
            raise ValueError(f"an image of {height}x{width} has no quarters: pass do_image_splitting=False")
        tops, lefts = ((0, side // 2, side) for side in (height, width))
        boxes = [
            (top, left, below - top, after - left) for top, below in pairwise(tops) for left, after in pairwise(lefts)
        ]
        return [*(self.ops.crop(image, *box) for box in boxes), image]


def longest_shortest_edge(height: int, width: int, shortest: int, longest: int) -> geometry.Size:
    """Shrink the longer side to `longest`, then raise each side to `shortest` whatever the aspect ratio (Idefics2)."""
    aspect = width / height
    if width >= height and width > longest:
        height, width = int(longest / aspect), longest
    elif height > width and height > longest:
        height, width = longest, int(longest * aspect)
    return max(height, shortest), max(width, shortest)

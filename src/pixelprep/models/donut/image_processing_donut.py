from __future__ import annotations

import warnings

from ... import geometry
from ...image_processing_utils import BaseImageProcessor, map_images
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict, Unpack
from ...utils import auto_docstring
from .._tiles import height_and_width


class DonutImageProcessorKwargs(ImagesKwargs, total=False):
    """
    do_thumbnail (`bool`):
        Shrink the image to fit into `size`.
    do_align_long_axis (`bool`):
        Turn the image by 90 degrees clockwise if it is landscape and `size` is portrait, or the other way round.
    """

    do_thumbnail: bool
    do_align_long_axis: bool


@auto_docstring
class Donut(BaseImageProcessor):
    """Donut (arXiv:2111.15664): the page as large as fits into `size`, in the middle of it.

    The shorter side becomes the shorter one of `size` first, then the page shrinks until it fits (`do_thumbnail`); the
    rest is zeros before rescaling. A `size` given as a list is `(width, height)`, as published files have it.
    """

    valid_kwargs = DonutImageProcessorKwargs
    list_size_is_width_first = True
    pipeline = ("align_long_axis", "resize", "thumbnail", "pad", "center_crop", "rescale_and_normalize")

    do_align_long_axis = False
    do_resize = True
    size = {"height": 2560, "width": 1920}
    resample = PILImageResampling.BILINEAR
    do_thumbnail = True
    do_pad = True
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD

    def __init__(self, **kwargs: Unpack[DonutImageProcessorKwargs]) -> None:
        super().__init__(**self._width_first(kwargs))

    def preprocess(self, images, *args, **kwargs):
        return super().preprocess(images, *args, **self._width_first(kwargs))

    def _width_first(self, kwargs):
        """A size given as a list in the order of this family, with a warning that says how it is read."""
        size = kwargs.get("size")
        if not (self.list_size_is_width_first and isinstance(size, (list, tuple)) and len(size) == 2):
            return kwargs
        width, height = size
        warnings.warn(
            f"{type(self).__name__} reads a list as (width, height): {width} wide and {height} high; pass size="
            f'{{"height": {height}, "width": {width}}} to say so',
            stacklevel=4,
        )
        return {**kwargs, "size": {"height": height, "width": width}}

    def _validate_preprocess_kwargs(self, **kwargs):
        super()._validate_preprocess_kwargs(**kwargs)
        if any(kwargs.get(flag) for flag in ("do_align_long_axis", "do_resize", "do_thumbnail", "do_pad")):
            height_and_width(kwargs["size"], self)

    def align_long_axis(self, image, size):
        """The image turned clockwise where its longer side is not that of `size`."""
        (height, width), (rows, columns) = image.shape[-2:], height_and_width(size, self)
        turned = (columns < rows and width > height) or (columns > rows and width < height)
        return turn_clockwise(self.ops, image) if turned else image

    def resize(self, image, size, resample):
        return super().resize(image, SizeDict(shortest_edge=min(height_and_width(size, self))), resample)

    def thumbnail(self, image, size, resample):
        """The image shrunk to fit into `size`."""
        height, width = geometry.fit_page(*image.shape[-2:], *height_and_width(size, self))
        return self.ops.resize(image, height, width, resample)

    def pad(self, images, size):
        return map_images(lambda image: self.pad_image(image, size), images)

    def pad_image(self, image, size):
        """The image in the middle of `size`, the odd row below; what is larger loses as much at both ends."""
        edges = [
            geometry.split_padding(wanted - side)
            for wanted, side in zip(height_and_width(size, self), image.shape[-2:], strict=True)
        ]
        (above, below), (before, after) = edges
        image = self.ops.pad(image, *(max(edge, 0) for edge in (above, below, before, after)))
        return self.ops.crop(image, max(-above, 0), max(-before, 0), *height_and_width(size, self))


def turn_clockwise(verbs, image):
    """The image turned by 90 degrees: its first row becomes its last column."""
    *lead, channels, height, width = image.shape
    axes, count = tuple(range(len(lead))), len(lead)
    # `flip_channels` reverses the third axis from the end, whatever it holds: here the rows.
    rows = verbs.rearrange(image, image.shape, (*axes, count + 1, count, count + 2), (*lead, height, channels, width))
    rows = verbs.flip_channels(rows)
    return verbs.rearrange(rows, rows.shape, (*axes, count + 1, count + 2, count), (*lead, channels, width, height))

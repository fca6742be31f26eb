from __future__ import annotations

from ... import geometry
from ...image_processing_utils import map_images
from ...image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, PILImageResampling
from ...images.content import content_box
from ...utils import auto_docstring
from .._tiles import height_and_width
from ..donut.image_processing_donut import Donut, DonutImageProcessorKwargs


class NougatImageProcessorKwargs(DonutImageProcessorKwargs, total=False):
    """
    do_crop_margin (`bool`):
        Cut off the margins, which are lighter than 200 of 255 once the page's levels are stretched.
    """

    do_crop_margin: bool


@auto_docstring
class Nougat(Donut):
    """Nougat (arXiv:2308.13418): as Donut, without the page's margins, and always shrunk by BICUBIC.

    A `size` given as a list is `(height, width)`.
    """

    valid_kwargs = NougatImageProcessorKwargs
    list_size_is_width_first = False
    pipeline = ("align_long_axis", "resize", "thumbnail", "pad", "rescale_and_normalize")

    do_crop_margin = True
    size = {"height": 896, "width": 672}
    image_mean = IMAGENET_DEFAULT_MEAN
    image_std = IMAGENET_DEFAULT_STD

    def _preprocess(self, images, options):
        if options.do_crop_margin:
            images = map_images(self.crop_margin, images)
        return super()._preprocess(images, options)

    def crop_margin(self, image):
        """What is on the page, without its margins."""
        if self.ops.conventions.pillow_grey and "float" in str(image.dtype) and float(image.max()) <= 1:
            image = self.ops.cast(self.ops.rescale(image, 255), "uint8")  # Pillow cuts pictures, which hold bytes
        return self.ops.crop(image, *content_box(image, pillow_grey=self.ops.conventions.pillow_grey))

    def thumbnail(self, image, size):
        height, width = geometry.fit_page(*image.shape[-2:], *height_and_width(size, self))
        return self.ops.thumbnail(image, height, width, PILImageResampling.BICUBIC)

    def without_looking(self, options):
        return {"do_crop_margin": False} if options.do_pad else {}  # the canvas is as large, whatever the margins are

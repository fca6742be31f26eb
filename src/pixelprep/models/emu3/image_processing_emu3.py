from __future__ import annotations

from functools import partialmethod

from ... import geometry
from ...image_processing_utils import Stacked
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from .._imported import smart_resize as smart_resize
from .._restored import RestoresImages


class Emu3ImageProcessorKwargs(ImagesKwargs, total=False):
    """
    min_pixels (`int`):
        Least number of pixels after resizing; the older name of `size["min_pixels"]`.
    max_pixels (`int`):
        Largest number of pixels after resizing; the older name of `size["max_pixels"]`.
    spatial_factor (`int`):
        Sides become multiples of this when resizing.
    ratio (`str`):
        Aspect ratio of images to generate; kept for processors that read it.
    image_area (`int`):
        Area of images to generate; kept for processors that read it.
    """

    min_pixels: int
    max_pixels: int
    spatial_factor: int
    ratio: str
    image_area: int


@auto_docstring
class Emu3(RestoresImages):
    """Emu3 (arXiv:2409.18869): native aspect ratio between two areas; batches padded with zeros after normalising.

    `image_sizes` holds each image's `(height, width)` before padding. With `do_pad` `pixel_values` is always one array.
    """

    valid_kwargs = Emu3ImageProcessorKwargs
    model_input_names = ["pixel_values", "image_sizes"]
    pipeline = ("resize", "rescale_and_normalize")

    do_convert_rgb = True
    do_resize = True
    size = {"min_pixels": 512 * 512, "max_pixels": 1024 * 1024}
    spatial_factor = 8
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD
    do_pad = True

    def _standardize_kwargs(self, **kwargs):
        size = dict(kwargs["size"] or {})
        given = {name: kwargs[name] for name in ("min_pixels", "max_pixels") if kwargs[name] is not None}
        if given:
            kwargs["size"] = SizeDict.parse({**size, **given})
        return super()._standardize_kwargs(**{**kwargs, "min_pixels": None, "max_pixels": None})

    def resize(self, image, size, resample, spatial_factor):
        if not size.min_pixels:
            raise ValueError(f"Emu3 bounds the number of pixels by `min_pixels` and `max_pixels`, not by {size}")
        target = geometry.smart_resize(*image.shape[-2:], spatial_factor, size.min_pixels, size.max_pixels)
        return super().resize(image, SizeDict(*target), resample)

    def _preprocess(self, images, options):
        images = self.run_pipeline(images, options)
        outputs = {"pixel_values": images, "image_sizes": [tuple(image.shape[-2:]) for image in images]}
        if options.do_pad:
            outputs["pixel_values"] = Stacked(self.pad(images, pad_size=None))
        return self.batch_feature(outputs, options)

    postprocess = partialmethod(RestoresImages.postprocess, return_tensors="PIL.Image.Image")

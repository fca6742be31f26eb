from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor, map_images
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...images.words import read_words
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring


class LayoutLMv3ImageProcessorKwargs(ImagesKwargs, total=False):
    """
    apply_ocr (`bool`):
        Read the words of each page with tesseract (`pip install "pixelprep[ocr]"`, and the program itself).
    ocr_lang (`str`, *optional*):
        Language that tesseract reads, such as "eng" or "eng+deu"; English if not given.
    tesseract_config (`str`, *optional*):
        Further options of tesseract, such as "--psm 6".
    """

    apply_ocr: bool
    ocr_lang: str | None
    tesseract_config: str | None


@auto_docstring
class LayoutLMv3(BaseImageProcessor):
    """LayoutLMv3 (arXiv:2204.08387): the page warped to `size`, its words and where they stand.

    With `apply_ocr` there are `words`, a list of the words of each page, and `boxes`, `[left, top, right, bottom]` of
    each word in thousandths of the page. For words of another OCR, see `image_transforms.normalize_boxes`.
    """

    valid_kwargs = LayoutLMv3ImageProcessorKwargs
    further_outputs = ("words", "boxes")
    pipeline = ("resize", "center_crop", "rescale_and_normalize")

    do_resize = True
    size = {"height": 224, "width": 224}
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    apply_ocr = True
    ocr_lang = None
    tesseract_config = ""

    def preprocess(self, images, *args, **kwargs):
        unused = [name for name in ("ocr_lang", "tesseract_config") if kwargs.get(name)]
        applied = kwargs.get("apply_ocr")
        if unused and not (self.apply_ocr if applied is None else applied):
            raise ValueError(f"`{unused[0]}` has no effect while `apply_ocr` is off: pass apply_ocr=True with it")
        return super().preprocess(images, *args, **kwargs)

    def _preprocess(self, images, options):
        found = []
        if options.apply_ocr:
            found = map_images(lambda image: read_words(image, options.ocr_lang, options.tesseract_config), images)
        encoded = self.batch_feature({"pixel_values": self.run_pipeline(images, options)}, options)
        if options.apply_ocr:
            encoded["words"] = [words for words, _ in found]
            encoded["boxes"] = [boxes for _, boxes in found]
        return encoded

    def without_looking(self, options):
        return {"apply_ocr": False}

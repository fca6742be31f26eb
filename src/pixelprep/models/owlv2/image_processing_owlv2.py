from __future__ import annotations

from ...image_processing_utils import map_images, pad_to, target_size
from ...image_utils import PILImageResampling
from ...utils import auto_docstring
from ..owlvit.image_processing_owlvit import OwlViT


@auto_docstring
class Owlv2(OwlViT):
    """OWLv2 (arXiv:2306.09683): rescaled, padded to a square (bottom and right), blurred and resized as floats.

    `resample` changes nothing. Boxes are relative to the square: with the `target_sizes` of the original images they
    come out on these. Scores of image-guided detection are stretched, as OWL-ViT's.
    """

    pipeline = ("rescale", "pad", "resize", "normalize")

    size = {"height": 960, "width": 960}
    resample = PILImageResampling.BILINEAR
    do_center_crop = None
    crop_size = None
    do_pad = True

    def pad(self, images):
        return map_images(lambda image: pad_to(self.ops, image, *[max(image.shape[-2:])] * 2), images)

    def resize(self, image, size, resample):
        return self.ops.resize_blurred(image, *target_size(*image.shape[-2:], size))

    def _boxes_are_square(self):
        return self.do_pad

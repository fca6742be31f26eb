from __future__ import annotations

from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...utils import auto_docstring
from ..segformer.image_processing_segformer import Segformer, SegformerImageProcessorKwargs


class MobileViTImageProcessorKwargs(SegformerImageProcessorKwargs, total=False):
    """
    do_flip_channel_order (`bool`):
        Reverse the three channels: RGB becomes BGR, which the published checkpoints were trained with.
    """

    do_flip_channel_order: bool


@auto_docstring
class MobileViT(Segformer):
    """MobileViT (arXiv:2110.02178): shortest edge, centre crop, 0..1 in BGR order; segmentation maps follow.

    Pixels are not normalised, whatever `do_normalize` says.
    """

    valid_kwargs = MobileViTImageProcessorKwargs
    pipeline = ("resize", "center_crop", "rescale", "flip_channel_order")

    size = {"shortest_edge": 224}
    default_to_square = False
    resample = PILImageResampling.BICUBIC
    do_center_crop = True
    crop_size = {"height": 256, "width": 256}
    do_normalize = None
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    do_flip_channel_order = True

    def flip_channel_order(self, image):
        """The image in BGR order.

        Raises:
            ValueError: it has not three channels.
        """
        if image.shape[-3] != 3:
            raise ValueError(
                f"an image of {image.shape[-3]} channels has no BGR order; pass do_convert_rgb=True, or "
                "do_flip_channel_order=False"
            )
        return self.ops.flip_channels(image)

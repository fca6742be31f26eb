from __future__ import annotations

from ...image_processing_outputs import converter
from ...image_processing_utils import BaseImageProcessor
from ...image_utils import (
    OPENAI_CLIP_MEAN,
    OPENAI_CLIP_STD,
    PILImageResampling,
    make_flat_list_of_images,
)
from ...processing_utils import ImagesKwargs, Unpack
from ...utils import auto_docstring


class IdeficsImageProcessorKwargs(ImagesKwargs, total=False):
    """
    image_num_channels (`int`):
        Kept for processors that read it.
    """

    image_num_channels: int


@auto_docstring
class Idefics(BaseImageProcessor):
    """IDEFICS (arXiv:2306.16527): images warped to a square; what comes back are the pixel values themselves."""

    valid_kwargs = IdeficsImageProcessorKwargs

    do_convert_rgb = True
    do_resize = True
    size = {"height": 224, "width": 224}
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD
    image_num_channels = 3

    def __init__(self, *, image_size: int | None = None, **kwargs: Unpack[IdeficsImageProcessorKwargs]) -> None:
        if image_size is not None:
            kwargs["size"] = {"height": image_size, "width": image_size}
        super().__init__(**kwargs)

    @property
    def image_size(self):
        """Height of the images, the older name of `size`."""
        return self._options.size.height

    def preprocess(self, images, transform=None, **kwargs):
        """Pixel values float32 `(B, C, H, W)`, or a list of images without `return_tensors`.

        Args:
            images: as for every image processor.
            transform: a function of one image, used instead of everything here; its results are stacked by torch.
            kwargs: the names of `valid_kwargs`; `image_size` is a square `size`.
        """
        if transform is not None:
            images = make_flat_list_of_images(self.fetch_images(images, jpeg="pillow"))
            return converter("pt")([transform(image) for image in images])
        image_size = kwargs.pop("image_size", None)
        if image_size is not None:
            kwargs["size"] = {"height": image_size, "width": image_size}
        return super().preprocess(images, **kwargs)["pixel_values"]

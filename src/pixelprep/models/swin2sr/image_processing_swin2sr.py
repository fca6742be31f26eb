from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor, map_images
from ...processing_utils import ImagesKwargs, Unpack
from ...utils import auto_docstring
from .._tiles import PositiveInt


class Swin2SRImageProcessorKwargs(ImagesKwargs, total=False):
    """
    size_divisor (`int`):
        Sides become the next larger multiple of this.
    """

    size_divisor: PositiveInt


@auto_docstring
class Swin2SR(BaseImageProcessor):
    """Swin2SR (arXiv:2209.11345): images at their own size, in 0..1, mirrored below and to the right.

    A side that is a multiple already grows by a whole block (Q50); `post_process_super_resolution` takes it off the
    result. A batch of several sizes needs `return_tensors=None`.
    """

    valid_kwargs = Swin2SRImageProcessorKwargs
    pipeline = ("rescale", "pad")

    do_rescale = True
    do_pad = True
    size_divisor = 8

    def __init__(self, *, pad_size: int | None = None, **kwargs: Unpack[Swin2SRImageProcessorKwargs]) -> None:
        if pad_size is not None:  # the name of `size_divisor` in early files
            kwargs.setdefault("size_divisor", pad_size)
        super().__init__(**kwargs)

    def pad(self, images, size_divisor):
        """Mirror each image at its lower and right edge."""

        def mirror(image):
            lacks = [
                seen - side for seen, side in zip(_seen(image.shape[-2:], size_divisor), image.shape[-2:], strict=True)
            ]
            return self.ops.extend(image, 0, lacks[0], 0, lacks[1], "symmetric")

        return map_images(mirror, images)

    def post_process_super_resolution(self, outputs, source_sizes):
        """The larger images without the mirrored border; see `postprocess.upscaled_images`."""
        from ...postprocess import upscaled_images

        divisor = self.size_divisor if self.do_pad else None
        return upscaled_images(outputs, source_sizes, lambda size: _seen(size, divisor) if divisor else size)


def _seen(size, size_divisor):
    """The size that an image is padded to."""
    return tuple(geometry.multiple_of(side + 1, size_divisor) for side in size)

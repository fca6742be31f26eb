from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from .._tiles import PositiveInt


class GLPNImageProcessorKwargs(ImagesKwargs, total=False):
    """
    size_divisor (`int`):
        Sides are rounded down to multiples of this when resizing, which pays no heed to `size`.
    """

    size_divisor: PositiveInt


@auto_docstring
class GLPN(BaseImageProcessor):
    """GLPN (arXiv:2201.07436): images shrunk to whole multiples of 32 pixels, in 0..1.

    A batch of several sizes needs `do_pad=True`, which pads to the largest or to `pad_size`, or `return_tensors=None`.
    Depth is in metres, the larger, the farther.
    """

    valid_kwargs = GLPNImageProcessorKwargs
    pipeline = ("resize", "rescale_and_normalize", "pad")

    do_resize = True
    size_divisor = 32
    resample = PILImageResampling.BILINEAR
    do_rescale = True

    def _validate_preprocess_kwargs(self, **kwargs):
        super()._validate_preprocess_kwargs(**{**kwargs, "do_resize": False})

    def resize(self, image, size, resample, size_divisor):
        height, width = (max(side // size_divisor, 1) * size_divisor for side in image.shape[-2:])
        return super().resize(image, SizeDict(height, width), resample)

    def post_process_depth_estimation(self, outputs, target_sizes=None):
        """Depth maps at the sizes asked for; see `postprocess.depth_estimation`."""
        from ...postprocess import depth_estimation

        return depth_estimation(outputs, target_sizes)

from __future__ import annotations

from ...image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring
from .._label_maps import LabelMapImageProcessor


class SegformerImageProcessorKwargs(ImagesKwargs, total=False):
    """
    do_reduce_labels (`bool`):
        Lower every class id of the segmentation maps by one; background (0) becomes 255, which losses ignore.
    """

    do_reduce_labels: bool


@auto_docstring
class Segformer(LabelMapImageProcessor):
    """SegFormer (arXiv:2105.15203): images warped to `size`; segmentation maps beside them become int64 `labels`."""

    valid_kwargs = SegformerImageProcessorKwargs
    pipeline = ("resize", "rescale_and_normalize")

    do_resize = True
    size = {"height": 512, "width": 512}
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_DEFAULT_MEAN
    image_std = IMAGENET_DEFAULT_STD
    do_reduce_labels = False

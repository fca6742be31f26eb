from __future__ import annotations

from ...image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, PILImageResampling
from ...processing_utils import SizeDict, Unpack, VideosKwargs
from ...utils import auto_docstring
from ...video_processing_utils import BaseVideoProcessor


@auto_docstring
class VJEPA2Video(BaseVideoProcessor):
    """V-JEPA 2 (arXiv:2506.09985): shortest edge and centre crop; at construction `crop_size` decides about `size`."""

    do_resize = True
    size = {"shortest_edge": 256 * 256 // 224}
    resample = PILImageResampling.BILINEAR
    do_center_crop = True
    crop_size = 256
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_DEFAULT_MEAN
    image_std = IMAGENET_DEFAULT_STD

    def __init__(self, **kwargs: Unpack[VideosKwargs]) -> None:
        crop = SizeDict.parse(kwargs.get("crop_size", self.crop_size), name="crop_size")
        kwargs["size"] = {"shortest_edge": int((crop.height or 256) * 256 / 224)}
        super().__init__(**kwargs)

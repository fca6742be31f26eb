from __future__ import annotations

from typing import Any

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, Unpack
from ...utils import auto_docstring


@auto_docstring
class CLIP(BaseImageProcessor):
    """CLIP: shortest edge, centre crop, normalise (arXiv:2103.00020)."""

    do_convert_rgb = True
    do_resize = True
    size = {"shortest_edge": 224}
    default_to_square = False
    resample = PILImageResampling.BICUBIC
    do_center_crop = True
    crop_size = {"height": 224, "width": 224}
    do_rescale = True
    do_normalize = True
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD

    def __init__(self, *, use_square_size: bool = False, **kwargs: Unpack[ImagesKwargs]) -> None:
        if use_square_size:  # KOSMOS-2 files
            edge = dict[str, Any](self.size)["shortest_edge"]
            kwargs["size"] = {"height": edge, "width": edge}
        super().__init__(**kwargs)

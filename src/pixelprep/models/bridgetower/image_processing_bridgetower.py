from __future__ import annotations

from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD
from ...processing_utils import SizeDict
from ...utils import auto_docstring
from ..vilt.image_processing_vilt import Vilt


@auto_docstring
class BridgeTower(Vilt):
    """BridgeTower (arXiv:2206.08657): resized as ViLT does, then cropped to a square around the centre.

    The `shortest_edge` of `crop_size` is the square's side.
    """

    pipeline = ("resize", "center_crop", "rescale_and_normalize")

    size = {"shortest_edge": 288}
    do_center_crop = True
    crop_size = {"shortest_edge": 288}
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD

    def center_crop(self, image, size):
        edge = size.shortest_edge
        return super().center_crop(image, SizeDict(edge, edge) if edge else size)

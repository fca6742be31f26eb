from __future__ import annotations

from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD
from ...utils import auto_docstring
from .._imported import smart_resize_frames
from ..glm4v.image_processing_glm4v import Glm4v

smart_resize = smart_resize_frames


@auto_docstring
class Cosmos3Edge(Glm4v):
    """Cosmos 3 Edge: GLM-4.1V's sizes (arXiv:2507.01006), channels innermost in each patch."""

    patch_vector = "hwct"

    size = {"shortest_edge": 256 * 256, "longest_edge": 4096 * 4096}
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    patch_size = 16
    temporal_patch_size = 1

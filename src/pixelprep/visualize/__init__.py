"""Post-processed results on the original image: boxes, masks, segmentations, depth, poses, keypoints, prompts.

Every function takes the image as a Pillow image, a path, an URL, bytes or an array, and the result as post-processing
gives it for this image, NumPy arrays or torch tensors alike; it returns a Pillow image, and writes it to `path` too if
one is given. Lines and letters fit the image: small images are enlarged by a whole factor. Colours are told apart with
any colour vision. Nothing but Pillow and NumPy is needed.
"""

from __future__ import annotations

from .boxes import draw_boxes, draw_layout, draw_prompts
from .depth import draw_depth
from .masks import draw_masks, draw_segmentation
from .plans import draw_plan, seen
from .points import draw_keypoints, draw_matches, draw_poses
from .results import draw_result
from .videos import draw_clip

__all__ = [
    "draw_boxes",
    "draw_clip",
    "draw_depth",
    "draw_keypoints",
    "draw_layout",
    "draw_masks",
    "draw_matches",
    "draw_plan",
    "draw_poses",
    "draw_prompts",
    "draw_result",
    "draw_segmentation",
    "seen",
]

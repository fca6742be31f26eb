"""What a model's outputs mean: boxes, label maps and segments, for NumPy arrays and torch tensors alike.

Outputs are an object with attributes, or a mapping, as models return them. Results are arrays of the same library on
the same device; torch is never imported for NumPy arrays. Sizes are `(height, width)` in pixels.
"""

from __future__ import annotations

from .detection import object_detection, select_boxes
from .segmentation import (
    compute_segments,
    instance_segmentation,
    panoptic_segmentation,
    query_segmentation_scores,
    run_length_encode,
    semantic_segmentation,
)

__all__ = [
    "compute_segments",
    "instance_segmentation",
    "object_detection",
    "panoptic_segmentation",
    "query_segmentation_scores",
    "run_length_encode",
    "select_boxes",
    "semantic_segmentation",
]

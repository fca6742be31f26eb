"""What a model's outputs mean: boxes, label maps and segments, for NumPy arrays and torch tensors alike.

Outputs are an object with attributes, or a mapping, as models return them. Results are arrays of the same library on
the same device; torch is never imported for NumPy arrays. Sizes are `(height, width)` in pixels.
"""

from __future__ import annotations

from .concepts import concept_boxes, concept_instances, concept_maps
from .dark import dark_pose_estimation
from .dense import image_matting, maps_of_images, scaled_points, unit_normals, upscaled_images
from .depth import depth_estimation, metric_depth_estimation, normal_estimation, padded_depth_estimation
from .detection import (
    image_guided_detection,
    object_detection,
    open_vocabulary_detection,
    query_class_detection,
    select_boxes,
)
from .instances import overlapping_instances, pair_segmentation
from .keypoints import dense_keypoint_matching, keypoint_detection, keypoint_matching
from .layout import convex_vertices, layout_detection, quadrilateral_detection
from .padding import without_padding
from .painted import painted_segmentation
from .people import pose_estimation
from .promptable import distinct_masks, filter_masks, mask_to_rle, masks_of_images, rle_to_mask
from .query_masks import query_class_segmentation
from .rectification import document_rectification
from .run_lengths import coco_run_lengths, run_length_encode, segment_run_lengths
from .segmentation import (
    compute_segments,
    instance_segmentation,
    panoptic_segmentation,
    query_segmentation_scores,
    resize_masks,
    semantic_segmentation,
)
from .text import sorted_lines, table_recognition, text_detection, text_recognition
from .windows import best_classes, merge_windows, padded_instances, padded_panoptic, resized_scores, windowed_scores

__all__ = [
    "best_classes",
    "coco_run_lengths",
    "compute_segments",
    "concept_boxes",
    "concept_instances",
    "concept_maps",
    "convex_vertices",
    "dark_pose_estimation",
    "dense_keypoint_matching",
    "depth_estimation",
    "distinct_masks",
    "document_rectification",
    "filter_masks",
    "image_guided_detection",
    "image_matting",
    "instance_segmentation",
    "keypoint_detection",
    "keypoint_matching",
    "layout_detection",
    "maps_of_images",
    "mask_to_rle",
    "masks_of_images",
    "merge_windows",
    "metric_depth_estimation",
    "normal_estimation",
    "object_detection",
    "open_vocabulary_detection",
    "overlapping_instances",
    "padded_depth_estimation",
    "padded_instances",
    "padded_panoptic",
    "painted_segmentation",
    "pair_segmentation",
    "panoptic_segmentation",
    "pose_estimation",
    "quadrilateral_detection",
    "query_class_detection",
    "query_class_segmentation",
    "query_segmentation_scores",
    "resize_masks",
    "resized_scores",
    "rle_to_mask",
    "run_length_encode",
    "scaled_points",
    "segment_run_lengths",
    "select_boxes",
    "semantic_segmentation",
    "sorted_lines",
    "table_recognition",
    "text_detection",
    "text_recognition",
    "unit_normals",
    "upscaled_images",
    "windowed_scores",
    "without_padding",
]

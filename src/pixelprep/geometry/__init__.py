"""Sizes: integers in, integers out. Every size is `(height, width)` in pixels; each rule is written once.

Rounding is part of the rule: `int()` truncates, `round()` goes half to even, `//` floors, and one pixel more or less is
another picture.
"""

from .patches import (
    bounded_grid as bounded_grid,
    closest_grid as closest_grid,
    cover as cover,
    fill_budget as fill_budget,
    filled_grid as filled_grid,
    fit_pixel_bounds as fit_pixel_bounds,
    fit_to_patches as fit_to_patches,
    fit_tokens as fit_tokens,
    largest_grid as largest_grid,
    lengthen as lengthen,
    patch_axes as patch_axes,
    patch_shape as patch_shape,
    scale_longest as scale_longest,
    shrink_to_budget as shrink_to_budget,
    smart_resize as smart_resize,
    smart_resize_by_edges as smart_resize_by_edges,
)
from .sizes import (
    Size as Size,
    center_crop as center_crop,
    fit_within as fit_within,
    multiple_of as multiple_of,
    shortest_edge as shortest_edge,
    shortest_edge_rounded as shortest_edge_rounded,
    shortest_longest_edge as shortest_longest_edge,
    shortest_longest_edge_whole as shortest_longest_edge_whole,
    split_padding as split_padding,
    square_padding as square_padding,
)
from .tiling import (
    area_size as area_size,
    best_resolution as best_resolution,
    closest_aspect_grid as closest_aspect_grid,
    containing_grid as containing_grid,
    covering_grid as covering_grid,
    fit_limited as fit_limited,
    fit_on_canvas as fit_on_canvas,
    grids as grids,
    grow_to_tiles as grow_to_tiles,
    least_scaling_grid as least_scaling_grid,
    longest_edge_even as longest_edge_even,
    longest_edge_least_edge as longest_edge_least_edge,
    longest_edge_rounded as longest_edge_rounded,
    longest_shortest_edge as longest_shortest_edge,
    pan_and_scan as pan_and_scan,
    round_to_multiple as round_to_multiple,
    slice_grid as slice_grid,
    snap_to_windows as snap_to_windows,
    tile_boxes as tile_boxes,
    window_edge as window_edge,
)

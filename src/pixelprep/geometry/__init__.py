"""Sizes: integers in, integers out. Every size is `(height, width)` in pixels; each rule is written once.

Rounding is part of the rule: `int()` truncates, `round()` goes half to even, `//` floors, and one pixel more or less is
another picture.
"""

from .patches import bounded_grid as bounded_grid
from .patches import closest_grid as closest_grid
from .patches import cover as cover
from .patches import fill_budget as fill_budget
from .patches import filled_grid as filled_grid
from .patches import fit_pixel_bounds as fit_pixel_bounds
from .patches import fit_to_patches as fit_to_patches
from .patches import fit_tokens as fit_tokens
from .patches import largest_grid as largest_grid
from .patches import lengthen as lengthen
from .patches import patch_axes as patch_axes
from .patches import patch_shape as patch_shape
from .patches import scale_longest as scale_longest
from .patches import shrink_to_budget as shrink_to_budget
from .patches import smart_resize as smart_resize
from .patches import smart_resize_by_edges as smart_resize_by_edges
from .sizes import (
    Size as Size,
)
from .sizes import (
    center_crop as center_crop,
)
from .sizes import (
    fit_within as fit_within,
)
from .sizes import (
    multiple_of as multiple_of,
)
from .sizes import (
    shortest_edge as shortest_edge,
)
from .sizes import (
    shortest_longest_edge as shortest_longest_edge,
)
from .sizes import shortest_edge_rounded as shortest_edge_rounded
from .sizes import shortest_longest_edge_whole as shortest_longest_edge_whole
from .sizes import (
    split_padding as split_padding,
)
from .sizes import square_padding as square_padding
from .tiling import area_size as area_size
from .tiling import (
    best_resolution as best_resolution,
)
from .tiling import closest_aspect_grid as closest_aspect_grid
from .tiling import containing_grid as containing_grid
from .tiling import covering_grid as covering_grid
from .tiling import fit_limited as fit_limited
from .tiling import (
    fit_on_canvas as fit_on_canvas,
)
from .tiling import grids as grids
from .tiling import (
    grow_to_tiles as grow_to_tiles,
)
from .tiling import least_scaling_grid as least_scaling_grid
from .tiling import (
    longest_edge_even as longest_edge_even,
)
from .tiling import longest_edge_least_edge as longest_edge_least_edge
from .tiling import longest_edge_rounded as longest_edge_rounded
from .tiling import longest_shortest_edge as longest_shortest_edge
from .tiling import pan_and_scan as pan_and_scan
from .tiling import round_to_multiple as round_to_multiple
from .tiling import slice_grid as slice_grid
from .tiling import snap_to_windows as snap_to_windows
from .tiling import (
    tile_boxes as tile_boxes,
)
from .tiling import window_edge as window_edge

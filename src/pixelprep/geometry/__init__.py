"""Sizes: integers in, integers out. Every size is `(height, width)` in pixels; each rule is written once.

Rounding is part of the rule: `int()` truncates, `round()` goes half to even, `//` floors, and one pixel more or less is
another picture.
"""

from .boxes import around as around, fit_page as fit_page, thousandths as thousandths
from .patches import (
    copies_axis as copies_axis,
    patch_axes as patch_axes,
    patch_shape as patch_shape,
    refuse_elongated as refuse_elongated,
    smart_resize as smart_resize,
)
from .sizes import (
    Size as Size,
    center_crop as center_crop,
    fit_multiples as fit_multiples,
    fit_within as fit_within,
    multiple_of as multiple_of,
    shortest_edge as shortest_edge,
    shortest_longest_edge as shortest_longest_edge,
    split_padding as split_padding,
)
from .tiling import (
    area_size as area_size,
    best_resolution as best_resolution,
    closest_aspect_grid as closest_aspect_grid,
    fit_limited as fit_limited,
    fit_on_canvas as fit_on_canvas,
    grids as grids,
    grow_to_tiles as grow_to_tiles,
    least_scaling_grid as least_scaling_grid,
    longest_edge_even as longest_edge_even,
    longest_edge_rounded as longest_edge_rounded,
    round_to_multiple as round_to_multiple,
    tile_boxes as tile_boxes,
)

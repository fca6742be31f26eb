"""Sizes: integers in, integers out. Every size is `(height, width)` in pixels; each rule is written once.

Rounding is part of the rule: `int()` truncates, `round()` goes half to even, `//` floors, and one pixel more or less is
another picture.
"""

from .patches import fit_to_patches as fit_to_patches
from .patches import patch_axes as patch_axes
from .patches import smart_resize as smart_resize
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
from .sizes import (
    split_padding as split_padding,
)
from .tiling import (
    best_resolution as best_resolution,
)
from .tiling import (
    fit_on_canvas as fit_on_canvas,
)
from .tiling import (
    grow_to_tiles as grow_to_tiles,
)
from .tiling import (
    longest_edge_even as longest_edge_even,
)
from .tiling import (
    tile_boxes as tile_boxes,
)

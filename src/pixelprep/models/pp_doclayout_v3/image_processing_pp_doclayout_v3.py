from __future__ import annotations

from ...utils import auto_docstring
from .._tiles import height_and_width
from ..pp_doclayout_v2.image_processing_pp_doclayout_v2 import PPDocLayoutV2


@auto_docstring
class PPDocLayoutV3(PPDocLayoutV2):
    """PP-DocLayout V3: as V2, and a polygon around each region."""

    def post_process_object_detection(self, outputs, threshold=0.5, target_sizes=None):
        """Boxes and polygons in reading order; see `postprocess.layout_detection` (needs OpenCV)."""
        from ...postprocess import layout_detection

        return layout_detection(
            outputs, threshold, target_sizes, polygons_of=height_and_width(self._options.size, self)
        )

    def extract_custom_vertices(self, polygon, sharp_angle_thresh=45):
        """A polygon without its dents; see `postprocess.convex_vertices`."""
        from ...postprocess import convex_vertices

        return convex_vertices(polygon, sharp_angle_thresh)

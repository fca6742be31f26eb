from __future__ import annotations

from ...core.callers import warn_caller
from ...utils import auto_docstring
from ..superglue.image_processing_superglue import SuperGlue


@auto_docstring
class EfficientLoFTR(SuperGlue):
    """Efficient LoFTR (arXiv:2403.04765): pairs of images as SuperGlue takes them.

    The model needs sides that are multiples of 32; of another `size` a warning says so.
    """

    def _standardize_kwargs(self, **kwargs):
        size = kwargs["size"]
        sides = (size.height, size.width) if kwargs["do_resize"] and size else ()
        if any(side and side % 32 for side in sides):
            height, width = (round(side / 32) * 32 or 32 for side in sides)
            warn_caller(
                f"EfficientLoFTR's model takes sides that are multiples of 32, and `size` is {sides[0]}x{sides[1]}; "
                f'pass size={{"height": {height}, "width": {width}}}, say'
            )
        return super()._standardize_kwargs(**kwargs)

    def post_process_keypoint_matching(self, outputs, target_sizes, threshold=0.0):
        """Matching keypoints of each pair, in pixels; see `postprocess.dense_keypoint_matching`."""
        from ...postprocess import dense_keypoint_matching

        return dense_keypoint_matching(outputs, target_sizes, threshold)

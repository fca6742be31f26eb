from __future__ import annotations

from ...utils import auto_docstring
from ..dpt.image_processing_dpt import DPT


@auto_docstring
class CHMv2(DPT):
    """CHMv2 (canopy height maps): images at their own size, padded around their middle to multiples of 16.

    A batch of several sizes needs `pad_size`, or `return_tensors=None`. Predicted "depth" is a height in metres.
    """

    do_resize = False
    ensure_multiple_of = 16
    keep_aspect_ratio = True
    image_mean = (0.42, 0.411, 0.296)
    image_std = (0.213, 0.156, 0.143)
    do_pad = True
    size_divisor = 16

    def post_process_depth_estimation(self, outputs, target_sizes=None):
        """Height maps at the sizes asked for, bilinear with aligned corners; see `postprocess.depth_estimation`."""
        from ...postprocess import depth_estimation

        return depth_estimation(outputs, target_sizes, "bilinear", align_corners=True)

from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import PILImageResampling
from ...utils import auto_docstring


@auto_docstring
class Tipsv2Dpt(BaseImageProcessor):
    """TIPSv2 with DPT heads: images warped to `size`, in 0..1; depth, normals and classes come out.

    Depth is in metres, the larger, the farther; normals are unit vectors `(x, y, z)`.
    """

    do_convert_rgb = True
    do_resize = True
    size = {"height": 448, "width": 448}
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = False

    def post_process_depth_estimation(self, outputs, target_sizes=None):
        """Depth maps at the sizes asked for, bilinear; see `postprocess.depth_estimation`."""
        from ...postprocess import depth_estimation

        return depth_estimation(outputs, target_sizes, "bilinear")

    def post_process_normal_estimation(self, outputs, target_sizes=None):
        """Surface normals at the sizes asked for; see `postprocess.normal_estimation`."""
        from ...postprocess import normal_estimation

        return normal_estimation(outputs, target_sizes)

    def post_process_semantic_segmentation(self, outputs, target_sizes=None, return_segmentation_scores=False):
        """Class maps from `segmentation_logits`, or `logits`; see `postprocess.semantic_segmentation`."""
        from ...postprocess import semantic_segmentation
        from ...postprocess._arrays import first_output

        scores = first_output(outputs, "segmentation_logits", "logits")
        return semantic_segmentation(scores, target_sizes, return_segmentation_scores)

from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...utils import auto_docstring


@auto_docstring
class DepthPro(BaseImageProcessor):
    """Depth Pro (arXiv:2410.02073): normalised first, then warped to `size` in floating point, without antialias.

    Depth is in metres, the larger, the farther, where the focal length is known or estimated.
    """

    pipeline = ("rescale_and_normalize", "resize")

    do_resize = True
    size = {"height": 1536, "width": 1536}
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD

    def resize(self, image, size, resample):
        return super().resize(image, size, resample, antialias=False)

    def post_process_depth_estimation(self, outputs, target_sizes=None, field_of_view=None, focal_length=None):
        """Metric depth at the sizes asked for; see `postprocess.metric_depth_estimation`."""
        from ...postprocess import metric_depth_estimation

        mode = PILImageResampling.parse(self.resample).name.lower()
        return metric_depth_estimation(outputs, target_sizes, mode, field_of_view, focal_length)

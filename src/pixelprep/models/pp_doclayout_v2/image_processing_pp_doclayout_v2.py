from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import PILImageResampling
from ...utils import auto_docstring


@auto_docstring
class PPDocLayoutV2(BaseImageProcessor):
    """PP-DocLayout V2: a warp to a fixed square without antialiasing, pixels in 0..1.

    Classes are answered yes or no, one by one: one box can come under several labels. Results are in reading order.
    """

    do_resize = True
    size = {"height": 800, "width": 800}
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = (0, 0, 0)
    image_std = (1, 1, 1)

    def resize(self, image, size, resample):
        return super().resize(image, size, resample, antialias=False)

    def post_process_object_detection(self, outputs, threshold=0.5, target_sizes=None):
        """Boxes of a score or more in reading order; see `postprocess.layout_detection`."""
        from ...postprocess import layout_detection

        return layout_detection(outputs, threshold, target_sizes)

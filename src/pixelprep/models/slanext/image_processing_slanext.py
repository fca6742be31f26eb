from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, PILImageResampling
from ...utils import auto_docstring
from .._tiles import height_and_width


@auto_docstring
class SLANeXt(BaseImageProcessor):
    """SLANeXt (arXiv:2210.05391, 2507.05595): the table with the longer side of `size`, in a corner of a square.

    Always resized as OpenCV does it, whatever `resample` says; padded with zeros after normalising.
    """

    pipeline = ("resize", "center_crop", "rescale_and_normalize", "pad")

    do_resize = True
    size = {"height": 512, "width": 512}
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_DEFAULT_MEAN
    image_std = IMAGENET_DEFAULT_STD
    do_convert_rgb = True
    do_pad = True
    pad_size = {"height": 512, "width": 512}

    def resize(self, image, size):
        target = geometry.longest_edge_rounded(*image.shape[-2:], max(height_and_width(size, self)))
        return self.ops.resize_fixed(image, *target)

    def post_process_table_recognition(self, outputs):
        """The structure of a table as HTML, or of several; see `postprocess.table_recognition`."""
        from ...postprocess import table_recognition

        return table_recognition(outputs)

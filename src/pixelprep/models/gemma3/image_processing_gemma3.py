from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring
from ..tiles import PositiveInt, TileCount


class Gemma3ImageProcessorKwargs(ImagesKwargs, total=False):
    """
    do_pan_and_scan (`bool`):
        Add crops along the longer side of elongated images.
    pan_and_scan_min_crop_size (`int`):
        Side in pixels below which there are no crops.
    pan_and_scan_max_num_crops (`int`):
        Most crops of one image.
    pan_and_scan_min_ratio_to_activate (`float`):
        Aspect ratio, longer to shorter side, below which there are no crops.
    """

    do_pan_and_scan: bool
    pan_and_scan_min_crop_size: PositiveInt
    pan_and_scan_max_num_crops: TileCount
    pan_and_scan_min_ratio_to_activate: float


@auto_docstring
class Gemma3(BaseImageProcessor):
    """Gemma 3 (arXiv:2503.19786): images warped to `size`; elongated ones are followed by crops of them.

    `pixel_values` is `(images and crops, C, H, W)`, `num_crops` the number of crops of each image.
    """

    valid_kwargs = Gemma3ImageProcessorKwargs
    model_input_names = ["pixel_values", "num_crops"]
    pipeline = ("resize", "rescale_and_normalize")

    do_convert_rgb = True
    do_resize = True
    size = {"height": 224, "width": 224}
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD

    def _preprocess(self, images, options):
        views = self.map_by_shape(lambda image: self.views(image, options), images, options)
        pixel_values = self.run_pipeline([view for some in views for view in some], options)
        counts = [len(some) - 1 for some in views]
        return self.batch_feature({"pixel_values": pixel_values, "num_crops": counts}, options)

    def views(self, image, options):
        """The image and its crops."""
        if not options.do_pan_and_scan:
            return [image]
        limits = [
            options[f"pan_and_scan_{name}"] for name in ("min_crop_size", "max_num_crops", "min_ratio_to_activate")
        ]
        if None in limits:
            raise ValueError(
                "`do_pan_and_scan` needs `pan_and_scan_min_crop_size`, `pan_and_scan_max_num_crops` and "
                "`pan_and_scan_min_ratio_to_activate`; published values are 256, 4 and 1.2"
            )
        boxes = geometry.pan_and_scan(*image.shape[-2:], *limits)
        return [image, *(self.ops.crop(image, *box) for box in boxes)]

from __future__ import annotations

from typing import Any

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring


class ImageGPTImageProcessorKwargs(ImagesKwargs, total=False):
    """
    clusters (`list[list[float]]`, *optional*):
        Colours of the palette, in the range of normalised pixels.
    do_color_quantize (`bool`):
        Give the palette's index of each pixel instead of its colour.
    """

    clusters: Any
    do_color_quantize: bool


@auto_docstring
class ImageGPT(BaseImageProcessor):
    """ImageGPT (Chen et al. 2020): images warped to `size`, each pixel the index of its nearest colour.

    `input_ids` is int64 `(B, H * W)`, row after row; without `do_color_quantize` there are `pixel_values`.
    """

    valid_kwargs = ImageGPTImageProcessorKwargs
    model_input_names = ["input_ids"]
    further_outputs = ("pixel_values",)
    pipeline = ("resize", "center_crop", "rescale_and_normalize")

    do_resize = True
    size = {"height": 256, "width": 256}
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = [0.5, 0.5, 0.5]
    image_std = [0.5, 0.5, 0.5]
    do_color_quantize = True
    clusters = None

    def __init__(self, clusters=None, **kwargs):
        super().__init__(**kwargs | ({} if clusters is None else {"clusters": _listed(clusters)}))

    def _preprocess(self, images, options):
        if not options.do_color_quantize:
            return super()._preprocess(images, options)
        if options.clusters is None:
            raise ValueError(
                "`do_color_quantize` needs the palette: pass clusters=[[red, green, blue], ...], which checkpoints "
                "have, or do_color_quantize=False"
            )
        colors = _listed(options.clusters)
        pixels = self.run_pipeline(images, options)
        indices = self.map_by_shape(lambda image: self.ops.nearest_color(image, colors), pixels, options)
        flat = [self.ops.rearrange(ids, ids.shape, (0, 1), (ids.shape[0] * ids.shape[1],)) for ids in indices]
        return self.batch_feature({"input_ids": flat}, options)


def _listed(clusters):
    """An array's rows as lists."""
    rows = clusters.tolist() if hasattr(clusters, "tolist") else clusters
    return [[float(value) for value in row] for row in rows]

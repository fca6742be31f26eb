from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor, Joined
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD
from ...images.checkerboard import on_checkerboard
from ...utils import auto_docstring
from .._tiles import height_and_width


@auto_docstring
class Inkling2(BaseImageProcessor):
    """Inkling 2: the image as it is, never resized, in patches of `size`, row by row.

    What the image does not fill of its last patches is -1 before rescaling. Transparent images are laid on a
    checkerboard of light grey. `pixel_values` is `(patches, height, width, channels)`, `image_grid_thw` holds each
    image's `(1, rows, columns)` of patches.
    """

    model_input_names = ["pixel_values", "image_grid_thw"]
    pipeline = ("pad_to_patches", "rescale_and_normalize")

    do_convert_rgb = True
    size = {"height": 40, "width": 40}
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD

    def convert_to_rgb(self, image, input_data_format=None):
        laid = on_checkerboard(image, input_data_format)
        return laid if laid is not image else super().convert_to_rgb(image, input_data_format)

    def pad_to_patches(self, image, size):
        """The image in floating point, with -1 at the bottom and the right up to whole patches."""
        (height, width), patch = image.shape[-2:], height_and_width(size, self)
        below, after = (
            geometry.multiple_of(side, edge) - side for side, edge in zip((height, width), patch, strict=True)
        )
        return self.ops.pad(self.ops.cast(image, "float32"), 0, below, 0, after, -1.0)

    def _preprocess(self, images, options):
        patch = height_and_width(options.size, self)
        images = self.run_pipeline(images, options)
        patches = self.map_by_shape(lambda image: self.ops.patchify(image, patch, vector="h w c"), images, options)
        grids = [(1, image.shape[-2] // patch[0], image.shape[-1] // patch[1]) for image in images]
        outputs = {
            "pixel_values": Joined(patches),
            "image_grid_thw": self.ops.integers(grids),
        }
        return self.batch_feature(outputs, options)

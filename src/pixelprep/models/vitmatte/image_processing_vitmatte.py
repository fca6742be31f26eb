from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor, map_images, pad_to
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD
from ...processing_utils import ImagesKwargs
from ...targets.trimaps import is_unit, read_trimaps
from ...utils import auto_docstring
from .._tiles import PositiveInt


class VitMatteImageProcessorKwargs(ImagesKwargs, total=False):
    """
    size_divisor (`int`):
        Sides are padded to multiples of this.
    """

    size_divisor: PositiveInt


@auto_docstring
class VitMatte(BaseImageProcessor):
    """ViTMatte (arXiv:2305.15272): images with their trimaps as a fourth channel, zeros below and to the right.

    Trimaps are rescaled and not normalised. `pixel_values` is float32 `(B, 4, H, W)`.
    """

    valid_kwargs = VitMatteImageProcessorKwargs
    pipeline = ("rescale_and_normalize",)
    further_steps = ("pad",)

    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    do_pad = True
    size_divisor = 32

    def preprocess(self, images, trimaps=None, **kwargs):
        """Turn images, and the `(H, W)` trimaps that belong to them, into model inputs.

        Args:
            images: as `BaseImageProcessor.preprocess`.
            trimaps: one map for each image, of its size: 255 foreground, 0 background, 128 unknown, or floats of 0..1;
                grey in whatever kind of picture.
        """
        return super().preprocess(images, trimaps, **kwargs)

    def _preprocess_image_like_inputs(self, images, trimaps, options):
        if trimaps is None:
            raise ValueError("VitMatte needs trimaps: pass one (H, W) map for each image")
        prepared = self._prepare_image_like_inputs(images, options=options)
        maps = read_trimaps(self, trimaps, prepared)
        plain = options.replace(do_convert_rgb=False, do_normalize=False)
        pixels = self.run_pipeline(prepared, options)
        maps = [self._rescaled(trimap, plain, options.do_normalize) for trimap in maps]
        joined = [self.ops.concat(pair, axis=0) for pair in zip(pixels, maps, strict=True)]
        return self.batch_feature({"pixel_values": self.run_pipeline(joined, options, ("pad",))}, options)

    def _rescaled(self, trimap, plain, as_float):
        """A trimap on the scale of rescaled images, `(1, H, W)`, as floats if theirs become so."""
        if is_unit(trimap):
            plain, as_float = plain.replace(do_rescale=False), True
        arrays = self._prepare_image_like_inputs(trimap, expected_ndims=2, options=plain)
        (array,) = self.run_pipeline(arrays, plain)
        return self.ops.cast(array, "float32") if as_float and not plain.do_rescale else array

    def pad(self, images, size_divisor):
        """Zeros below and to the right of each image, to multiples of `size_divisor`."""

        def fill(image):
            sides = [geometry.multiple_of(side, size_divisor) for side in image.shape[-2:]]
            return pad_to(self.ops, image, *sides)

        return map_images(fill, images)

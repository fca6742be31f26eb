from __future__ import annotations

from ... import geometry
from ...image_processing_utils import map_images
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from .._label_maps import LabelMapImageProcessor
from .._tiles import PositiveInt, height_and_width


class DPTImageProcessorKwargs(ImagesKwargs, total=False):
    """
    ensure_multiple_of (`int`):
        Sides are rounded to multiples of this when resizing.
    size_divisor (`int`, *optional*):
        With `do_pad`, sides are padded to multiples of this, half of it on each side.
    keep_aspect_ratio (`bool`):
        Scale both sides alike, as the side of `size` asks that changes less.
    do_reduce_labels (`bool`):
        Lower every class id of the segmentation maps by one; background (0) becomes 255, which losses ignore.
    """

    ensure_multiple_of: PositiveInt
    size_divisor: PositiveInt | None
    keep_aspect_ratio: bool
    do_reduce_labels: bool


@auto_docstring
class DPT(LabelMapImageProcessor):
    """DPT (arXiv:2103.13413), Depth Anything: images warped to `size`; segmentation maps beside them become `labels`.

    Images and maps are padded around their middle. Depth is relative: the larger, the nearer; metric checkpoints of
    Depth Anything give metres, the larger, the farther.
    """

    valid_kwargs = DPTImageProcessorKwargs

    do_resize = True
    size = {"height": 384, "width": 384}
    resample = PILImageResampling.BICUBIC
    ensure_multiple_of = 1
    keep_aspect_ratio = False
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    do_pad = False

    def resize(self, image, size, resample, ensure_multiple_of, keep_aspect_ratio):
        target = height_and_width(size, self)
        fitted = geometry.fit_multiples(*image.shape[-2:], target, keep_aspect_ratio, ensure_multiple_of)
        return super().resize(image, SizeDict(*fitted), resample)

    def pad(self, images, pad_size, size_divisor):
        """Centre images on `pad_size`, or on the next multiples of `size_divisor`; without either they stay."""

        def center(image):
            sides = image.shape[-2:]
            if pad_size is not None:
                sides = height_and_width(pad_size, self)
            elif size_divisor is not None:
                sides = [geometry.multiple_of(side, size_divisor) for side in sides]
            lacks = [side - given for side, given in zip(sides, image.shape[-2:], strict=True)]
            if min(lacks) < 0:
                raise ValueError(
                    f"an image of {image.shape[-2]}x{image.shape[-1]} is larger than `pad_size` {pad_size}"
                )
            top, bottom, left, right = (side for lack in lacks for side in geometry.split_padding(lack))
            return self.ops.pad(image, top, bottom, left, right) if any(lacks) else image

        return map_images(center, images)

    def post_process_depth_estimation(self, outputs, target_sizes=None):
        """Depth maps at the sizes asked for; see `postprocess.depth_estimation`."""
        from ...postprocess import depth_estimation

        return depth_estimation(outputs, target_sizes)

from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor, pad_to
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring


class PixtralImageProcessorKwargs(ImagesKwargs, total=False):
    """
    patch_size (`int` or `dict[str, int]`):
        Height and width of a patch in pixels; images are resized to whole patches.
    """

    patch_size: SizeDict


@auto_docstring
class Pixtral(BaseImageProcessor):
    """Pixtral (arXiv:2410.07073): native aspect ratio in whole patches, batches padded with zeros after normalising.

    `image_sizes` holds each image's `(height, width)` before padding.
    """

    valid_kwargs = PixtralImageProcessorKwargs
    model_input_names = ["pixel_values", "image_sizes"]
    pipeline = ("center_crop", "rescale_and_normalize")

    do_convert_rgb = True
    do_resize = True
    size = {"longest_edge": 1024}
    patch_size = {"height": 16, "width": 16}
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD
    do_pad = True

    def resize(self, image, size, resample=None, patch_size=None):
        box = (size.longest_edge, size.longest_edge) if size.longest_edge else (size.height, size.width)
        if not all(box):
            raise ValueError(f"Pixtral resizes into a `longest_edge` or a `height` and `width`, not to {size}")
        if not (patch_size.height and patch_size.width):
            raise ValueError(f"`patch_size` needs `height` and `width`, not {patch_size}")
        patch = (patch_size.height, patch_size.width)
        height, width = geometry.fit_to_patches(*image.shape[-2:], *box, patch)
        return super().resize(image, SizeDict(height=height, width=width), resample)

    def _preprocess(self, images, options):
        images = self.run_pipeline(images, options, ["resize"])
        resized = images
        images = self.run_pipeline(images, options)
        # Sizes before a centre crop on torchvision, after it on PIL; without one they are the same.
        sizes = [tuple(image.shape[-2:]) for image in (images if self.ops.pil_conventions else resized)]
        if options.do_pad:
            height, width = (max(image.shape[axis] for image in images) for axis in (-2, -1))
            images = self.ops.stack([pad_to(self.ops, image, height, width) for image in images], options.dtype)
        return self.batch_feature({"pixel_values": images, "image_sizes": sizes}, options)

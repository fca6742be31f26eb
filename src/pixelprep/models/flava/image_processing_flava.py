from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, SizeInput
from ...utils import auto_docstring
from .._tiles import PositiveInt
from .masks import block_mask

# Pixels of the code book lie in 0.1..0.9 (the logit-Laplace margin of DALL-E's autoencoder). 0.8 is multiplied by as
# float32 has it, by backends that rescale in double precision too.
MARGIN = 0.1
SPAN = 0.800000011920928955078125
CODEBOOK = ("do_resize", "size", "resample", "do_center_crop", "crop_size", "do_rescale", "rescale_factor")
VALUES = ("do_normalize", "image_mean", "image_std")


class FlavaImageProcessorKwargs(ImagesKwargs, total=False):
    """
    return_image_mask (`bool`):
        Give `bool_masked_pos`, which patches are hidden.
    input_size_patches (`int`):
        Side of the grid of patches.
    total_mask_patches (`int`):
        Hidden patches of an image.
    mask_group_min_patches (`int`):
        Patches of a hidden rectangle, at least.
    mask_group_max_patches (`int`, *optional*):
        At most; without it `total_mask_patches`.
    mask_group_min_aspect_ratio (`float`):
        Height to width of a hidden rectangle, at least.
    mask_group_max_aspect_ratio (`float`, *optional*):
        At most; without it the inverse of the least.
    return_codebook_pixels (`bool`):
        Give `codebook_pixel_values`, the images that DALL-E's autoencoder reads; the options `codebook_...` are theirs.
    codebook_do_map_pixels (`bool`):
        Bring them from 0..1 to 0.1..0.9.
    """

    return_image_mask: bool
    input_size_patches: PositiveInt
    total_mask_patches: int
    mask_group_min_patches: int
    mask_group_max_patches: int | None
    mask_group_min_aspect_ratio: float
    mask_group_max_aspect_ratio: float | None
    return_codebook_pixels: bool
    codebook_do_resize: bool
    codebook_size: SizeInput
    codebook_resample: PILImageResampling | int | str
    codebook_do_center_crop: bool
    codebook_crop_size: SizeInput
    codebook_do_rescale: bool
    codebook_rescale_factor: float
    codebook_do_map_pixels: bool
    codebook_do_normalize: bool
    codebook_image_mean: float | tuple[float, ...]
    codebook_image_std: float | tuple[float, ...]


@auto_docstring
class Flava(BaseImageProcessor):
    """FLAVA (arXiv:2112.04482): images warped to `size`, for training also a mask of patches and smaller images.

    `bool_masked_pos` is int32 `(B, rows, columns)`, 1 on hidden patches, drawn by Python's `random`.
    """

    valid_kwargs = FlavaImageProcessorKwargs
    further_outputs = ("codebook_pixel_values", "bool_masked_pos")
    planned = False  # `bool_masked_pos` is drawn

    do_resize = True
    size = {"height": 224, "width": 224}
    resample = PILImageResampling.BICUBIC
    do_center_crop = True
    crop_size = {"height": 224, "width": 224}
    do_rescale = True
    do_normalize = True
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD
    return_image_mask = False
    input_size_patches = 14
    total_mask_patches = 75
    mask_group_min_patches = 16
    mask_group_max_patches = None
    mask_group_min_aspect_ratio = 0.3
    mask_group_max_aspect_ratio = None
    return_codebook_pixels = False
    codebook_do_resize = True
    codebook_size = {"height": 112, "width": 112}
    codebook_resample = PILImageResampling.LANCZOS
    codebook_do_center_crop = True
    codebook_crop_size = {"height": 112, "width": 112}
    codebook_do_rescale = True
    codebook_rescale_factor = 1 / 255
    codebook_do_map_pixels = True
    codebook_do_normalize = True
    codebook_image_mean = [0.0, 0.0, 0.0]
    codebook_image_std = [1.0, 1.0, 1.0]

    pipeline = ("resize", "center_crop", "rescale_and_normalize")

    def _preprocess(self, images, options):
        outputs = {"pixel_values": self.run_pipeline(images, options)}
        if options.return_codebook_pixels:
            own = options.replace(**{name: options[f"codebook_{name}"] for name in (*CODEBOOK, *VALUES)})
            small = self.run_pipeline(images, own)
            mapped = self.map_by_shape(self.map_pixels, small, options) if options.codebook_do_map_pixels else small
            outputs["codebook_pixel_values"] = mapped
        if options.return_image_mask:
            outputs["bool_masked_pos"] = [self._mask(options) for _ in images]
        return self.batch_feature(outputs, options)

    def map_pixels(self, image):
        """Pixels of 0..1 in the range of the code book."""
        return self.ops.normalize(self.ops.rescale(image, SPAN), [-MARGIN] * 3, [1.0] * 3)

    def _mask(self, options):
        side, total, least = options.input_size_patches, options.total_mask_patches, options.mask_group_min_aspect_ratio
        most = total if options.mask_group_max_patches is None else options.mask_group_max_patches
        aspects = least, options.mask_group_max_aspect_ratio or 1 / least
        mask = block_mask(side, side, total, options.mask_group_min_patches, most, aspects)
        return self.ops.integers(mask, "int32")

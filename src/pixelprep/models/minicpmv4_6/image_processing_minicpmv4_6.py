from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor, map_images
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from ..tiles import PositiveInt, TileCount, as_float, cut

# Patches are merged two by two twice, in the encoder and after it, so slices have sides of whole blocks of four.
MERGE = 4


class MiniCPMV4_6ImageProcessorKwargs(ImagesKwargs, total=False):  # noqa: N801
    """
    max_slice_nums (`int`):
        Most slices of one image, the whole image not counted.
    scale_resolution (`int`):
        Root of a slice's area in pixels.
    patch_size (`int`):
        Side of a patch in pixels.
    slice_mode (`bool`):
        Cut large images into slices.
    downsample_mode (`str`):
        "16x" or "4x": how many patches become one token; kept for processors that read it.
    use_image_id (`bool`):
        Whether prompts number the images; kept for processors that read it.
    """

    max_slice_nums: TileCount
    scale_resolution: PositiveInt
    patch_size: PositiveInt
    slice_mode: bool
    downsample_mode: str
    use_image_id: bool


@auto_docstring
class MiniCPMV4_6(BaseImageProcessor):  # noqa: N801
    """MiniCPM-V 4.6 (arXiv:2408.01800, LLaVA-UHD slices): the whole image, then slices of about its own size.

    `pixel_values` is `(1, C, patch_size, patches * patch_size)`, the patches of all slices of all images side by side;
    `target_sizes` int32 `(slices, 2)` holds the rows and columns of patches of each slice; `grids` the rows and columns
    of slices of each image (0, 0 for an image in one piece), `num_patches_per_image` its number of slices.
    """

    valid_kwargs = MiniCPMV4_6ImageProcessorKwargs
    model_input_names = ["pixel_values", "target_sizes"]
    pipeline = ("rescale_and_normalize",)

    do_convert_rgb = True
    do_resize = True
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD
    max_slice_nums = 9
    scale_resolution = 448
    patch_size = 14
    slice_mode = True
    downsample_mode = "16x"
    use_image_id = True

    def _validate_preprocess_kwargs(self, **kwargs):
        # Sizes follow from the image; `do_resize` needs no `size` here.
        super()._validate_preprocess_kwargs(**{**kwargs, "size": kwargs["size"] or SizeDict(height=1, width=1)})

    def _preprocess(self, images, options):
        grids = [self.grid(image, options) for image in images]
        views = self.run_pipeline(map_images(lambda image: self.views(image, options), images), options)
        slices = [view for some in views for view in some]
        if not self.ops.pil_conventions:  # the reference's PIL class leaves bytes
            slices = [as_float(self.ops, view, options) for view in slices]
        strips = [self.strip(view, options.patch_size) for view in slices]
        sizes = [[side // options.patch_size for side in view.shape[-2:]] for view in slices]
        pixels = self.ops.concat(strips, options.dtype, axis=-1)
        outputs = {
            "pixel_values": self.ops.rearrange(pixels, pixels.shape, (0, 1, 2), (1, *pixels.shape)),
            "target_sizes": self.ops.integers(sizes, "int32"),
        }
        encoded = self.batch_feature(outputs, options)
        encoded["grids"] = [list(grid or (0, 0)) for grid in grids]
        encoded["num_patches_per_image"] = [len(some) for some in views]
        return encoded

    def grid(self, image, options):
        """Rows and columns of slices of an image, None for an image in one piece."""
        if not options.slice_mode:
            return None
        return geometry.slice_grid(*image.shape[-2:], options.scale_resolution, options.max_slice_nums)

    def views(self, image, options):
        """The whole image, then its slices row by row."""
        height, width = image.shape[-2:]
        grid = self.grid(image, options)
        edge, block = options.scale_resolution, options.patch_size * MERGE
        whole = canvas = image
        if options.do_resize:
            size = geometry.area_size(height, width, edge, block, grow=grid is None)
            whole = self.ops.resize(image, *size, options.resample)
        if grid is None:
            return [whole]
        if options.do_resize:
            slice_size = [geometry.round_to_multiple(n, by) // by for n, by in zip((height, width), grid, strict=True)]
            slice_size = geometry.area_size(*slice_size, edge, block, grow=True)
            size = [side * by for side, by in zip(slice_size, grid, strict=True)]
            canvas = self.ops.resize(image, *size, options.resample)
        elif height % grid[0] or width % grid[1]:
            raise ValueError(
                f"an image of {height}x{width} does not divide into {grid[0]}x{grid[1]} slices: leave `do_resize` on, "
                "or pass slice_mode=False"
            )
        return [whole, *cut(self.ops, canvas, canvas.shape[-2] // grid[0], canvas.shape[-1] // grid[1])]

    def strip(self, image, patch):
        """The patches of an image side by side, row by row: `(C, patch, patches * patch)`."""
        channels, height, width = image.shape
        if height % patch or width % patch:
            raise ValueError(f"an image of {height}x{width} does not divide into patches of {patch}; resize it first")
        split = (channels, height // patch, patch, width // patch, patch)
        return self.ops.rearrange(image, split, (0, 2, 1, 3, 4), (channels, patch, height * width // patch))

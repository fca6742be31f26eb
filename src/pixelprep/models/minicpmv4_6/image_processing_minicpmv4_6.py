from __future__ import annotations

import math

from ... import geometry
from ...core.nesting import leaves
from ...image_processing_utils import Joined, map_images
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring
from .._tiles import PositiveInt, TileCount, TiledImageProcessor, as_float, cut


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
        "16x" or "4x": how many patches become one token; sides are multiples of four patches, or of two for "4x".
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
class MiniCPMV4_6(TiledImageProcessor):  # noqa: N801
    """MiniCPM-V 4.6 (arXiv:2408.01800, LLaVA-UHD slices): the whole image, then slices of about its own size.

    `pixel_values` is `(1, C, patch_size, patches * patch_size)`, the patches of all slices of all images side by side;
    `target_sizes` int32 `(slices, 2)` holds the rows and columns of patches of each slice; `grids` the rows and columns
    of slices of each image (0, 0 for an image in one piece), `num_patches_per_image` its number of slices.
    """

    valid_kwargs = MiniCPMV4_6ImageProcessorKwargs
    needs = {"do_resize": ("resample",)}
    model_input_names = ["pixel_values", "target_sizes"]
    further_outputs = ("grids", "num_patches_per_image")

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

    def all_views(self, images, options):
        return map_images(lambda image: self.views(image, options), images)

    def outputs(self, images, views, options):
        slices = list(leaves(views))
        if not self.ops.conventions.keeps_bytes:
            slices = [as_float(self.ops, view, options) for view in slices]
        sizes = [[side // options.patch_size for side in view.shape[-2:]] for view in slices]
        return {
            "pixel_values": Joined([self.strip(view, options.patch_size) for view in slices], axis=-1),
            "target_sizes": self.ops.integers(sizes, "int32"),
        }

    def lists(self, images, views, options):
        grids = [self.grid(*image.shape[-2:], options) for image in images]
        return {
            "grids": [list(grid or (0, 0)) for grid in grids],
            "num_patches_per_image": [len(some) for some in views],
        }

    def grid(self, height, width, options):
        """Rows and columns of slices of an image, None for an image in one piece."""
        if not options.slice_mode:
            return None
        return slice_grid(height, width, options.scale_resolution, options.max_slice_nums)

    def find_best_resize(self, image_size, scale_resolution, patch_size, downsample_mode, allow_upscale=False):
        """Height and width of an image or slice, of at most `scale_resolution` squared pixels, or of exactly that."""
        # Patches are merged two by two, twice unless "4x": in the encoder and after it.
        merged = self.fact("patches_merged_by_4x") if downsample_mode == "4x" else 4
        return geometry.area_size(*image_size, scale_resolution, patch_size * merged, grow=allow_upscale)

    def views(self, image, options):
        """The whole image, then its slices row by row."""
        grid = self.grid(*image.shape[-2:], options)
        whole = self.whole(image, grid, options)
        return [whole] if grid is None else [whole, *self.slices(image, grid, options)]

    def whole(self, image, grid, options):
        """The whole image in about the pixels of one slice; smaller ones grow only if they are not cut."""
        if not options.do_resize:
            return image
        unit = options.scale_resolution, options.patch_size, options.downsample_mode
        size = self.find_best_resize(image.shape[-2:], *unit, allow_upscale=grid is None)
        return self.ops.resize(image, *size, options.resample)

    def slices(self, image, grid, options):
        """The slices of a grid, row by row."""
        (height, width), canvas = image.shape[-2:], image
        if options.do_resize:
            unit = options.scale_resolution, options.patch_size, options.downsample_mode
            slice_size = [geometry.round_to_multiple(n, by) // by for n, by in zip((height, width), grid, strict=True)]
            slice_size = self.find_best_resize(slice_size, *unit, allow_upscale=True)
            size = [side * by for side, by in zip(slice_size, grid, strict=True)]
            canvas = self.ops.resize(image, *size, options.resample)
        elif height % grid[0] or width % grid[1]:
            raise ValueError(
                f"an image of {height}x{width} does not divide into {grid[0]}x{grid[1]} slices: leave `do_resize` on, "
                "or pass slice_mode=False"
            )
        return cut(self.ops, canvas, canvas.shape[-2] // grid[0], canvas.shape[-1] // grid[1])

    def strip(self, image, patch):
        """The patches of an image side by side, row by row: `(1, C, patch, patches * patch)`."""
        channels, height, width = image.shape
        if height % patch or width % patch:
            raise ValueError(f"an image of {height}x{width} does not divide into patches of {patch}; resize it first")
        split = (channels, height // patch, patch, width // patch, patch)
        return self.ops.rearrange(image, split, (0, 2, 1, 3, 4), (1, channels, patch, height * width // patch))


def slice_grid(height: int, width: int, edge: int, most: int) -> tuple[int, int] | None:
    """The grid `(rows, columns)` of slices of about `edge * edge` pixels (LLaVA-UHD, arXiv:2403.11703; MiniCPM-V).

    None if the image has no more pixels than one slice. Of grids of the ideal number of slices, one less and one more,
    the one with the closest aspect ratio on a logarithmic scale.
    """
    ideal = min(math.ceil(height * width / (edge * edge)), most)
    if ideal <= 1:
        return None
    aspect, best, best_gap = math.log(width / height), (1, 1), math.inf
    for count in range(max(ideal - 1, 2), min(ideal + 1, most) + 1):
        for rows in (number for number in range(1, count + 1) if count % number == 0):
            gap = abs(aspect - math.log(count // rows / rows))
            if gap < best_gap or (gap == best_gap and rows > best[0]):
                best, best_gap = (rows, count // rows), gap
    return best

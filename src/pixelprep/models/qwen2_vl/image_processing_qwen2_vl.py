from __future__ import annotations

from ... import geometry
from ...image_processing_utils import BaseImageProcessor, Joined
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from .._imported import smart_resize as smart_resize


class Qwen2VLImageProcessorKwargs(ImagesKwargs, total=False):
    """
    min_pixels (`int`):
        Least number of pixels after resizing; the older name of `size["shortest_edge"]`.
    max_pixels (`int`):
        Largest number of pixels after resizing; the older name of `size["longest_edge"]`.
    patch_size (`int`):
        Side of a patch in pixels.
    temporal_patch_size (`int`):
        Frames in a patch; an image is repeated so many times.
    merge_size (`int`):
        Side, in patches, of the blocks that the model merges into one token.
    """

    min_pixels: int
    max_pixels: int
    patch_size: int
    temporal_patch_size: int
    merge_size: int


@auto_docstring
class Qwen2VL(BaseImageProcessor):
    """Qwen2-VL (arXiv:2409.12191): native resolution, patches of all images in one sequence.

    `pixel_values` is `(patches, channels * temporal_patch_size * patch_size ** 2)`, block by block in the order in
    which the model merges; `image_grid_thw` holds each image's `(1, rows, columns)` of patches. `size` bounds the
    number of pixels, not of edges.

    Families of the same kind override `target_size` (or `resize`, where `size` means something else: `bounds_pixels`),
    the order of tokens (`merge_order`) and of the values in one (`patch_vector`, see `Ops.patchify`), and
    `grid_outputs`.
    """

    valid_kwargs = Qwen2VLImageProcessorKwargs
    model_input_names = ["pixel_values", "image_grid_thw"]
    pipeline = ("resize", "rescale_and_normalize")
    further_steps = ("patchify",)
    bounds_pixels = True
    merge_order = True
    patch_vector = "cthw"

    do_convert_rgb = True
    do_resize = True
    size = {"shortest_edge": 56 * 56, "longest_edge": 28 * 28 * 1280}
    default_to_square = False
    resample = PILImageResampling.BICUBIC
    do_rescale = True
    do_normalize = True
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD
    patch_size = 14
    temporal_patch_size = 2
    merge_size = 2

    def _standardize_kwargs(self, **kwargs):
        # The older names, as keywords and, in published files, inside `size`.
        least, most = kwargs.get("min_pixels"), kwargs.get("max_pixels")
        size = kwargs["size"] or SizeDict()
        if self.bounds_pixels and (least or most or size.min_pixels):
            edges = least or size.min_pixels or size.shortest_edge, most or size.max_pixels or size.longest_edge
            kwargs.update(
                size=SizeDict(shortest_edge=edges[0], longest_edge=edges[1]), min_pixels=None, max_pixels=None
            )
        return super()._standardize_kwargs(**kwargs)

    def _validate_preprocess_kwargs(self, **kwargs):
        super()._validate_preprocess_kwargs(**kwargs)
        size = kwargs["size"]
        if self.bounds_pixels and kwargs["do_resize"] and not (size and size.shortest_edge and size.longest_edge):
            raise ValueError(
                f"{type(self).__name__} bounds the number of pixels by `size` with `shortest_edge` and "
                f"`longest_edge`, not by {size}"
            )

    def target_size(self, height, width, size, factor, frames, depth):
        """The size to resize to: multiples of `factor`, its pixels bounded by `size`.

        `frames` are those of the whole clip, `depth` of them in a patch; an image is a clip of one patch.
        """
        return geometry.smart_resize(height, width, factor, size.shortest_edge, size.longest_edge)

    def frames_of(self, image, temporal_patch_size):
        """How many frames the budget of `size` is for."""
        return temporal_patch_size

    def resize(self, image, size, resample, patch_size, temporal_patch_size, merge_size):
        factor, height, width = patch_size * merge_size, size.height, size.width
        if not (height and width):  # as a child gives them that has computed its own
            frames = self.frames_of(image, temporal_patch_size)
            height, width = self.target_size(*image.shape[-2:], size, factor, frames, temporal_patch_size)
        if height % factor or width % factor:
            raise ValueError(f"{height}x{width} pixels are no whole number of blocks of {factor}x{factor}")
        return super().resize(image, SizeDict(height=height, width=width), resample)

    def patchify(self, image, patch_size, temporal_patch_size, merge_size):
        """The patches of one image, `(tokens, values)`."""
        if self.ops.conventions.float_patches:
            image = self.ops.cast(image, "float32")
        merge = merge_size if self.merge_order else 1
        return self.ops.patchify(image, patch_size, merge, temporal_patch_size, self.patch_vector)

    def _preprocess(self, images, options):
        images = self.run_pipeline(images, options)
        patches = self.run_pipeline(images, options, ["patchify"])
        grids = [tuple(side // options.patch_size for side in image.shape[-2:]) for image in images]
        outputs = {"pixel_values": Joined(patches), **self.grid_outputs(grids, options)}
        return self.batch_feature(outputs, options)

    def grid_outputs(self, grids, options):
        """What the model is told of each image's `(rows, columns)` of patches."""
        return {"image_grid_thw": self.ops.integers([(1, *grid) for grid in grids])}

    def get_number_of_image_patches(self, height, width, images_kwargs=None):
        """Number of patches of an image of `height x width`; `images_kwargs` replace options as in a call."""
        return self.counted(height, width, images_kwargs)["pixel_values"].shape[0]

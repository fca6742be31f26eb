from __future__ import annotations

import itertools
import math
from typing import Any

from ... import geometry
from ...image_processing_outputs import BatchFeature
from ...image_processing_utils import BaseImageProcessor, Stacked, map_images, pad_to
from ...image_utils import (
    ChannelDimension,
    PILImageResampling,
    is_collection,
    make_nested_list_of_images,
)
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from .._tiles import height_and_width

PADDING_MODES = ("constant", "edge", "reflect", "symmetric")


class FuyuImageProcessorKwargs(ImagesKwargs, total=False):
    """
    patch_size (`int` or `dict[str, int]`):
        Height and width of the patches that `patchify_image` cuts.
    padding_value (`float`):
        What "constant" padding consists of, on the scale of the pixels given.
    padding_mode (`str`):
        "constant", or the image's own pixels: "edge", "reflect" or "symmetric".
    """

    patch_size: SizeDict
    padding_value: float
    padding_mode: str


@auto_docstring
class Fuyu(BaseImageProcessor):
    """Fuyu-8B: images shrunk to fit into `size`, padded at the bottom and the right to all of it.

    Each image of a flat list is a sample. `images` is `(samples, images, C, H, W)`; for the first image of each
    sample, `image_unpadded_heights`, `image_unpadded_widths` and `image_scale_factors` are of the resized image and
    `image_sizes` its original `(height, width)`.
    """

    valid_kwargs = FuyuImageProcessorKwargs
    model_input_names = [
        "images",
        "image_input_ids",
        "image_patches",
        "image_patch_indices_per_batch",
        "image_patch_indices_per_subsequence",
    ]
    further_outputs = ("image_sizes", "image_scale_factors", "image_unpadded_heights", "image_unpadded_widths")
    pipeline = ("pad", "rescale_and_normalize")

    do_resize = True
    size = {"height": 1080, "width": 1920}
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = 0.5
    image_std = 0.5
    do_pad = True
    padding_value = 1.0
    padding_mode = "constant"
    patch_size = {"height": 30, "width": 30}

    def _validate_preprocess_kwargs(self, **kwargs):
        super()._validate_preprocess_kwargs(**kwargs)
        size = kwargs["size"]
        if (kwargs["do_resize"] or kwargs["do_pad"]) and not (size and size.height and size.width):
            raise ValueError(f"Fuyu fits images into a `size` with `height` and `width`, not {size}")
        if kwargs["padding_mode"] not in PADDING_MODES:
            raise ValueError(f"`padding_mode` must be one of {PADDING_MODES}, not {kwargs['padding_mode']!r}")

    def _prepare_images_structure(self, images, expected_ndims=3):
        images = self.fetch_images(images, expected_ndims)
        samples = make_nested_list_of_images(images, expected_ndims)
        nested = is_collection(images) and any(map(is_collection, images))
        return samples if nested else [[image] for image in samples[0]]

    def resize(self, image, size, resample):
        height, width = image.shape[-2:]
        if height <= size.height and width <= size.width:
            return image
        return self.ops.resize(image, *geometry.fit_within(height, width, size.height, size.width), resample)

    def pad(self, images, size, padding_value, padding_mode):
        def extend(image):
            below, after = size.height - image.shape[-2], size.width - image.shape[-1]
            if padding_mode == "constant" or min(below, after) < 0:
                return pad_to(self.ops, image, size.height, size.width, padding_value)
            return self.ops.extend(image, 0, below, 0, after, padding_mode)

        return map_images(extend, images)

    def _preprocess(self, images, options):
        images = [sample for sample in images if sample]
        before = [tuple(sample[0].shape[-2:]) for sample in images]
        images = self.run_pipeline(images, options, ["resize"])
        after = [tuple(sample[0].shape[-2:]) for sample in images]
        images = self.run_pipeline(images, options)
        if options.return_tensors is not None or not self.ops.conventions.lists_unasked:
            images = Stacked(images)
        outputs = {
            "images": images,
            "image_unpadded_heights": [[height] for height, _ in after],
            "image_unpadded_widths": [[width] for _, width in after],
            "image_scale_factors": [[new[0] / old[0]] for new, old in zip(after, before, strict=True)],
            "image_sizes": before,
        }
        return self.batch_feature(outputs, options)

    def get_num_patches(self, image_height, image_width, patch_size=None):
        """Number of patches of an image of `image_height x image_width`, which must be made of whole ones."""
        split, _ = geometry.patch_axes(1, image_height, image_width, self._patch(patch_size), 1, "hwc")
        return split[1] * split[4]

    def patchify_image(self, image, patch_size=None):
        """Patches `(B, patches, values)` of images `(B, C, H, W)`, row by row, channels innermost."""
        return self.ops.patchify(image, self._patch(patch_size), vector="hwc")

    def _patch(self, patch_size: Any) -> geometry.Size:
        """Height and width of a patch: those given, or the processor's."""
        return height_and_width(SizeDict.parse(patch_size or self.patch_size, name="patch_size"), self, "patch_size")

    def preprocess_with_tokenizer_info(
        self,
        image_input,
        image_present,
        image_unpadded_h,
        image_unpadded_w,
        image_placeholder_id,
        image_newline_id,
        variable_sized,
        patch_size=None,
    ):
        """Patches of padded images and the tokens that stand for them, for the processor that joins them with text.

        Args:
            image_input: `(samples, images, C, H, W)`.
            image_present: `(samples, images)`, true where there is an image.
            image_unpadded_h, image_unpadded_w: `(samples, images)`, sizes without padding.
            image_placeholder_id, image_newline_id: tokens of a patch and of the end of a row of patches.
            variable_sized: drop patches of nothing but padding, and end rows with the newline.
            patch_size: instead of the processor's.

        Returns:
            Lists for each sample of lists for each image: `image_input_ids`, `image_patches`, and for each token the
            number of its patch (-1 for newlines) in `image_patch_indices_per_batch`, counted through the sample, and
            `image_patch_indices_per_subsequence`, counted in the image; `images` holds the images present.
        """
        down, across = self._patch(patch_size)
        outputs: dict[str, list[Any]] = {key: [] for key in self.model_input_names}
        for sample, *facts in zip(image_input, image_present, image_unpadded_h, image_unpadded_w, strict=True):
            ids, patches, through_sample, in_image = ([] for _ in range(4))
            offset = 0
            for image, present, height, width in zip(sample, *facts, strict=True):
                tokens = []
                if present:
                    image = self.ops.from_image(image, ChannelDimension.FIRST, None)
                    if variable_sized:
                        below = min(image.shape[-2], geometry.multiple_of(math.ceil(height), down))
                        after = min(image.shape[-1], geometry.multiple_of(math.ceil(width), across))
                        image = self.ops.crop(image, 0, 0, below, after)
                    row = [image_placeholder_id] * (image.shape[-1] // across)
                    tokens = (row + [image_newline_id] * bool(variable_sized)) * (image.shape[-2] // down)
                    outputs["images"].append([image])
                    patches.append(self.patchify_image(image, patch_size))
                numbers = itertools.count()
                inside = [next(numbers) if token == image_placeholder_id else -1 for token in tokens]
                ids.append(self.ops.integers(tokens, "int32"))
                in_image.append(self.ops.integers(inside, "int32"))
                through = [number + offset if number >= 0 else -1 for number in inside]
                through_sample.append(self.ops.integers(through, "int32"))
                offset += next(numbers)
            for key, values in zip(self.model_input_names[1:], (ids, patches, through_sample, in_image), strict=True):
                outputs[key].append(values)
        return BatchFeature(outputs)

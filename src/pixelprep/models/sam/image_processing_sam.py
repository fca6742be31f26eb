from __future__ import annotations

from ...processing_utils import SizeDict, SizeInput
from ...utils import auto_docstring
from .._promptable import PromptableImageProcessor, PromptableImageProcessorKwargs
from .._tiles import height_and_width


class SamImageProcessorKwargs(PromptableImageProcessorKwargs, total=False):
    """
    mask_pad_size (`int`, `(height, width)` or `dict[str, int]`):
        Size that segmentation maps are padded to.
    """

    mask_pad_size: SizeInput


@auto_docstring
class Sam(PromptableImageProcessor):
    """SAM (arXiv:2304.02643): the longer side to `size`, zeros after normalising up to `pad_size`, prompts with them.

    `original_sizes` and `reshaped_input_sizes` are int64 `(B, 2)`; prompts that are given become `input_points`,
    `input_labels`, `input_boxes`, and segmentation maps int64 `labels` of `mask_pad_size`.
    """

    valid_kwargs = SamImageProcessorKwargs
    further_outputs = ("original_sizes", "reshaped_input_sizes", "labels")
    prompt_dtype = "float64"

    size = {"longest_edge": 1024}
    do_pad = True
    pad_size = {"height": 1024, "width": 1024}
    mask_size = {"longest_edge": 256}
    mask_pad_size = {"height": 256, "width": 256}

    def resize(self, image, size, resample):
        if not size.longest_edge:
            raise ValueError(f"SAM resizes the longer side; give `size` as longest_edge, not {size}")
        height, width = image.shape[-2:]
        scale = size.longest_edge / max(height, width)
        sides = (max(int(side * scale + 0.5), 1) for side in (height, width))
        return super().resize(image, SizeDict(*sides), resample)

    def _sizes(self, seen):
        return {"reshaped_input_sizes": seen}

    def _mask_options(self, options):
        return options.replace(size=options.mask_size, pad_size=options.mask_pad_size)

    def post_process_masks(
        self, masks, original_sizes, reshaped_input_sizes, mask_threshold=0.0, binarize=True, pad_size=None
    ):
        """Masks of the original images from logits of the padded ones; see `postprocess.masks_of_images`."""
        from ...postprocess import masks_of_images

        padded = self._options.pad_size if pad_size is None else SizeDict.parse(pad_size, name="pad_size")
        canvas = height_and_width(padded, self, "pad_size")
        return masks_of_images(masks, original_sizes, reshaped_input_sizes, canvas, mask_threshold, binarize)

from __future__ import annotations

import math

from ... import geometry
from ...image_processing_utils import BaseImageProcessor
from ...image_utils import PILImageResampling, make_flat_list_of_images
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from .._patches import pad_tokens, token_mask
from .header_text import with_header


class Pix2StructImageProcessorKwargs(ImagesKwargs, total=False):
    """
    max_patches (`int`):
        Largest number of patches of an image; every image is padded to it.
    patch_size (`int` or `dict[str, int]`):
        Height and width of a patch in pixels.
    is_vqa (`bool`):
        Draw `header_text`, a question, above each image.
    header_text (`str` or `list[str]`, *optional*):
        One text for all images, or one for each.
    font_path (`str`, *optional*):
        TrueType font of the header; None is the one that Pillow ships. The published models were trained with Arial.
    font_bytes (`bytes`, *optional*):
        The same as the contents of a file.
    """

    max_patches: int
    patch_size: SizeDict
    is_vqa: bool
    header_text: str | tuple[str, ...] | None
    font_path: str | None
    font_bytes: bytes | None


@auto_docstring
class Pix2Struct(BaseImageProcessor):
    """Pix2Struct (arXiv:2210.03347): each image standardised by its own mean and deviation, as many patches as fit.

    `flattened_patches` is `(B, max_patches, 2 + height * width * channels)`: row and column of the patch from 1, then
    its values, channels innermost; zeros are padding. `attention_mask` float32 `(B, max_patches)` is 1 on patches.
    `do_normalize` switches the standardisation; the other common options on size and statistics have no effect.
    """

    valid_kwargs = Pix2StructImageProcessorKwargs
    model_input_names = ["flattened_patches", "attention_mask"]
    unsaved_kwargs = frozenset({"header_text", "font_path", "font_bytes"})
    # The flags of the common steps have no effect: images are always filled into patches.
    needs = dict.fromkeys(("do_resize", "do_center_crop", "do_rescale", "do_normalize"), ())
    pipeline = ("normalize", "fill_patches")

    do_convert_rgb = True
    do_normalize = True
    rescale_factor = None
    patch_size = {"height": 16, "width": 16}
    max_patches = 2048
    is_vqa = False

    def _validate_preprocess_kwargs(self, **kwargs):
        super()._validate_preprocess_kwargs(**kwargs)
        patch = kwargs["patch_size"]
        if patch is None or not (patch.height and patch.width):
            raise ValueError(f"`patch_size` needs `height` and `width`, not {patch}")

    def preprocess(self, images, header_text=None, **kwargs):
        """Turn images, and the questions to draw above them, into model inputs."""
        return super().preprocess(images, **kwargs, **({} if header_text is None else {"header_text": header_text}))

    def without_looking(self, options):
        return {"is_vqa": False} if "is_vqa" in options else {}  # a header is drawn, as high as its text needs

    def _prepare_image_like_inputs(self, images, options, expected_ndims=3):
        if options.get("is_vqa"):
            images = self._with_headers(images, options)
        return super()._prepare_image_like_inputs(images, options=options, expected_ndims=expected_ndims)

    def _with_headers(self, images, options):
        if options.header_text is None:
            raise ValueError("a model for visual questions needs `header_text`, the question; or pass is_vqa=False")
        images = make_flat_list_of_images(self.fetch_images(images, jpeg="pillow"))
        texts = [options.header_text] * len(images) if isinstance(options.header_text, str) else options.header_text
        if len(texts) != len(images):
            raise ValueError(f"`header_text` holds {len(texts)} texts for {len(images)} images; pass one for each")
        fonts = (options.font_path, options.font_bytes, options.input_data_format)
        return [with_header(image, text, *fonts) for image, text in zip(images, texts, strict=True)]

    def normalize(self, image, mean, std):
        """The image by its own mean and standard deviation."""
        return self.ops.standardize(image)

    def fill_patches(self, image, patch_size, max_patches):
        """The image resized to as many whole patches as `max_patches` allows."""
        patch = (patch_size.height, patch_size.width)
        rows, columns = filled_grid(*image.shape[-2:], patch, max_patches)
        return self.ops.resize_float(image, rows * patch[0], columns * patch[1], PILImageResampling.BILINEAR)

    def _preprocess(self, images, options):
        patch, length = (options.patch_size.height, options.patch_size.width), options.max_patches
        images = self.run_pipeline(images, options)
        grids = [(image.shape[-2] // patch[0], image.shape[-1] // patch[1]) for image in images]
        patches = self.map_by_shape(lambda image: self.ops.patchify(image, patch, vector="hwc"), images, options)
        numbered = [self._number(entry, *grid) for entry, grid in zip(patches, grids, strict=True)]
        outputs = {
            "flattened_patches": [pad_tokens(self.ops, entry, length) for entry in numbered],
            "attention_mask": [token_mask(self.ops, entry, length, "float32") for entry in numbered],
            **self.grid_outputs(grids, patch),
        }
        return self.batch_feature(outputs, options)

    def _number(self, patches, rows, columns):
        cells = [(row, column) for row in range(1, rows + 1) for column in range(1, columns + 1)]
        return self.ops.concat([self.ops.cast(self.ops.integers(cells, like=patches), "float32"), patches], axis=-1)

    def grid_outputs(self, grids, patch):
        """What the model is told of each image's `(rows, columns)` of patches."""
        return {}


def filled_grid(height: int, width: int, patch: geometry.Size, max_patches: int) -> geometry.Size:
    """Rows and columns of whole patches of an image scaled to `max_patches` patches (Pix2Struct, arXiv:2210.03347)."""
    scale = math.sqrt(max_patches * (patch[0] / height) * (patch[1] / width))
    rows, columns = (
        max(min(math.floor(scale * side / edge), max_patches), 1)
        for side, edge in zip((height, width), patch, strict=True)
    )
    return rows, columns

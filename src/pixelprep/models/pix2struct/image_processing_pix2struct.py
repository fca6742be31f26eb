from __future__ import annotations

from ... import geometry
from ...header_text import with_header
from ...image_processing_utils import BaseImageProcessor
from ...image_utils import PILImageResampling, make_flat_list_of_images
from ...processing_utils import ImagesKwargs, SizeDict
from ...utils import auto_docstring
from ..siglip2.image_processing_siglip2 import pad_tokens, token_mask


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
        TrueType font of the header; None downloads the one that the published models were trained with.
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
    pipeline = ("normalize", "fill_patches")

    do_convert_rgb = True
    do_normalize = True
    rescale_factor = None
    patch_size = {"height": 16, "width": 16}
    max_patches = 2048
    is_vqa = False

    def _validate_preprocess_kwargs(self, **kwargs):
        patch = kwargs["patch_size"]
        if patch is None or not (patch.height and patch.width):
            raise ValueError(f"`patch_size` needs `height` and `width`, not {patch}")

    def preprocess(self, images, header_text=None, **kwargs):
        """Turn images, and the questions to draw above them, into model inputs."""
        return super().preprocess(images, **kwargs, **({} if header_text is None else {"header_text": header_text}))

    def _preprocess_image_like_inputs(self, images, options):
        if options.get("is_vqa") and self.backend != "shape":  # a header changes no output's shape
            images = self._with_headers(images, options)
        return super()._preprocess_image_like_inputs(images, options=options)

    def _with_headers(self, images, options):
        if options.header_text is None:
            raise ValueError("a model for visual questions needs `header_text`, the question; or pass is_vqa=False")
        images = make_flat_list_of_images(self.fetch_images(images, jpeg="pillow"))
        texts = [options.header_text] * len(images) if isinstance(options.header_text, str) else options.header_text
        if len(texts) != len(images):
            raise ValueError(f"`header_text` holds {len(texts)} texts for {len(images)} images; pass one for each")
        fonts = (options.font_path, options.font_bytes, options.input_data_format)
        return [with_header(image, text, *fonts) for image, text in zip(images, texts, strict=True)]

    def normalize(self, image, mean=None, std=None):
        """The image by its own mean and standard deviation."""
        return self.ops.standardize(image)

    def fill_patches(self, image, patch_size, max_patches):
        """The image resized to as many whole patches as `max_patches` allows."""
        patch = (patch_size.height, patch_size.width)
        rows, columns = geometry.filled_grid(*image.shape[-2:], patch, max_patches)
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

"""Three channels from images of any mode: what alpha, palettes and grey become."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .image_utils import ChannelDimension, infer_channel_dimension_format, is_pil_image

if TYPE_CHECKING:
    import PIL.Image


def convert_to_rgb(image: Any, input_data_format: ChannelDimension | str | None = None) -> Any:
    """Give an image three channels: grey is repeated, alpha is dropped, palettes are looked up.

    Args:
        image: a Pillow image of any mode, converted by Pillow (16-bit grey is clipped at 255); or an array or tensor
            `(H, W)`, `(..., C, H, W)` or `(..., H, W, C)` of any dtype with 1, 3 or 4 channels.
        input_data_format: where an array's channels are; told from its shape if not given. A file that is decoded late
            knows its own.

    Returns:
        An image of the same kind, dtype and layout (channels first for `(H, W)`); the same object where it has three
        channels already, and possibly a view where it had four.

    Raises:
        ValueError: another number of channels.
    """
    if is_pil_image(image):
        return image if image.mode == "RGB" else _convert(image, "RGB")
    input_data_format = getattr(image, "channel_dim", input_data_format)
    if len(image.shape) == 2:
        last = input_data_format is not None and ChannelDimension(input_data_format) is ChannelDimension.LAST
        layout = ChannelDimension.LAST if last else ChannelDimension.FIRST
        image = image[..., None] if last else image[None]
    elif input_data_format is not None:
        layout = ChannelDimension(input_data_format)
    else:
        ends = {image.shape[-3], image.shape[-1]}
        layout = infer_channel_dimension_format(image, (1, 3) if ends & {1, 3} else (1, 3, 4))
    rest = (slice(None),) * 2 if layout is ChannelDimension.FIRST else ()
    channels = image.shape[-1 - len(rest)]
    if channels == 3:
        return image
    if channels == 1:
        return image[(..., [0, 0, 0], *rest)]
    if channels == 4:
        return image[(..., slice(3), *rest)]
    raise ValueError(
        f"cannot convert {channels} channels to RGB (shape {tuple(image.shape)}, {layout}); expected 1, 3 or 4"
    )


def composite_on_white(image: Any) -> Any:
    """Give a Pillow image three channels on a white ground, composited by Pillow in integers (Idefics2, Mllama).

    Arguments, returns and errors are those of `convert_to_rgb`, which takes arrays and tensors; their alpha is dropped.
    """
    if not is_pil_image(image):
        return convert_to_rgb(image)
    if not _may_be_seen_through(image):
        return image
    import PIL.Image

    rgba = _convert(image, "RGBA")
    return PIL.Image.alpha_composite(PIL.Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def blend_on_white(image: Any) -> Any:
    """The same as `composite_on_white`, in float64 and truncated: up to one level darker (Chameleon)."""
    if not is_pil_image(image):
        return convert_to_rgb(image)
    if not _may_be_seen_through(image):
        return image
    import numpy as np
    import PIL.Image

    rgba = np.asarray(_convert(image, "RGBA"))
    alpha = rgba[..., 3:] / 255.0
    if alpha.min() == 1:
        return _convert(image, "RGB")
    return PIL.Image.fromarray(((1 - alpha) * 255 + alpha * rgba[..., :3]).astype(np.uint8))


def _may_be_seen_through(image: PIL.Image.Image) -> bool:
    """Whether an image is other than opaque RGB; a PNG may name one colour of an RGB image as its transparent one."""
    return image.mode != "RGB" or image.info.get("transparency") is not None


def _convert(image: PIL.Image.Image, mode: str) -> PIL.Image.Image:
    # Pillow has no way from premultiplied grey to colour but through plain grey with alpha.
    return (image.convert("LA") if image.mode == "La" else image).convert(mode)

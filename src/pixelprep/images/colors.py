"""Three channels from images of any mode: what transparency, palettes and grey become."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ..core.callers import warn_caller
from ..core.enums import ChannelDimension
from ..image_utils import channel_layout, is_pil_image

if TYPE_CHECKING:
    import PIL.Image

Transparency = Literal["white", "darkened", "dropped"]
"""Composited on white; so, but truncated in double precision, up to one level darker; or left out."""
Rounding = Literal["nearest", "torch"]
"""How bytes of arrays are composited: as Pillow does its images, or in float32 and truncated (`x * 255.999`), as
torchvision's conversions do, which is one level lower for three in ten pairs of a value and an alpha."""

WHITE = 255


def convert_to_rgb(
    image: Any,
    input_data_format: ChannelDimension | str | None = None,
    *,
    transparency: Transparency = "white",
    rounding: Rounding = "nearest",
) -> Any:
    """Give an image three channels: grey is repeated, transparency becomes white, palettes are looked up.

    Args:
        image: a Pillow image of any mode, converted by Pillow (16-bit grey is clipped at 255); or an array or tensor
            `(H, W)`, `(..., C, H, W)` or `(..., H, W, C)` with 1, 3 or 4 channels, the fourth alpha: integers in
            0..255, or floats in 0..1.
        input_data_format: where an array's channels are; told from its shape if not given. A file that is decoded late
            knows its own.
        transparency: what becomes of it, in Pillow images and arrays.
        rounding: of arrays of integers with alpha.

    Returns:
        An image of the same kind, dtype and layout (channels first for `(H, W)`); the same object where it has three
        opaque channels already.

    Raises:
        ValueError: another number of channels, or pixels with alpha that are out of range.
    """
    if is_pil_image(image):
        return _convert_picture(image, transparency)
    input_data_format = getattr(image, "channel_dim", input_data_format)
    if len(image.shape) == 2:
        last = input_data_format is not None and ChannelDimension(input_data_format) is ChannelDimension.LAST
        layout = ChannelDimension.LAST if last else ChannelDimension.FIRST
        image = image[..., None] if last else image[None]
    elif input_data_format is not None:
        layout = ChannelDimension(input_data_format)
    else:
        layout = channel_layout(image, converts=True)
    rest = (slice(None),) * 2 if layout is ChannelDimension.FIRST else ()
    channels = image.shape[-1 - len(rest)]
    if channels == 3:
        return image
    if channels == 1:
        return _repeat(image, -1 - len(rest))
    if channels == 4:
        colors, alpha = image[(..., slice(3), *rest)], image[(..., slice(3, 4), *rest)]
        pixels = not hasattr(image, "channel_dim")  # the dry run's images have none
        return _blend(colors, alpha, rounding) if pixels and transparency != "dropped" else colors
    raise ValueError(
        f"cannot convert {channels} channels to RGB (shape {tuple(image.shape)}, {layout}); expected 1, 3 or 4"
    )


def layout_of(image: Any, given: ChannelDimension | str | None, converts: bool) -> ChannelDimension | None:
    """Where a raw image keeps its channels, whatever is said of arrays in the same batch."""
    layout = None if given is None else ChannelDimension(given)
    if is_pil_image(image):
        return ChannelDimension.LAST
    layout = getattr(image, "channel_dim", layout)  # what was decoded here knows its own
    if layout is None and hasattr(image, "shape"):
        return channel_layout(image, converts) if len(image.shape) > 2 else ChannelDimension.FIRST
    return layout


def needs_three_channels(image: Any, do_convert_rgb: bool | None) -> bool:
    """Whether an image is to be converted: as the option says; a Pillow image, which knows its bands, also unasked."""
    return bool(do_convert_rgb) or (do_convert_rgb is None and is_pil_image(image) and image.mode != "RGB")


def _repeat(image: Any, axis: int) -> Any:
    """One channel as three."""
    if not hasattr(image, "flags"):  # not NumPy's
        return image[(..., [0, 0, 0], *(slice(None),) * (-1 - axis))]
    import numpy as np

    # Pixel by pixel whatever the layout, as the reference keeps them: sums over an image follow the order of memory.
    return np.moveaxis(np.repeat(np.moveaxis(image, axis, -1), 3, axis=-1), -1, axis)


def is_transparent(image: PIL.Image.Image) -> bool:
    """Whether a Pillow image has an alpha band, or names one of its colours as the transparent one, as a PNG may."""
    return "A" in image.getbands() or image.info.get("transparency") is not None


def _convert_picture(image: PIL.Image.Image, transparency: Transparency) -> PIL.Image.Image:
    if transparency == "dropped" or not is_transparent(image):
        return image if image.mode == "RGB" else _convert(image, "RGB")
    import PIL.Image

    rgba = _convert(image, "RGBA")
    if transparency == "white":
        return PIL.Image.alpha_composite(PIL.Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    import numpy as np

    pixels = np.asarray(rgba)
    alpha = pixels[..., 3:] / WHITE
    if alpha.min() == 1:
        return _convert(image, "RGB")
    return PIL.Image.fromarray(((1 - alpha) * WHITE + alpha * pixels[..., :3]).astype(np.uint8))


def _blend(colors: Any, alpha: Any, rounding: Rounding) -> Any:
    """Arrays or tensors on white, in their own dtype.

    Raises:
        ValueError: integers outside 0..255, or floats outside 0..1: white could not be told from them.
    """
    import numpy as np

    tensor = hasattr(colors, "detach")
    if not tensor:
        colors, alpha = np.asarray(colors), np.asarray(alpha)
        kind = colors.dtype.kind
    else:
        kind = "c" if colors.is_complex() else "f" if colors.is_floating_point() else str(colors.dtype)[6]
    if kind == "b":
        return colors | ~alpha
    if kind not in "iuf":
        return colors  # refused where every backend refuses what is no number
    whole = kind != "f"
    white = WHITE if whole else 1
    if "uint8" not in str(colors.dtype):
        _refuse_out_of_range(white, *(part.double() if tensor else part for part in (colors, alpha)))
    if rounding == "torch":
        parts = [part.float() if tensor else part.astype(np.float32) for part in (colors, alpha)]
        values, opacity = (part * _single(1 / white) for part in parts)
        mixed = values * opacity + (1 - opacity)
        mixed = mixed * _single(WHITE + 1 - 1e-3) if whole else mixed
    else:
        opacity = (alpha.double() if tensor and whole else alpha) / white
        mixed = opacity * colors + (1 - opacity) * white
        mixed = mixed.round() if whole else mixed
    return mixed.to(colors.dtype) if tensor else mixed.astype(colors.dtype)


def _single(number: float) -> float:
    """A number that float32 holds: a plain one, so that NumPy and torch stay with float32."""
    import numpy as np

    return float(np.float32(number))


def _refuse_out_of_range(white: int, colors: Any, alpha: Any) -> None:
    low = min(float(part.min()) for part in (colors, alpha))
    high = max(float(part.max()) for part in (colors, alpha))
    if low < 0 or high > white:
        raise ValueError(
            f"with an alpha channel pixels are integers in 0..255 or floats in 0..1; these reach from {low:g} to "
            f"{high:g}. Scale them, or drop the fourth channel"
        )


def _convert(image: PIL.Image.Image, mode: str) -> PIL.Image.Image:
    if image.mode == "F" or image.mode.startswith("I"):
        _warn_of_range(image)
    try:
        # Pillow has no way from premultiplied grey to colour but through plain grey with alpha.
        return (image.convert("LA") if image.mode == "La" else image).convert(mode)
    except ValueError as error:
        raise ValueError(
            f"Pillow cannot make {mode} of an image of mode {image.mode}: convert it first (LAB with PIL.ImageCms)"
        ) from error


def _warn_of_range(image: PIL.Image.Image) -> None:
    """Pillow cuts wide grey at 255, whatever its range; say so where that changes pixels."""
    import numpy as np

    pixels = np.asarray(image)
    low, high = float(pixels.min()), float(pixels.max())
    if low < 0 or high > WHITE or (image.mode == "F" and 0 < high <= 1):
        warn_caller(
            f"an image of mode {image.mode} reaches from {low:g} to {high:g}; it is cut to 0..255, not scaled: scale "
            "its values to 0..255 before"
        )

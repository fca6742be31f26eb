"""What tiling families share: sizes that must be given in full, images padded to squares, tiles cut from a canvas,
samples padded together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from .. import geometry
from ..image_processing_utils import map_images, pad_to

if TYPE_CHECKING:
    from ..image_utils import PILImageResampling
    from ..ops import Array, Ops
    from ..processing_utils import Options, SizeDict

PositiveInt = Annotated[int, msgspec.Meta(ge=1)]
# Every grid of so many tiles is looked at for every image, so that a careless file must not ask for millions.
TileCount = Annotated[int, msgspec.Meta(ge=1, le=1024)]


def height_and_width(size: SizeDict | None, family: object) -> geometry.Size:
    """`(height, width)` of a size in that style.

    Raises:
        ValueError: it is of another style; the message names the family, which is any object of its class.
    """
    if size is None or size.height is None or size.width is None:
        raise ValueError(f"{type(family).__name__} needs a `size` with `height` and `width`, not {size}")
    return size.height, size.width


def pad_to_square(verbs: Ops, image: Array, color: int | Sequence[int]) -> Array:
    """The image in the middle of a square; an odd row or column of padding comes below or to the right.

    Raises:
        ValueError: the colour has not as many values as the image has channels.
    """
    channels = image.shape[-3]
    if isinstance(color, Sequence) and len(color) != channels:
        raise ValueError(
            f"the image has {channels} channel{'s' * (channels > 1)} and the colour of its padding {len(color)}; "
            "pass do_convert_rgb=True, or a colour of as many channels"
        )
    padding = geometry.square_padding(*image.shape[-2:])
    return verbs.pad(image, *padding, color) if any(padding) else image


def mean_color(image_mean: float | Sequence[float] | None) -> int | list[int]:
    """`image_mean` as a pixel value of 0..255, truncated; middle grey where there is no mean."""
    if isinstance(image_mean, Sequence):
        return [int(mean * 255) for mean in image_mean]
    return 127 if image_mean is None else int(image_mean * 255)


def square_edge(size: SizeDict | None, family: object) -> int:
    """The side of a square size.

    Raises:
        ValueError: it is of another style, or not square.
    """
    height, width = height_and_width(size, family)
    if height != width:
        raise ValueError(f"{type(family).__name__} needs a square `size`, not {size}")
    return height


def cut(verbs: Ops, images: Array, height: int, width: int) -> list[Array]:
    """Tiles of `height x width`, row by row; the last of a row or column may be smaller."""
    boxes = geometry.tile_boxes(images.shape[-2], images.shape[-1], height, width)
    return [verbs.crop(images, *box) for box in boxes]


def cut_best_canvas(
    verbs: Ops, image: Array, canvases: Iterable[Sequence[int]], tile: int, resample: PILImageResampling
) -> list[Array]:
    """Square tiles of the canvas that fits an image best, the image centred on it (LLaVA-NeXT)."""
    canvas = geometry.best_resolution(image.shape[-2], image.shape[-1], canvases)
    height, width = geometry.fit_on_canvas(image.shape[-2], image.shape[-1], *canvas)
    fitted = verbs.resize(image, height, width, resample)
    rows, columns = geometry.split_padding(canvas[0] - height), geometry.split_padding(canvas[1] - width)
    return cut(verbs, verbs.pad(fitted, *rows, *columns), tile, tile)


def blank(verbs: Ops, tile: Array) -> Array:
    """Zeros of the shape, pixel type and device of a tile."""
    height, width = tile.shape[-2:]
    return verbs.crop(verbs.pad(tile, 0, height, 0, 0), height, 0, height, width)


def as_float(verbs: Ops, images: Array, options: Options) -> Array:
    """Floating-point pixels, where neither rescaling nor normalisation has made them so; "uint8" can be asked for."""
    return images if options.do_rescale or options.do_normalize else verbs.cast(images, options.dtype or "float32")


def batch_samples(verbs: Ops, samples: list[list[Array]], options: Options) -> dict[str, Any]:
    """Images of all samples as one array, padded at the bottom and the right to the largest, and their int64 mask.

    Without `do_pad` no mask, and as `return_tensors` asks: lists, or one array of images that must have one size and
    samples that must have one length.
    """
    if not options.do_pad:
        return {"pixel_values": samples if options.return_tensors is None else [verbs.stack(s) for s in samples]}
    height, width = (max(image.shape[axis] for images in samples for image in images) for axis in (-2, -1))
    padded = map_images(lambda image: pad_to(verbs, image, height, width), samples)
    stacked = verbs.stack(padded, options.dtype)
    masks = map_images(lambda image: verbs.pixel_mask(image.shape[-2], image.shape[-1], height, width), samples)
    return {
        # The reference's PIL classes leave bytes.
        "pixel_values": stacked if verbs.pil_conventions else as_float(verbs, stacked, options),
        "pixel_attention_mask": verbs.stack(masks),
    }

"""What tiling families share: how images become tiles, and tiles outputs; sizes that must be given in full, images
padded to squares, samples padded together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec

from .. import geometry
from ..core.nesting import leaves
from ..image_processing_utils import BaseImageProcessor, Stacked, map_images, pad_to
from ..steps.nesting import Views

if TYPE_CHECKING:
    from ..image_processing_outputs import BatchFeature
    from ..image_utils import PILImageResampling
    from ..ops import Array, Ops
    from ..processing_utils import Options, SizeDict

PositiveInt = Annotated[int, msgspec.Meta(ge=1)]
# Every grid of so many tiles is looked at for every image, so that a careless file must not ask for millions.
TileCount = Annotated[int, msgspec.Meta(ge=1, le=1024)]


class TiledImageProcessor(BaseImageProcessor):
    """Images shown in several views: tiles of one size, cut from a canvas, and the whole image beside them.

    A family says how many tiles an image has (`grid`) and, where it is not the usual, the size of one (`tile_sides`),
    what they are cut from (`canvas`), how the whole image is shown (`whole`), which of them the model sees and in what
    order (`views`), and what becomes of them (`outputs`, `lists`). What takes an image takes arrays `(..., C, H, W)`.
    """

    pipeline = ("rescale_and_normalize",)

    def _preprocess(self, images: list[Any], options: Options) -> BatchFeature:
        return self.encode(images, self.all_views(images, options), options)

    def all_views(self, images: list[Any], options: Options) -> list[Any]:
        """The views of each image, in the nesting of the images."""
        return self.map_by_shape(lambda image: self.views(image, options), images, options)

    def encode(self, images: list[Any], views: list[Any], options: Options) -> BatchFeature:
        """The outputs from the views of each image; those of a sample become one list."""
        nested = self.nested_images
        shown = [list(map(Views, some)) for some in views] if nested else list(map(Views, views))
        views = [list(leaves(some)) for some in self.run_pipeline(shown, options)]
        encoded = self.batch_feature(self.outputs(images, views, options), options)
        encoded.update(self.lists(images, views, options))
        return encoded

    def outputs(self, images: list[Any], views: list[Any], options: Options) -> dict[str, Any]:
        """The outputs from finished views, one list for each image, or for each sample."""
        return {"pixel_values": list(leaves(views))}

    def lists(self, images: list[Any], views: list[Any], options: Options) -> dict[str, Any]:
        """What is told of the images as plain lists, whatever `return_tensors` says."""
        return {}

    def views(self, image: Array, options: Options) -> list[Array]:
        """What the model is shown of one image: its tiles row by row, and last the whole if there are several."""
        tiles = self.tiles(image, options)
        return tiles if len(tiles) == 1 else [*tiles, self.whole(image, options)]

    def tiles(self, image: Array, options: Options) -> list[Array]:
        """The tiles of one image, row by row."""
        return cut(self.ops, self.canvas(image, options), *self.tile_sides(options))

    def canvas(self, image: Array, options: Options) -> Array:
        """What the tiles are cut from: the image warped to their grid."""
        (height, width), (rows, columns) = self.tile_sides(options), self.grid(*image.shape[-2:], options)
        return self.ops.resize(image, rows * height, columns * width, options.resample)

    def whole(self, image: Array, options: Options) -> Array:
        """The whole image, warped to the size of a tile."""
        return self.ops.resize(image, *self.tile_sides(options), options.resample)

    def tile_sides(self, options: Options) -> geometry.Size:
        """Height and width of a tile in pixels: `tile_size` in families that have it, else `size`."""
        edge = options.get("tile_size")
        return (edge, edge) if edge else height_and_width(options.size, self)

    def grid(self, height: int, width: int, options: Options) -> geometry.Size:
        """Numbers of rows and columns of tiles of an image."""
        raise NotImplementedError(f"{type(self).__name__} does not say how many tiles an image has")


class OverviewImageProcessor(TiledImageProcessor):
    """Whole images as one output, and the tiles of all images as another, which is absent if there are none."""

    always_stacked: ClassVar[bool] = False
    """Whether each output is one array, whatever `return_tensors` says."""

    def _preprocess(self, images: list[Any], options: Options) -> BatchFeature:
        tiles = self.map_by_shape(lambda image: self.tiles(image, options), images, options)
        views = self.map_by_shape(lambda image: self.whole(image, options), images, options)
        batch = Stacked if self.always_stacked else list
        outputs = {
            "pixel_values": batch(self.run_pipeline(views, options)),
            "num_local_patches": [len(some) for some in tiles],
        }
        if local := list(leaves(tiles)):
            outputs["pixel_values_local"] = batch(self.run_pipeline(local, options))
        encoded = self.batch_feature(outputs, options)
        encoded.update(self.lists(images, tiles, options))
        return encoded


def height_and_width(size: SizeDict | None, family: object, name: str = "size") -> geometry.Size:
    """`(height, width)` of a size in that style, an option called `name`.

    Raises:
        ValueError: it is of another style; the message names the family, which is any object of its class.
    """
    if size is None or size.height is None or size.width is None:
        raise ValueError(f"{type(family).__name__} needs a `{name}` with `height` and `width`, not {size}")
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
    padding = square_padding(*image.shape[-2:])
    return verbs.pad(image, *padding, color) if any(padding) else image


def mean_color(image_mean: float | Sequence[float] | None) -> int | list[int]:
    """`image_mean` as a pixel value of 0..255, truncated; middle grey where there is no mean."""
    if image_mean is None:
        return 127
    colors = [int(mean * 255) for mean in (image_mean if isinstance(image_mean, Sequence) else (image_mean,))]
    return colors[0] if len(colors) == 1 else colors


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


def best_canvas(verbs: Ops, image: Array, canvases: Iterable[Sequence[int]], resample: PILImageResampling) -> Array:
    """The image, its aspect ratio kept, in the middle of the canvas that fits it best (LLaVA-NeXT)."""
    canvas = geometry.best_resolution(image.shape[-2], image.shape[-1], canvases)
    height, width = geometry.fit_on_canvas(image.shape[-2], image.shape[-1], *canvas)
    fitted = verbs.resize(image, height, width, resample)
    rows, columns = geometry.split_padding(canvas[0] - height), geometry.split_padding(canvas[1] - width)
    return verbs.pad(fitted, *rows, *columns)


def blank(verbs: Ops, tile: Array) -> Array:
    """Zeros of the shape, pixel type and device of a tile."""
    height, width = tile.shape[-2:]
    return verbs.crop(verbs.pad(tile, 0, height, 0, 0), height, 0, height, width)


def as_float(verbs: Ops, image: Array, options: Options) -> Array:
    """Floating-point pixels, where neither rescaling nor normalisation has made them so; "uint8" can be asked for."""
    made = options.do_rescale or options.do_normalize or options.dtype == "uint8"
    return image if made else verbs.cast(image, "float32")


def batch_samples(verbs: Ops, samples: list[list[Array]], options: Options) -> dict[str, Any]:
    """Images of all samples as one array, padded at the bottom and the right to the largest, and their int64 mask.

    Without `do_pad` no mask, and as `return_tensors` asks: lists, or one array of images that must have one size and
    samples that must have one length.
    """
    if not options.do_pad:
        return {"pixel_values": samples if options.return_tensors is None else [Stacked(s) for s in samples]}
    height, width = (max(image.shape[axis] for images in samples for image in images) for axis in (-2, -1))

    def pad(image: Array) -> Array:
        padded = pad_to(verbs, image, height, width)
        return padded if verbs.conventions.keeps_bytes else as_float(verbs, padded, options)

    masks = map_images(lambda image: verbs.pixel_mask(image.shape[-2], image.shape[-1], height, width), samples)
    return {"pixel_values": Stacked(map_images(pad, samples)), "pixel_attention_mask": Stacked(masks)}


def square_padding(height: int, width: int) -> tuple[int, int, int, int]:
    """Padding above, below, before and after that centres an image on the square of its longer side."""
    side = max(height, width)
    return *geometry.split_padding(side - height), *geometry.split_padding(side - width)

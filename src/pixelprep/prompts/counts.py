"""How many features an image takes and how they are arranged: functions of what its processor makes of its size.

Each takes `Made` and gives `Tiles`: rows of tiles with the number of features of each, and an overview beside them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ..core.tokens import TokenPart
from ..geometry import best_resolution


class MissingNumberError(ValueError):
    """A count needs a number of the prompt side that neither the checkpoint's files nor the caller gave."""


@dataclass(frozen=True)
class Made:
    """What an image processor makes of one image, and the numbers that only the prompt side knows.

    Attributes:
        size: height and width of the image.
        shapes: shape of each output, for a batch of this one image.
        values: outputs that hold integers, as nested lists.
        options: the image processor's options for the call.
        numbers: the arguments of `processor_config.json`, or what stands for them.
        who: whose numbers these are, for errors.
        asks: how a caller gives a number that is missing, for errors.
    """

    size: tuple[int, int]
    shapes: Mapping[str, Sequence[int]]
    values: Mapping[str, Any]
    options: Mapping[str, Any]
    numbers: Mapping[str, Any]
    who: str = "this layout"
    asks: str = "pass {name}=..."

    def number(self, name: str) -> Any:
        """A number of the prompt side.

        Raises:
            MissingNumberError: it is not known.
        """
        value = self.numbers.get(name)
        if value is None:
            raise MissingNumberError(
                f"{self.who} needs `{name}`, which stands in a checkpoint's processor_config.json; "
                + self.asks.format(name=name)
            )
        return value

    def setting(self, name: str) -> Any:
        """An option of the image processor.

        Raises:
            MissingNumberError: it has none of that name, or none is set.
        """
        value = self.options.get(name)
        if value is None:
            raise MissingNumberError(f"{self.who} needs the image processor's `{name}`, which is not set; pass it")
        return value


class Outputs(Mapping[str, Any]):
    """Outputs as nested lists, each when somebody asks for it: masks of pixels are millions of them."""

    def __init__(self, outputs: Mapping[str, Any]) -> None:
        self._outputs = outputs

    def __getitem__(self, name: str) -> Any:
        output = self._outputs[name]
        values = getattr(output, "values", None)
        if values is not None and not callable(values):
            return values
        return output.tolist() if hasattr(output, "tolist") else output

    def __iter__(self) -> Iterator[str]:
        return iter(self._outputs)

    def __len__(self) -> int:
        return len(self._outputs)


@dataclass(frozen=True)
class Tiles:
    """Features of every tile, in rows of tiles, and of an overview of the whole image; None: there is none.

    Attributes:
        rows: how many features each tile takes.
        overview: how many the overview takes.
        words: what stands in the text of an expansion for `{h}` and its like.
        parts: what a run of the model's own order is made of; () where rows and overview say it.
        of_features: whether the rows are rows of features, not of tiles.
    """

    rows: tuple[tuple[int, ...], ...]
    overview: int | None = None
    words: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[TokenPart, ...] = ()
    of_features: bool = False

    @property
    def num_features(self) -> int:
        return sum(map(sum, self.rows)) + (self.overview or 0)


Count = Callable[[Made], "Tiles | tuple[Tiles, ...]"]


def run(count: int, *parts: TokenPart) -> Tiles:
    """One tile of so many features."""
    return Tiles(((count,),), parts=parts)


def grid(height: int, width: int, *, newline: bool = False, extra: int = 0) -> Tiles:
    """One run that shows the image row by row; each row may end in a place that shows nothing."""
    count = height * (width + newline)
    return run(count + extra, TokenPart("image", count, height, width, newline))


def of_rows(height: int, width: int) -> Tiles:
    """Rows of `width` features."""
    return Tiles(((width,),) * height, of_features=True)


# -------------------------------------------------------------------------------------------------- grids of patches


def merged_grid(made: Made) -> Tiles:
    """The patch grid, `merge_size` patches each way taken together."""
    time, height, width = made.values["image_grid_thw"][0]
    merge = made.setting("merge_size")
    return grid(time * height // merge, width // merge)


def whole_grid(made: Made) -> Tiles:
    """Every patch of the grid."""
    time, height, width = made.values["image_grid_thw"][0]
    return grid(time * height, width)


def shuffled_grid(made: Made) -> Tiles:
    """The patch grid, as many patches together as the pixel shuffle takes (Nemotron H)."""
    height, width = made.values["image_grid_hw"][0]
    side = round(1 / made.setting("downsample_ratio"))
    return grid(height // side, width // side)


def rows_with_newlines(made: Made) -> Tiles:
    """Merged rows with one place more each; two places around them if `cat_extra_token` (HunYuan)."""
    _, height, width = made.values["image_grid_thw"][0]
    merge = made.setting("merge_size")
    return grid(height // merge, width // merge, newline=True, extra=2 if made.numbers.get("cat_extra_token") else 0)


def grid_rows(made: Made) -> Tiles:
    """Rows of the patch grid as they are (NeoMME)."""
    height, width = made.values["image_grid_hw"][0]
    return of_rows(height, width)


def given_by(name: str) -> Count:
    """The number of features that the image processor gives itself."""
    return lambda made: run(int(made.values[name][0]))


# ------------------------------------------------------------------------------------------------ sizes over a unit


def _units(made: Made) -> tuple[int, int]:
    height, width = made.values["image_sizes"][0]
    unit = made.number("patch_size") * made.number("spatial_merge_size")
    return height // unit, width // unit


def resized_units(made: Made) -> Tiles:
    """The resized image in units of `patch_size * spatial_merge_size` pixels (LightOnOCR)."""
    return grid(*_units(made))


def resized_rows(made: Made) -> Tiles:
    """The same in rows (Pixtral)."""
    return of_rows(*_units(made))


def _codes(made: Made) -> tuple[int, int]:
    height, width = made.values["image_sizes"][0]
    factor = made.setting("spatial_factor")
    return height // factor, width // factor


def code_rows(made: Made) -> Tiles:
    """Rows of the codes of an image tokenizer, their number said in the text (Apertus 1.5)."""
    height, width = _codes(made)
    return replace(of_rows(height, width), words={"h": height, "w": width})


def codes_with_newlines(made: Made) -> Tiles:
    """The same in one run, where each row's end counts as a code (Emu3)."""
    height, width = _codes(made)
    return replace(grid(height, width, newline=True), words={"h": height, "w": width})


def unpadded_rows(made: Made) -> Tiles:
    """Rows of patches that show the image, without the padding (Fuyu)."""
    patch = made.setting("patch_size")
    height, width = (made.values[f"image_unpadded_{side}"][0][0] for side in ("heights", "widths"))
    return of_rows(*(min(math.ceil(size / side), full) for size, side, full in _fuyu_sides(made, patch, height, width)))


def _fuyu_sides(made: Made, patch: Any, height: int, width: int) -> list[tuple[int, int, int]]:
    rows, columns = patch.height, patch.width
    full_height, full_width = made.shapes["images"][-2:]
    return [(height, rows, full_height // rows), (width, columns, full_width // columns)]


# ------------------------------------------------------------------------------------------------- one fixed number


def constant(name: str) -> Count:
    """A number of the prompt side."""
    return lambda made: run(made.number(name))


def image_sequence(made: Made) -> Tiles:
    """The image processor's `image_seq_length` (PaliGemma, Florence-2)."""
    return run(made.setting("image_seq_length"))


def _selected(made: Made) -> int:
    """What a model's choice of features adds to its patches: a class token kept, or not."""
    dropped: bool = made.number("vision_feature_select_strategy") == "default"
    return int(made.numbers.get("num_additional_image_tokens") or 0) - dropped


def output_patches(made: Made) -> Tiles:
    """The output in patches (LLaVA)."""
    height, width = made.shapes["pixel_values"][-2:]
    patch = made.number("patch_size")
    return grid(height // patch, width // patch, extra=_selected(made))


# ---------------------------------------------------------------------------------------------------------- any res


def _unpadded(made: Made, side: int) -> tuple[int, int]:
    """Rows and columns of features that are left of the best resolution when its padding is taken away.

    The image's shape decides, in floats rounded to 7 digits (LLaVA-NeXT, arXiv:2310.03744 and its code).
    """
    height, width = made.size
    tile = made.shapes["pixel_values"][-1]
    best_height, best_width = best_resolution(height, width, made.setting("image_grid_pinpoints"))
    rows, columns = side * (best_height // tile), side * (best_width // tile)
    if width / height > columns / rows:
        kept = int(round(height * (columns / width), 7))
        rows -= 2 * ((rows - kept) // 2)
    else:
        kept = int(round(width * (rows / height), 7))
        columns -= 2 * ((columns - kept) // 2)
    return rows, columns


def any_resolution(made: Made) -> Tiles:
    """Rows of the unpadded best resolution with a newline each, and the overview (LLaVA-NeXT, Granite Vision)."""
    side = made.shapes["pixel_values"][-1] // made.number("patch_size")
    if made.numbers.get("downsample_rate"):
        kept, _, of = str(made.numbers["downsample_rate"]).partition("/")
        side = int(side * float(kept)) if not of else side * int(kept) // int(of)
    return _any_resolution(side, *_unpadded(made, side), _selected(made))


def _any_resolution(side: int, rows: int, columns: int, extra: int) -> Tiles:
    overview = TokenPart("overview", side**2, side, side)
    image = TokenPart("image", rows * (columns + 1), rows, columns, newline=True)
    return run(overview.count + image.count + extra, overview, image)


def capped_resolution(made: Made) -> Tiles:
    """The same, scaled down where it has more tiles' worth than `vision_aspect_ratio` allows (LLaVA-OneVision)."""
    dropped = made.number("vision_feature_select_strategy") == "default"
    features = made.number("num_image_tokens")
    if made.numbers.get("in_sample_of_several"):  # images of one sample are not tiled
        return run(features + 1 - dropped)
    side = int(math.sqrt(features))
    rows, columns = _unpadded(made, side)
    most = int(str(made.number("vision_aspect_ratio")).removeprefix("anyres_max_"))
    ratio = math.sqrt(rows * columns / (most * side**2))
    if ratio > 1.1:
        rows, columns = int(rows // ratio), int(columns // ratio)
    return _any_resolution(side, rows, columns, -dropped)


# ------------------------------------------------------------------------------------------------------------ tiles


def tiled(count: int, features: int, whole: Literal["first", "last", "absent"]) -> Tiles:
    """Tiles and the whole image, each of so many features, in one run."""
    if count == 1:
        return run(features, TokenPart("image", features))
    overview = [] if whole == "absent" else [TokenPart("overview", features)]
    tiles = [TokenPart("tile", features, tile=(0, number)) for number in range(count - len(overview))]
    return run(count * features, *(overview + tiles if whole == "first" else tiles + overview))


def tiles_of(name: str, number: str) -> Count:
    """`num_patches` tiles or so in one run, each of a constant number of features (InternVL, GOT-OCR 2)."""
    return lambda made: tiled(int(made.values[name][0]), made.number(number), whole="last")


def sized_tiles(made: Made) -> Tiles:
    """Tiles whose number of features their side decides (Aria)."""
    count, side = made.shapes["pixel_values"][0], made.shapes["pixel_values"][-1]
    table = {int(key): value for key, value in made.number("size_conversion").items()}
    if side not in table:
        raise MissingNumberError(f"{made.who}: `size_conversion` has no number for tiles of {side} pixels: {table}")
    return tiled(count, table[side], whole="absent")


def pooled_tiles(made: Made) -> Tiles:
    """Tiles and overview in pooled patches (Perception LM)."""
    *_, tiles, _, height, width = made.shapes["pixel_values"]
    unit = made.number("patch_size"), made.number("pooling_ratio")
    return tiled(tiles, (height // unit[0] // unit[1]) * (width // unit[0] // unit[1]), whole="first")


def listed_tiles(made: Made) -> Tiles:
    """A list of tiles, the overview last or alone (Aya Vision)."""
    features = (made.number("img_size") // made.number("patch_size")) ** 2
    return Tiles((((features,) * (int(made.values["num_patches"][0]) - 1)),), features)


def marked_tiles(made: Made) -> Tiles:
    """A list of tiles of `patch_size ** 2` features, the overview last or alone (Cohere2 Vision)."""
    features = made.setting("patch_size") ** 2
    return Tiles((((features,) * (int(made.values["num_patches"][0]) - 1)),), features)


def masked_rows(made: Made) -> Tiles:
    """Tiles that a mask breaks into rows, the overview last (Step 3.7)."""
    tile, overview = made.number("num_patch_tokens"), made.number("num_image_tokens")
    rows: list[list[int]] = [[]]
    count = int(made.values["num_local_patches"][0])
    for ends in made.values["patch_newline_masks"][0][:count] if count else ():
        rows[-1].append(tile)
        if ends:
            rows.append([])
    return Tiles(tuple(tuple(row) for row in rows if row), overview)


def repeated(made: Made) -> Tiles:
    """As many runs as the processor makes of the image: one, or four crops and the whole (Idefics 2)."""
    return Tiles(((made.number("image_seq_len"),) * made.shapes["pixel_values"][1],))


def pan_and_scan(made: Made) -> Tiles:
    """The image, and crops of it after it (Gemma 3)."""
    features, crops = made.number("image_seq_length"), int(made.values["num_crops"][0])
    return Tiles(((features,) * crops,) if crops else (), features)


# ----------------------------------------------------------------------------------------- rows and columns of tiles


def _grid_of(features: int, rows: int, columns: int) -> tuple[tuple[int, ...], ...]:
    return ((features,) * columns,) * rows


def split_tiles(made: Made) -> Tiles:
    """Rows and columns of tiles, and the whole image; only that where nothing is split (Idefics 3, SmolVLM)."""
    rows, columns = made.values["rows"][0][0], made.values["cols"][0][0]
    return Tiles(_grid_of(made.number("image_seq_len"), rows, columns), made.number("image_seq_len"))


def docling_tiles(made: Made) -> Tiles:
    """The same, but one tile stands alone; four times the features on the fine route (Granite Docling)."""
    rows, columns = made.values["rows"][0][0], made.values["cols"][0][0]
    features = made.number("image_seq_len") * (4 if made.options.get("fine_route") else 1)
    return Tiles(_grid_of(features, rows, columns), features if rows * columns > 1 else None)


def shuffled_tiles(made: Made) -> Tiles:
    """Rows and columns of tiles, and the whole image (Llama 4)."""
    height, width = made.shapes["pixel_values"][-2:]
    patch = made.number("patch_size")
    shuffled = round(1 / made.number("pixel_shuffle_ratio") ** 2)
    features = (height // patch) * (width // patch) // shuffled
    rows, columns = made.values["aspect_ratios"][0]
    return Tiles(_grid_of(features, rows, columns) if rows * columns > 1 else (), features)


def ovis_tiles(made: Made) -> Tiles:
    """The whole image, and its tiles if there is more than one (Ovis 2)."""
    features, (rows, columns) = made.number("image_seq_length"), made.values["grids"][0]
    return Tiles(_grid_of(features, rows, columns) if rows * columns > 1 else (), features)


def lfm_tiles(made: Made) -> Tiles:
    """Tiles of one size and a thumbnail of its own, or one image (LFM2-VL)."""
    patch, down = made.setting("encoder_patch_size"), made.setting("downsample_factor")
    rows, columns = made.values["image_rows"][0], made.values["image_cols"][0]
    height, width = made.values["image_sizes"][0]
    alone = math.ceil(height // patch / down) * math.ceil(width // patch / down)
    if rows * columns == 1:
        return Tiles((), alone)
    tile = math.ceil(made.setting("tile_size") // patch / down) ** 2
    return Tiles(_grid_of(tile, rows, columns), alone if made.options.get("use_thumbnail") else None)


def slices(made: Made) -> Tiles:
    """The whole image, then slices of it, each with its own number of features (MiniCPM-V)."""
    unit = 4 if made.options.get("downsample_mode") == "4x" else 16
    overview, *counts = (height * width // unit for height, width in made.values["target_sizes"])
    rows, columns = made.values["grids"][0]
    return Tiles(tuple(tuple(counts[row * columns : (row + 1) * columns]) for row in range(rows)), overview)


def two_grids(made: Made) -> tuple[Tiles, ...]:
    """Rows of an overview, then rows of the whole image at full size (Molmo 2)."""
    low_rows, low_columns, rows, columns = made.values["image_grids"][0]
    return of_rows(low_rows, low_columns), of_rows(rows, columns)


# ------------------------------------------------------------------------------------------------------ DeepSeek OCR


def compressed_tiles(made: Made) -> Tiles:
    """Overview, tiles and one separator in one run (DeepSeek-OCR 2)."""
    patch, ratio = made.number("patch_size"), made.number("downsample_ratio")
    overview = math.ceil(made.shapes["pixel_values"][-1] / patch / ratio) ** 2
    tile = math.ceil(made.setting("tile_size") / patch / ratio) ** 2
    return run(overview + tile * int(made.values["num_local_patches"][0]) + 1)


def compressed_tiles_with_newlines(made: Made) -> Tiles:
    """The same with a place at the end of every row (Unlimited OCR)."""
    patch, ratio = made.number("patch_size"), made.number("downsample_ratio")
    side = math.ceil(max(made.shapes["pixel_values"][-2:]) // patch / ratio)
    tile = math.ceil(made.setting("tile_size") // patch / ratio)
    columns, rows = made.values["patches_grid"][0]
    tiles = rows * tile * (columns * tile + 1) if made.values["num_local_patches"][0] else 0
    return run(side * (side + 1) + 1 + tiles)

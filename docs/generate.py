"""Write one page for each family into docs/families: `make docs`.

The picture on a page shows what the model sees of one photograph. It comes from the family's own code, run on a backend
that leaves pixel values alone and notes the images that would have been normalised, and the patches they are cut into.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from pixelprep import load_image, ops
from pixelprep.image_processing_utils import BaseImageProcessor
from pixelprep.ops.pil import PilOps
from pixelprep.registry import FAMILIES, Family, written_families
from pixelprep.utils import kwargs_documentation

DOCS = Path(__file__).parent
PAGES = DOCS / "families"
PHOTO = DOCS.parent / "examples" / "photos" / "chelsea.jpg"
WIDTH, GAP = 640, 6


class DrawnOps(PilOps):
    """Pillow's verbs, but values stay bytes and what reaches the value steps is noted."""

    name = "drawn"

    def __init__(self) -> None:
        self.frames: dict[str, list[np.ndarray[Any, Any]]] = {}
        self.patch: tuple[int, int] | None = None

    def _note(self, step: str, images: Any) -> Any:
        stack = images.reshape(-1, *images.shape[-3:])
        self.frames.setdefault(step, []).extend(np.clip(stack, 0, 255).astype(np.uint8))
        return images

    def rescale(self, images: Any, scale: float) -> Any:
        return self._note("rescale", images)

    def normalize(self, images: Any, mean: Any, std: Any) -> Any:
        return self._note("normalize", images)

    def rescale_and_normalize(self, images: Any, scale: float, mean: Any, std: Any) -> Any:
        return self._note("normalize", images)

    def standardize(self, images: Any) -> Any:
        return self._note("normalize", images)

    def patchify(self, images: Any, patch: Any, merge: int = 1, copies: int = 1, vector: str = "cthw") -> Any:
        self.patch = (patch, patch) if isinstance(patch, int) else patch
        self._note("patchify", images)
        return super().patchify(images, patch, merge, copies, vector)


def picture(family: Family) -> Image.Image:
    """What the model sees: every image that reaches it, side by side, patches ruled in."""
    drawn = DrawnOps()
    ops.register_backend("drawn", lambda: lambda: drawn, exist_ok=True)  # type: ignore[arg-type,return-value]
    family.load().on("drawn")()([load_image(PHOTO)], return_tensors=None)
    frames = next((drawn.frames[step] for step in ("patchify", "normalize", "rescale") if step in drawn.frames), [])
    tiles = [ImageOps.expand(_ruled(frame, drawn.patch), 1, "black") for frame in frames]
    columns = 1 if len(tiles) == 1 else max(2, round(len(tiles) ** 0.5))
    cell = (WIDTH - GAP * (columns - 1)) // columns
    small = [tile.resize((cell, max(1, round(tile.height * cell / tile.width)))) for tile in tiles]
    height = max((tile.height for tile in small), default=1)
    rows = -(-len(small) // columns)
    sheet = Image.new("RGB", (WIDTH, rows * (height + GAP) - GAP), "white")
    for index, tile in enumerate(small):
        sheet.paste(tile, (index % columns * (cell + GAP), index // columns * (height + GAP)))
    return sheet


def _ruled(frame: np.ndarray[Any, Any], patch: tuple[int, int] | None) -> Image.Image:
    pixels = np.broadcast_to(frame, (3, *frame.shape[1:])) if frame.shape[0] == 1 else frame[:3]
    image = Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    draw = ImageDraw.Draw(image)
    if patch is not None:
        for x in range(patch[1], image.width, patch[1]):
            draw.line([(x, 0), (x, image.height)], fill="white")
        for y in range(patch[0], image.height, patch[0]):
            draw.line([(0, y), (image.width, y)], fill="white")
    return image


def page(family: Family) -> str:
    """The text of a family's page."""
    cls = family.load().on("reference")
    processor = cls()
    summary, _, rest = _own_docstring(family.load()).partition("\n\n")
    width, height = load_image(PHOTO).size
    lines = [
        f"# {family.name}",
        "",
        summary.replace("\n", " "),
        "",
        *([rest, ""] if rest else []),
        f"Model types: {', '.join(f'`{name}`' for name in family.model_types)}.",
        "",
        f"![What the model sees of one photograph]({family.folder}.jpg)",
        "",
        "## Outputs",
        "",
        f"For one RGB image of {height}x{width}, as `output_shapes({height}, {width})` gives them:",
        "",
        "| output | shape | dtype | values |",
        "|---|---|---|---|",
        *_outputs(processor, height, width),
        "",
        "## Settings",
        "",
        "| name | default | |",
        "|---|---|---|",
        *_settings(cls),
        "",
        "Names that every image processor takes are in `ImagesKwargs`; those listed here have a default of their own.",
        "",
        "## Backends",
        "",
        ", ".join(f"`{family.name}ImageProcessor{backend.suffix}` ({name})" for name, backend in _backends()) + ".",
    ]
    deviations = [row for row in _deviations() if re.search(rf"\b{family.name}\b", row)]
    if deviations:
        lines += [
            "",
            "## Deviations from transformers",
            "",
            "| no. | where | transformers | pixelprep |",
            "|---|---|---|---|",
        ]
        lines += deviations
    return "\n".join(lines) + "\n"


def _own_docstring(cls: type) -> str:
    return inspect.cleandoc(cls.__doc__ or "").partition("\n\nArgs:")[0]


def _outputs(processor: BaseImageProcessor, height: int, width: int) -> Iterator[str]:
    for name, array in processor.output_shapes(height, width).items():
        values = "" if array.values is None else f"`{array.values}`"
        yield f"| `{name}` | {tuple(array.shape)} | {array.dtype} | {values if len(values) < 80 else '...'} |"


def _settings(cls: type[BaseImageProcessor]) -> Iterator[str]:
    documented = dict(re.findall(r"^(\w+) \(.*?\):\n((?:    .*\n?)+)", kwargs_documentation(cls), re.M))
    for name, value in cls().to_dict().items():
        if name != "image_processor_type":
            text = " ".join(documented.get(name, "").split())
            default = str(value) if len(str(value)) < 60 else str(value)[:57] + "..."
            yield f"| `{name}` | `{default}` | {text} |"


def _backends() -> list[tuple[str, ops.Backend]]:
    return [(name, backend) for name, backend in ops.backends().items() if name in (*ops.DEFAULT_ORDER, "mlx")]


def _deviations() -> list[str]:
    return [line for line in (DOCS / "deviations.md").read_text().splitlines() if line.startswith("| Q")]


def main() -> None:
    """Write every page, its picture, and the list of all."""
    PAGES.mkdir(exist_ok=True)
    index = ["# Families", "", "One page each, written by `make docs`.", "", "| family | |", "|---|---|"]
    for name in written_families():
        family = FAMILIES[name]
        (PAGES / f"{family.folder}.md").write_text(page(family))
        picture(family).save(PAGES / f"{family.folder}.jpg", quality=70, optimize=True)
        summary = _own_docstring(family.load()).partition("\n\n")[0].replace("\n", " ")
        index.append(f"| [{name}]({family.folder}.md) | {summary} |")
        print(name, file=sys.stderr)
    (PAGES / "README.md").write_text("\n".join(index) + "\n")


if __name__ == "__main__":
    main()

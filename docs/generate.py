"""Write one page for each family into docs/families: `make docs`.

The picture on a page shows what the model sees of one photograph: a plan's regions over it, and the images that reach
the model, with the patches they are cut into.
"""

from __future__ import annotations

import inspect
import json
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageOps

sys.path.insert(0, str(Path(__file__).parent))
from drawings import RESULTS

from pixelprep import load_image, ops
from pixelprep.image_processing_utils import BaseImageProcessor
from pixelprep.prompts import Expansion, MissingNumberError, PromptLayout
from pixelprep.prompts.rows import ROWS
from pixelprep.registry.families import FAMILIES, Family, written_families
from pixelprep.utils import kwargs_documentation
from pixelprep.visualize import draw_plan, seen

DOCS = Path(__file__).parent
PAGES = DOCS / "families"
PHOTO = DOCS.parent / "examples" / "photos" / "chelsea.jpg"
WIDTH, GAP = 640, 6
MOST_RUNS = 16
SETTINGS = {"PaliGemmaProcessor": {"image_seq_length": 256}, "ColPaliProcessor": {"image_seq_length": 1024}}
SETTINGS["Florence2Processor"] = {"image_seq_length": 577}
PAIRED = ("SuperGlue", "LightGlue", "EfficientLoFTR")


def example(family: Family) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What a family is called with: the photograph, and what must stand beside it."""
    photo = load_image(PHOTO)
    if family.name in PAIRED:
        return ([photo, photo],), {}
    if family.name == "VitPose":
        return ([photo], [[[100.0, 20.0, 220.0, 270.0]]]), {}
    if family.name == "VitMatte":
        return ([photo], [Image.new("L", photo.size, 128)]), {}
    return ([photo],), {"do_color_quantize": False} if family.name == "ImageGPT" else {}


def planned(family: Family) -> Any:
    """The plan of the call of `example`, without what looks at the page, and its inputs."""
    inputs, options = example(family)
    processor: Any = family.load().on("pil")()
    processor.__dict__["planned"] = True  # nothing is drawn by chance with options of the class
    plain = processor.without_looking(processor._resolve(options))
    return processor.plan(*inputs, **options, **plain), inputs


def picture(family: Family) -> Image.Image:
    """The photograph with the regions of the first output, as `pixelprep plan --draw` draws them, and below it what the
    model sees: every image that reaches it, patches ruled in."""
    plan, inputs = planned(family)
    drawn = draw_plan(load_image(PHOTO), plan)
    drawn = drawn.resize((WIDTH, round(drawn.height * WIDTH / drawn.width)))
    cuts = [node.arguments["patch"] for node in plan.nodes if node.verb == "patchify"]
    patch = (cuts[0], cuts[0]) if cuts and isinstance(cuts[0], int) else cuts[0] if cuts else None
    tiles = [ImageOps.expand(_ruled(tile, patch), 1, "black") for tile in seen(plan, *inputs)]
    columns = 1 if len(tiles) == 1 else max(2, round(len(tiles) ** 0.5))
    cell = (WIDTH - GAP * (columns - 1)) // columns
    small = [tile.resize((cell, max(1, round(tile.height * cell / tile.width)))) for tile in tiles]
    height = max((tile.height for tile in small), default=1)
    rows = -(-len(small) // columns)
    sheet = Image.new("RGB", (WIDTH, drawn.height + rows * (height + GAP)), "white")
    sheet.paste(drawn, (0, 0))
    for index, tile in enumerate(small):
        sheet.paste(tile, (index % columns * (cell + GAP), drawn.height + GAP + index // columns * (height + GAP)))
    return sheet


def _ruled(image: Image.Image, patch: tuple[int, int] | None) -> Image.Image:
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
        f"![The regions of one photograph, and what the model sees of it]({family.folder}.jpg)",
        "",
        *_prompts(family, height, width),
        *_result(family),
        "## Outputs",
        "",
        f"For one RGB image of {height}x{width}, as `output_shapes({height}, {width})` gives them:"
        if len(example(family)[0]) == 1 and not example(family)[1] and family.name not in PAIRED
        else f"For the photograph of {height}x{width} above:",
        "",
        "| output | shape | dtype | values |",
        "|---|---|---|---|",
        *_outputs(family, processor, height, width),
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
        *_default(family),
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


def _prompts(family: Family, height: int, width: int) -> list[str]:
    """The line that stands in a prompt for the photograph, for each processor that writes it otherwise."""
    lines: dict[str, list[str]] = {}
    for name, row in ROWS.items():
        if row.family == family.name:
            settings = {**row.built_with, **SETTINGS.get(name, {})}
            layout = PromptLayout(name, family.load().on("pil")(**settings))
            try:
                line = _runs(layout.image((height, width)))
            except MissingNumberError:
                line = "as many as numbers of the checkpoint's `processor_config.json` say"
            lines.setdefault(line, []).append(f"`{name}`")
    if not lines:
        return []
    told = [f"- {line} ({', '.join(names)})" for line, names in lines.items()]
    return ["In place of the photograph stands in a [prompt](../prompts.md):", "", *told, ""]


def _runs(expansion: Expansion) -> str:
    """An expansion as `token` x count, the middle of a long one left out."""
    runs = [
        f"{json.dumps(run.piece)}" if run.is_text else f"`{run.piece}`" + (f" x {run.count}" if run.count > 1 else "")
        for run in expansion.runs
    ]
    if len(runs) > MOST_RUNS:
        runs[MOST_RUNS // 2 : -MOST_RUNS // 2] = [f"... {len(runs) - MOST_RUNS} more ..."]
    return f"{' '.join(runs)}: {expansion.num_features} features"


def _result(family: Family) -> list[str]:
    """The lines that show a result on the photograph, where there are such."""
    if family.name not in RESULTS:
        return []
    return [
        "What post-processing makes of an ideal model's outputs, drawn by `pixelprep.visualize`:",
        "",
        f"![A result on the photograph]({family.folder}_result.jpg)",
        "",
    ]


def _own_docstring(cls: type) -> str:
    return inspect.cleandoc(cls.__doc__ or "").partition("\n\nArgs:")[0]


def _outputs(family: Family, processor: BaseImageProcessor, height: int, width: int) -> Iterator[str]:
    inputs, options = example(family)
    if len(inputs) > 1 or options or family.name in PAIRED:
        for name, made in processor(*inputs, **options, return_tensors="np").items():
            yield f"| `{name}` | {tuple(made.shape)} | {made.dtype} |  |"
        return
    for name, array in processor.output_shapes(height, width).items():
        values = "" if math.prod(array.shape) > 64 or array.values is None else f"`{array.values}`"
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


def _default(family: Family) -> list[str]:
    """Which backend is the default, where it is not the first that can run."""
    if not family.only_backend:
        return []
    named = f"without `backend=`, `AutoImageProcessor` takes `{family.only_backend}`"
    return ["", f"The reference's one class resizes with Pillow: {named}."]


def main() -> None:
    """Write every page, its picture, and the list of all."""
    PAGES.mkdir(exist_ok=True)
    index = ["# Families", "", "One page each, written by `make docs`.", "", "| family | |", "|---|---|"]
    for name in written_families():
        family = FAMILIES[name]
        (PAGES / f"{family.folder}.md").write_text(page(family))
        picture(family).save(PAGES / f"{family.folder}.jpg", quality=60, optimize=True)
        if name in RESULTS:
            drawn = RESULTS[name](family.load().on("reference")(), load_image(PHOTO))
            drawn.save(PAGES / f"{family.folder}_result.jpg", quality=70, optimize=True)
        summary = _own_docstring(family.load()).partition("\n\n")[0].replace("\n", " ")
        index.append(f"| [{name}]({family.folder}.md) | {summary} |")
        print(name, file=sys.stderr)
    (PAGES / "README.md").write_text("\n".join(index) + "\n")


if __name__ == "__main__":
    main()

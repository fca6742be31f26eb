"""Photographs into tensors for eight kinds of model, without torch and without a network.

For each model: read its configuration, tell from each photograph's size alone what will come out, then make the
tensors and check that it did. Run it with `make demo`, or as `python examples/demo.py` where pixelprep is installed.
"""

# ruff: noqa: E402 (the clock starts before the imports that it measures)

from __future__ import annotations

import time

start = time.perf_counter()

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from safetensors.numpy import load_file, save_file

import pixelprep
from pixelprep import ops

HERE = Path(__file__).resolve().parent
PHOTOS = sorted(path for path in (HERE / "photos").iterdir() if path.suffix in {".jpg", ".png"})
OUT = Path("out")

# What each model's way is called for; the folders of `configs/`.
MODELS = {
    "clip": "shortest edge 224, centre crop",
    "convnext": "shortest edge 224 / 0.875, centre crop",
    "segformer": "warped to 512x512",
    "detr": "shortest edge 800, longest at most 1333, pixel mask",
    "pixtral": "native aspect ratio, longest edge 1024, whole patches",
    "qwen2_vl": "native resolution, 14x14 patches in one sequence",
    "llava_onevision": "a thumbnail and tiles of the best canvas",
    "idefics3": "longest edge 1456, tiles of 364x364 and the whole",
}


def choose_backend() -> tuple[str, str]:
    """native where it is installed, else pil; and a remark."""
    reason = ops.get_backend("native").missing()
    if reason is None:
        return "native", "the compiled core: the torchvision backend's pixels"
    return "pil", f"Pillow and NumPy; faster with {ops.get_backend('native').install}"


def load(model: str, backend: str) -> Any:
    """The processor of a model's published configuration."""
    return pixelprep.AutoImageProcessor.from_pretrained(HERE / "configs" / model, backend=backend)


def facts(shapes: dict[str, Any]) -> str:
    """What a model's prompt needs to know about an image, from the foretold outputs."""
    if "image_grid_thw" in shapes:
        _, rows, columns = shapes["image_grid_thw"].values[0]
        return f"{shapes['pixel_values'].shape[0]} patches, {rows}x{columns}"
    if len(shapes["pixel_values"].shape) == 5:
        return f"{shapes['pixel_values'].shape[1]} tiles"
    return "{}x{}".format(*shapes["pixel_values"].shape[-2:])


def as_foretold(foretold: dict[str, Any], outputs: Any) -> bool:
    """Whether every output has the shape, the pixel type and the integers that were told from the size."""
    return foretold.keys() == outputs.keys() and all(
        expected.shape == outputs[name].shape
        and expected.dtype == outputs[name].dtype
        and (expected.values is None or (outputs[name] == expected.values).all())
        for name, expected in foretold.items()
    )


def contact_sheet(processor: Any, pixel_values: Any, path: Path) -> None:
    """What the model sees: images `(N, 3, H, W)` with the normalisation undone, side by side."""
    import numpy as np
    from PIL import Image

    mean, std = (np.reshape(values, (3, 1, 1)) for values in (processor.image_mean, processor.image_std))
    pixels = np.clip((pixel_values * std + mean) / processor.rescale_factor, 0, 255).round().astype(np.uint8)
    Image.fromarray(np.concatenate(list(pixels.transpose(0, 2, 3, 1)), axis=1)).save(path)


@dataclass
class Tally:
    """What the whole demonstration made, and how long it took."""

    wrong: int = 0
    inputs: int = 0
    tensors: int = 0
    nbytes: int = 0
    foretelling: float = 0.0
    making: float = 0.0


def table(*columns: str) -> Table:
    return Table(*columns, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)


def show_model(model: str, backend: str, images: dict[str, Any], tally: Tally, console: Console) -> None:
    """Foretell and make one model's inputs from every photograph, and compare."""
    processor = load(model, backend)
    console.print(f"\n[bold]{type(processor).__name__}[/]: {MODELS[model]}")
    rows = table("photograph", "from its size", "pixel_values", "", "values", "ms")
    for name, image in images.items():
        began = time.perf_counter()
        foretold = processor.output_shapes(image.height, image.width)
        halfway = time.perf_counter()
        outputs = processor(image, return_tensors="np")
        ended = time.perf_counter()

        right = as_foretold(foretold, outputs)
        tally.wrong += not right
        tally.inputs += 1
        tally.tensors += len(outputs)
        tally.nbytes += sum(array.nbytes for array in outputs.values())
        tally.foretelling += halfway - began
        tally.making += ended - halfway
        pixels = outputs["pixel_values"]
        rows.add_row(
            name,
            facts(foretold),
            "x".join(map(str, pixels.shape)),
            "[green]ok[/]" if right else "[red]WRONG[/]",
            f"{pixels.min():.2f} to {pixels.max():.2f}",
            f"{1000 * (ended - halfway):.1f}",
        )
    console.print(rows)


def save_and_read_back(backend: str, console: Console) -> bool:
    """All photographs in one Qwen2-VL sequence, through a file; whether it came back unchanged."""
    outputs = dict(load("qwen2_vl", backend)([str(path) for path in PHOTOS], return_tensors="np"))
    file = OUT / "qwen2_vl.safetensors"
    save_file(outputs, file, {"images": json.dumps([path.name for path in PHOTOS])})
    console.print(f"{file}: all photographs in one Qwen2-VL sequence of {len(outputs['pixel_values'])} patches.")
    loaded = load_file(file)
    return all((loaded[name] == array).all() for name, array in outputs.items())


def main() -> int:
    backend, remark = choose_backend()
    console = Console(highlight=False)
    console.print(f"[bold]pixelprep {pixelprep.__version__}[/] on the [bold]{backend}[/] backend: {escape(remark)}")
    clip = load("clip", backend)
    first = clip(PHOTOS[0], return_tensors="np")["pixel_values"]
    console.print(
        f"The first tensor, {first.dtype} {first.shape}, was there {time.perf_counter() - start:.2f} s after this "
        "script began, imports included.\n"
    )

    photos = {path.name: pixelprep.load_image(path) for path in PHOTOS}
    overview = table("photograph", "upright height x width", "mode")
    for name, photo in photos.items():
        overview.add_row(name, f"{photo.height}x{photo.width}", photo.mode)
    console.print(overview)

    images = {name: photo.convert("RGB") for name, photo in photos.items()}
    tally = Tally()
    for model in MODELS:
        show_model(model, backend, images, tally, console)
    console.print(
        f"\n{tally.inputs} model inputs of {tally.tensors} tensors, {tally.nbytes / 1e6:.0f} MB, made in "
        f"{tally.making:.2f} s. Their shapes were told from the photographs' sizes in "
        f"{1000 * tally.foretelling:.0f} ms; {tally.wrong} were wrong."
    )

    OUT.mkdir(exist_ok=True)
    sound = tally.wrong == 0 and save_and_read_back(backend, console)
    contact_sheet(clip, clip(list(images.values()), return_tensors="np")["pixel_values"], OUT / "seen_by_clip.png")
    console.print(f"{OUT / 'seen_by_clip.png'}: what CLIP sees, its normalisation undone.")
    if "torch" in sys.modules:
        console.print("[red]torch was imported, which this demonstration promises not to do[/]")
        return 1
    console.print(f"torch was never imported. {time.perf_counter() - start:.1f} s in all.")
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())

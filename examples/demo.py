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
from pathlib import Path
from typing import Any

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


def main() -> int:
    backend, remark = choose_backend()
    clip = pixelprep.AutoImageProcessor.from_pretrained(HERE / "configs" / "clip", backend=backend)
    first = clip(PHOTOS[0], return_tensors="np")["pixel_values"]
    first_after = time.perf_counter() - start

    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table
    from safetensors.numpy import load_file, save_file

    def table(*columns: str) -> Table:
        return Table(*columns, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)

    console = Console(highlight=False)
    console.print(f"[bold]pixelprep {pixelprep.__version__}[/] on the [bold]{backend}[/] backend: {escape(remark)}")
    console.print(
        f"The first tensor, {first.dtype} {first.shape}, was there {first_after:.2f} s after this script began, "
        "imports included.\n"
    )

    photos = {path.name: pixelprep.load_image(path) for path in PHOTOS}
    overview = table("photograph", "upright height x width", "mode")
    for name, photo in photos.items():
        overview.add_row(name, f"{photo.height}x{photo.width}", photo.mode)
    console.print(overview)
    images = {name: photo.convert("RGB") for name, photo in photos.items()}

    wrong = made = nbytes = 0
    foretelling = making = 0.0
    for model, way in MODELS.items():
        processor = pixelprep.AutoImageProcessor.from_pretrained(HERE / "configs" / model, backend=backend)
        console.print(f"\n[bold]{type(processor).__name__}[/]: {way}")
        rows = table("photograph", "from its size", "pixel_values", "", "values", "ms")
        for name, image in images.items():
            began = time.perf_counter()
            foretold = processor.output_shapes(image.height, image.width)
            halfway = time.perf_counter()
            outputs = processor(image, return_tensors="np")
            ended = time.perf_counter()

            right = as_foretold(foretold, outputs)
            wrong += not right
            made += len(outputs)
            nbytes += sum(array.nbytes for array in outputs.values())
            foretelling, making = foretelling + halfway - began, making + ended - halfway
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

    OUT.mkdir(exist_ok=True)
    contact_sheet(clip, clip(list(images.values()), return_tensors="np")["pixel_values"], OUT / "seen_by_clip.png")
    qwen = pixelprep.AutoImageProcessor.from_pretrained(HERE / "configs" / "qwen2_vl", backend=backend)
    outputs = dict(qwen([str(path) for path in PHOTOS], return_tensors="np"))
    file = OUT / "qwen2_vl.safetensors"
    save_file(outputs, file, {"images": json.dumps([path.name for path in PHOTOS])})
    loaded = load_file(file)
    wrong += any((loaded[name] != array).any() for name, array in outputs.items())

    console.print(
        f"\n{len(MODELS) * len(images)} model inputs of {made} tensors, {nbytes / 1e6:.0f} MB, made in {making:.2f} s. "
        f"Their shapes were told from the photographs' sizes in {1000 * foretelling:.0f} ms; {wrong} were wrong."
    )
    console.print(f"{file}: all photographs in one Qwen2-VL sequence of {len(outputs['pixel_values'])} patches.")
    console.print(f"{OUT / 'seen_by_clip.png'}: what CLIP sees, its normalisation undone.")
    if "torch" in sys.modules:
        wrong += 1
        console.print("[red]torch was imported, which this demonstration promises not to do[/]")
    else:
        console.print(f"torch was never imported. {time.perf_counter() - start:.1f} s in all.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

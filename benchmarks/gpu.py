"""`python -m benchmarks.gpu`: the triton backend on a GPU, beside transformers with `device="cuda"`, in one run.

Prints a table; `--page` puts it into docs/gpu.md. Each row's outputs are compared with native's, bit for bit, first.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import torch

PAGE = Path(__file__).parent.parent / "docs" / "gpu.md"
FAMILIES: dict[str, dict[str, Any]] = {
    "Siglip": {"size": {"height": 384, "width": 384}},
    "Qwen2VL": {},
    "LlavaOnevision": {},
    "CLIP": {},
}
MANY = 64


@dataclass(frozen=True)
class Row:
    """What was measured: seconds of ours and of the reference's, and how much memory ours read and wrote."""

    work: str
    ours: float
    theirs: float | None
    moved: int | None
    same: bool

    def cells(self, bandwidth: float) -> str:
        theirs = "" if self.theirs is None else f"{1e3 * self.theirs:.2f}"
        ratio = "" if self.theirs is None else f"{self.theirs / self.ours:.1f}"
        share = "" if self.moved is None else f"{100 * self.moved / self.ours / bandwidth:.0f} %"
        same = "yes" if self.same else "NO"
        return f"| {self.work} | {1e3 * self.ours:.3f} | {theirs} | {ratio} | {share} | {same} |"


def photographs(count: int, height: int, width: int, seed: int = 0) -> list[PIL.Image.Image]:
    """Pictures of mixed sizes, up to a tenth more or less."""
    rng = random.Random(seed)
    rough = np.random.default_rng(seed).integers(0, 256, (count, 34, 60, 3)).astype(np.uint8)
    sizes = [(int(width * rng.uniform(0.9, 1.1)), int(height * rng.uniform(0.9, 1.1))) for _ in range(count)]
    return [
        PIL.Image.fromarray(pixels).resize(size, PIL.Image.Resampling.BICUBIC)
        for pixels, size in zip(rough, sizes, strict=True)
    ]


def seconds(call: Callable[[], Any], repeats: int) -> float:
    """The median of some calls, each until the device is done."""
    for _ in range(3):
        call()
    taken = []
    for _ in range(repeats):
        torch.cuda.synchronize()
        start = time.perf_counter()
        call()
        torch.cuda.synchronize()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def copy_bandwidth() -> float:
    """Bytes read and written a second, by a copy of 1 GiB on the device."""
    source = torch.empty(1 << 30, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    return 2 * source.numel() / seconds(lambda: target.copy_(source), 20)


def launch() -> float:
    """Seconds of two launches of a kernel that does nothing much, and of a copy of 224x224 pixels."""
    here = torch.empty(224 * 224 * 3, dtype=torch.uint8, pin_memory=True)
    one = torch.zeros(1, device="cuda")

    def both() -> None:
        here.to("cuda", non_blocking=True)
        one.add_(1)
        one.add_(1)

    return seconds(both, 200)


def measure(
    family: str, images: Sequence[Any], options: dict[str, Any], work: str, repeats: int, *, there: bool
) -> Row:
    """One row.

    Args:
        images: PIL images; with `there` their tensors on the device are what is passed.
    """
    import transformers

    from pixelprep.registry.families import FAMILIES as OURS

    ours = OURS[family].load().on("triton")(**options)
    native = OURS[family].load().on("native")(**options)
    theirs = getattr(transformers, f"{family}ImageProcessor")(**options)
    tensors = [torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1).contiguous() for image in images]
    given = [tensor.to("cuda") for tensor in tensors] if there else list(images)
    expected = native(list(images), return_tensors="pt")["pixel_values"]
    got = ours(given, return_tensors="pt")["pixel_values"]
    same = bool(torch.equal(got.cpu(), expected))
    moved = sum(tensor.numel() for tensor in tensors) + got.numel() * got.element_size() if there else None
    taken = seconds(lambda: ours(given, return_tensors="pt"), repeats)
    compared = seconds(lambda: theirs(given, return_tensors="pt", device="cuda"), max(repeats // 4, 3))
    return Row(work, taken, compared, moved, same)


def rows(repeats: int) -> list[Row]:
    """Every row of the page."""
    pictures = photographs(MANY, 1080, 1920)
    found = []
    for family, options in FAMILIES.items():
        found.append(measure(family, pictures, options, f"{MANY} PIL images, {family}", repeats, there=False))
        found.append(measure(family, pictures, options, f"{MANY} tensors on the device, {family}", repeats, there=True))
    small = [PIL.Image.fromarray(np.asarray(pictures[0])[:224, :224])]
    found.append(measure("CLIP", small, {}, "1 PIL image 224x224, CLIP", 20 * repeats, there=False))
    frames = [image.resize((1280, 720)) for image in pictures[:32]]
    found.append(measure("Qwen2VL", frames, {}, "32 frames 1280x720 as images, Qwen2VL", repeats, there=False))
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print or write; 1 where bits differ."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument(
        "--repeats", type=int, default=20, help="calls of ours a row; a quarter as many of transformers"
    )
    parser.add_argument("--page", action="store_true", help=f"write into docs/{PAGE.name}")
    arguments = parser.parse_args(argv)
    if not torch.cuda.is_available():
        print("this measures on a GPU; torch finds none", file=sys.stderr)
        return 2
    import transformers
    import triton

    warnings.simplefilter("ignore")
    bandwidth, floor = copy_bandwidth(), launch()
    measured = rows(arguments.repeats)
    versions = f"torch {torch.__version__}, triton {triton.__version__}, transformers {transformers.__version__}"
    text = f"""{torch.cuda.get_device_name()}, {versions}. A copy on the device moves {bandwidth / 1e9:.0f} GB/s (read
and written); two launches and the copy of a small image take {1e6 * floor:.0f} µs. Medians.

| work | triton, ms | transformers, ms | times faster | of the copy's bandwidth | native's bits |
|---|---|---|---|---|---|
""" + "\n".join(row.cells(bandwidth) for row in measured)
    print(text)
    if arguments.page:
        marked = re.compile(r"(<!-- numbers -->\n).*(\n<!-- end -->)", re.DOTALL)
        PAGE.write_text(marked.sub(lambda found: found[1] + text + found[2], PAGE.read_text()))
    return 0 if all(row.same for row in measured) else 1


if __name__ == "__main__":
    sys.exit(main())

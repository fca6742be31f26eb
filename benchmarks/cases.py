"""What is measured: families, inputs drawn from the example photographs, and the speed each row should reach."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pixelprep.ops import get_backend
from pixelprep.registry.families import FAMILIES, written_families

PHOTOS = Path(__file__).parent.parent / "examples" / "photos"
# One of each kind first, then the most used; those that are not written yet are left out.
MEASURED = (
    *("CLIP", "ConvNext", "LlavaOnevision", "Idefics3", "Qwen2VL", "Pixtral", "Detr", "Segformer", "Siglip"),
    *("ViT", "Bit", "Sam", "DINOv3ViT", "Gemma3", "LlavaNext", "SmolVLM"),
    *("RTDetr", "Owlv2", "Mask2Former", "Sam2", "DPT", "SuperPoint", "LightGlue"),
)
MEASURED_IN_MEMORY = MEASURED[:9]
BACKENDS = {"torchvision": "pt", "pil": "np", "native": "np"}
"""The backends measured, and what they are asked to return."""


def photograph(width: int, height: int, index: int = 0) -> Image.Image:
    """An example photograph brought to a size; the same pixels every time."""
    files = sorted(PHOTOS.glob("*.jpg"))
    with Image.open(files[index % len(files)]) as image:
        return image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)


def label_map(width: int, height: int) -> Any:
    """Sixteen labels for the pixels of the first photograph, by how bright they are."""
    return np.asarray(photograph(width, height).convert("L")) // 16


def _mixed_size(index: int) -> tuple[int, int]:
    """Widths of 480 to 1280 and heights of 360 to 1080, no two alike in the first 16."""
    return 480 + 160 * (index % 6), 360 + 45 * (index * 7 % 17)


def _write_jpeg(image: Image.Image, path: Path) -> str:
    image.save(path, quality=90)
    return str(path)


@dataclass(frozen=True)
class Input:
    """Something to process: what to call it, how to make it, given a folder for files, and the arguments beside it."""

    title: str
    make: Callable[[Path], Any]
    beside: Callable[[], dict[str, Any]] = dict


INPUTS: Mapping[str, Input] = {
    "photo": Input("PIL 1800x1200", lambda folder: photograph(1800, 1200)),
    "square": Input("PIL 512x512", lambda folder: photograph(512, 512)),
    "tiny": Input("PIL 64x64", lambda folder: photograph(64, 64)),
    "off": Input("PIL 64x64, steps off", lambda folder: photograph(64, 64)),
    "array": Input("array 1800x1200", lambda folder: np.array(photograph(1800, 1200))),
    "file": Input("JPEG 1800x1200", lambda folder: _write_jpeg(photograph(1800, 1200), folder / "photo.jpg")),
    "odd": Input("PIL 1500x1001", lambda folder: photograph(1500, 1001)),
    "mixed": Input("16 PIL, mixed sizes", lambda folder: [photograph(*_mixed_size(i), i) for i in range(16)]),
    "files": Input(
        "64 JPEG files",
        lambda folder: [_write_jpeg(photograph(*_mixed_size(i), i), folder / f"{i}.jpg") for i in range(64)],
    ),
    "maps": Input(
        "PIL 1800x1200, label map",
        lambda folder: photograph(1800, 1200),
        lambda: {"segmentation_maps": label_map(1800, 1200)},
    ),
    "pair": Input("2 PIL 1800x1200", lambda folder: [photograph(1800, 1200, i) for i in range(2)]),
}
COMMON_INPUTS = ("photo", "square", "tiny", "array", "file")
MORE_INPUTS = {"CLIP": ("mixed", "files"), "Idefics3": ("odd",), "Mask2Former": ("maps",)}
ONLY_INPUTS = {"LightGlue": ("pair",)}
# With these switched off ("steps off") all that is left of a call is its overhead, in families that do not cut images.
SWITCHES = ("do_resize", "do_center_crop", "do_pad", "do_rescale", "do_normalize")
SWITCHED_OFF = ("CLIP", "ConvNext", "Pixtral", "Detr", "Segformer", "Siglip", "ViT", "Bit", "DINOv3ViT", "Gemma3")

# How many times faster than the reference's torchvision class and its PIL class a row should be, at least. The native
# backend has targets on these rows only; the others should be no slower anywhere, and have at most half the overhead.
NATIVE_TARGETS: Mapping[tuple[str, str, str], Mapping[str, float]] = {
    ("CLIP", "photo", ""): {"torchvision": 3.0, "pil": 8.0},
    ("CLIP", "square", ""): {"torchvision": 4.0, "pil": 8.0},
    ("CLIP", "files", ""): {"torchvision": 2.0, "pil": 2.0},  # decoding takes most of it, and is the same everywhere
    ("Siglip", "photo", ""): {"torchvision": 3.0, "pil": 8.0},
    ("Detr", "photo", ""): {"torchvision": 3.0, "pil": 8.0},
    ("LlavaOnevision", "photo", ""): {"torchvision": 4.0, "pil": 8.0},
    ("Qwen2VL", "photo", ""): {"torchvision": 2.5, "pil": 8.0},
    ("Qwen2VL", "photo", "bfloat16"): {"torchvision": 4.0},
    ("Idefics3", "odd", ""): {"torchvision": 3.0, "pil": 8.0},
    ("RTDetr", "photo", ""): {"torchvision": 3.0, "pil": 8.0},
    ("Owlv2", "photo", ""): {"torchvision": 3.0, "pil": 1.0},
    ("Mask2Former", "maps", ""): {"torchvision": 3.0, "pil": 1.0},
    ("DPT", "photo", ""): {"torchvision": 3.0, "pil": 1.0},
    ("Sam2", "photo", ""): {"torchvision": 3.0},
    ("LightGlue", "pair", ""): {"torchvision": 3.0, "pil": 1.0},
}
THREADS_TARGET = 1.8


@dataclass(frozen=True)
class Case:
    """One row: a family on a backend against a class of the reference, on one input."""

    family: str
    backend: str
    against: str
    input: str
    dtype: str = ""

    @property
    def target(self) -> float | None:
        """How many times faster than the reference this should be, at least."""
        if self.backend != "native":
            return 2.0 if self.input == "off" else 1.0
        return NATIVE_TARGETS.get((self.family, self.input, self.dtype), {}).get(self.against)

    @property
    def switches(self) -> dict[str, bool]:
        """What is switched off."""
        known = FAMILIES[self.family].load().on(self.backend)().to_dict() if self.input == "off" else {}
        return {name: False for name in SWITCHES if name in known}

    def ours(self) -> Callable[[Any], Any]:
        """Our processor, called as a user would call it."""
        processor = FAMILIES[self.family].load().on(self.backend)()
        options: dict[str, Any] = {"return_tensors": BACKENDS[self.backend]}
        if self.dtype:
            options = {"return_tensors": "pt", "dtype": self.dtype}
        options |= {**self.switches, **INPUTS[self.input].beside()}
        return lambda images: processor(images, **options)

    def reference(self) -> Callable[[Any], Any]:
        """The reference's processor, called in the same way; it converts the dtype afterwards, having no option."""
        cls = reference_class(self.family, self.against)
        assert cls is not None
        processor, tensors = cls(), BACKENDS[self.against]
        if not self.dtype:
            options = {**self.switches, **INPUTS[self.input].beside()}
            return lambda images: processor(images, return_tensors=tensors, **options)
        import torch

        dtype = getattr(torch, self.dtype)
        return lambda images: processor(images, return_tensors="pt").to(dtype)


@cache
def reference_class(family: str, backend: str) -> type[Any] | None:
    """The reference's class of a family on torchvision or PIL, if it has one."""
    folder = FAMILIES[family].folder
    kind, suffix = ("pil_", "Pil") if backend == "pil" else ("", "")
    try:
        module = importlib.import_module(f"transformers.models.{folder}.image_processing_{kind}{folder}")
        cls: type[Any] | None = getattr(module, f"{family}ImageProcessor{suffix}", None)
    except ImportError:
        return None
    return cls


def usable_backends() -> list[str]:
    """The measured backends that can run here."""
    return [name for name in BACKENDS if get_backend(name).missing() is None]


def measured_families() -> list[str]:
    """The measured families that are written."""
    written = written_families()
    return [name for name in MEASURED if name in written]


def inputs_of(family: str) -> tuple[str, ...]:
    """The names of the inputs that a family is measured on."""
    more = (*MORE_INPUTS.get(family, ()), *("off",) * (family in SWITCHED_OFF))
    return ONLY_INPUTS.get(family, (*COMMON_INPUTS, *more))


def cases(families: list[str], backends: list[str], inputs: list[str]) -> Iterator[Case]:
    """Every row of a choice of families, backends and inputs, those of one input beside each other."""
    for family in families:
        for name in inputs_of(family):
            if name not in inputs:
                continue
            for backend in backends:
                for against in ("torchvision", "pil") if backend == "native" else (backend,):
                    if reference_class(family, against) is None:
                        continue
                    yield Case(family, backend, against, name)
                    if (family, name, against) == ("Qwen2VL", "photo", "torchvision"):
                        yield Case(family, backend, against, name, dtype="bfloat16")

"""The triton backend beside native, by random calls and families: `python triton_cases.py SEED CALLS FAMILY ...`.

In a process of its own, for `TRITON_INTERPRET` is read when the kernels are defined. Prints one line of JSON.
"""

from __future__ import annotations

import json
import random
import sys
from typing import Any

import numpy as np
import torch

from pixelprep.core.enums import ChannelDimension, PILImageResampling
from pixelprep.ops import get_ops
from pixelprep.registry.families import FAMILIES
from pixelprep.testing.family import Picture
from pixelprep.testing.inputs import make

FILTERS = list(PILImageResampling)
# Weights of these axes are above 32639, which kernels that split them into bytes may have wrong.
LARGE_WEIGHTS = [(194, 193), (187, 186)]


def drawn(rng: random.Random, height: int, width: int) -> Any:
    pixels = np.random.default_rng(rng.getrandbits(32)).integers(0, 256, (height, width, 3)).astype(np.uint8)
    kind = rng.randrange(5)
    if kind == 0:
        pixels[:] = rng.choice((0, 255))
    if kind == 1:
        pixels[::2, 1::2] = 0
        pixels[1::2, ::2] = 255
    return pixels


def call(verbs: Any, seed: int, device: str) -> Any:
    """One batch through random verbs; the same for the same seed, whatever the verbs."""
    rng = random.Random(seed)
    patch = rng.choice((2, 4, 7))
    tall, wide = patch * rng.randint(1, 6), patch * rng.randint(1, 6)
    resample, antialias = rng.choice(FILTERS), True
    if resample in (PILImageResampling.BILINEAR, PILImageResampling.BICUBIC):
        antialias = rng.random() < 0.8
    ending, flipped, normalised = rng.randrange(5), rng.random() < 0.3, rng.random() < 0.8
    dtype = rng.choice((None, "float32", "float16", "bfloat16")) if normalised else None
    images = []
    for _ in range(rng.randint(1, 3)):
        height, width = rng.choice(LARGE_WEIGHTS) if rng.random() < 0.1 else (rng.randint(1, 90), rng.randint(1, 90))
        pixels = drawn(rng, height, width)
        if rng.random() < 0.3:
            pixels = pixels[::-1, ::-1]
        there = device != "cpu" and rng.random() < 0.5 and verbs.name == "triton"
        source = torch.from_numpy(pixels.copy()).to(device) if there else pixels
        image = verbs.from_image(source, ChannelDimension.LAST, None)
        if rng.random() < 0.3:
            image = verbs.crop(image, height // 3, width // 4, max(height // 2, 1), max(width // 2, 1))
        if rng.random() < 0.3:
            image = verbs.pad(
                image, *(rng.randint(0, 9) for _ in range(4)), fill=[rng.randrange(256) for _ in range(3)]
            )
        if rng.random() < 0.2:
            image = verbs.resize(image, rng.randint(1, 60), rng.randint(1, 60), resample, antialias)
        room = (rng.randint(0, 9), rng.randint(0, 9)) if rng.random() < 0.4 else (0, 0)
        image = verbs.resize(image, tall + room[0], wide + room[1], resample, antialias)
        image = verbs.crop(image, room[0] // 2, room[1] // 2, tall, wide)
        if flipped:
            image = verbs.flip_channels(image)
        if normalised:
            image = verbs.rescale_and_normalize(image, 1 / 255, (0.48, 0.46, 0.41), (0.27, 0.26, 0.28))
        if ending == 1:
            image = verbs.pad(image, 0, patch, 0, 2 * patch, fill=0)
        if ending == 2:
            image = verbs.patchify(image, patch, copies=2)
        if ending == 3:
            image = verbs.patchify(image, patch, vector="hwc")
        images.append(image)
    if ending == 4:
        return verbs.stack([[image] * (1 + index) for index, image in enumerate(images)], dtype)
    return verbs.concat(images, dtype) if ending == 2 else verbs.stack(images, dtype)


def outputs(family: str, backend: str) -> dict[str, Any]:
    cases = FAMILIES[family].cases()
    processor = FAMILIES[family].load().on(backend)(**{**cases.made, **cases.small})
    images = [Picture(37, 61, kind="last"), Picture(40, 30)]
    inputs = make([cases.inputs[0].images, *cases.inputs[0].beside] if cases.own_inputs else [images])
    try:
        given = processor(*inputs, return_tensors="pt")
    except ValueError as error:
        if "different shapes" not in str(error):
            raise
        given = processor(inputs[0][:1], *inputs[1:], return_tensors="pt")
    return dict(given) if hasattr(given, "items") else {"pixels": given}


def bits(value: Any) -> Any:
    """What must be equal: types, shapes and bit patterns."""
    if isinstance(value, (list, tuple)):
        return [bits(entry) for entry in value]
    if isinstance(value, torch.Tensor):
        value = value.cpu().contiguous()
        return (
            str(value.dtype).removeprefix("torch."),
            tuple(value.shape),
            value.reshape(-1).view(torch.uint8).numpy().tobytes(),
        )
    if isinstance(value, np.ndarray):
        return value.dtype.name, value.shape, value.tobytes()
    return value


def main(seed: int, calls: int, families: list[str]) -> list[str]:
    """What differs."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    wrong = []
    for number in range(seed, seed + calls):
        native, triton = (call(get_ops(name), number, device) for name in ("native", "triton"))
        if bits(native) != bits(triton):
            wrong.append(f"call {number}: {native.dtype} {tuple(native.shape)}, {triton.dtype} {tuple(triton.shape)}")
    for family in families:
        native, triton = (outputs(family, name) for name in ("native", "triton"))
        wrong += [f"{family}: {name}" for name in native if bits(native[name]) != bits(triton.get(name))]
    return wrong


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])))

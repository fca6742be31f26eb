"""Images for tests, drawn the same each time: smooth parts show interpolation, noise shows rounding and clipping."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import PIL.Image

from .family import Picture
from .videos import Clip

_CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}


def draw(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray[Any, Any]:
    """Waves and noise of all levels, `(height, width, channels)` bytes."""
    rng = np.random.default_rng((height, width, seed))
    y, x = np.mgrid[:height, :width]
    phase = np.arange(channels) * 2.1
    waves = 127.5 + 127.5 * np.sin(y[..., None] / 7.3 + x[..., None] / 11.9 + phase)
    noise = rng.integers(0, 256, (height, width, channels))
    return np.where(((x // 16 + y // 16) % 2 == 0)[..., None], waves, noise).astype(np.uint8)


def picture(height: int, width: int, mode: str = "RGB", seed: int = 0) -> PIL.Image.Image:
    """A Pillow image of `draw`'s pixels in a mode; 16-bit grey covers the whole range."""
    if mode == "I;16":
        return PIL.Image.fromarray(draw(height, width, 1, seed)[..., 0].astype(np.uint16) * 257)
    if mode == "RGBA":
        return PIL.Image.fromarray(draw(height, width, 4, seed))
    image = PIL.Image.fromarray(draw(height, width, 3, seed))
    return image.quantize(64) if mode == "P" else image.convert(mode)


@cache
def _made(wanted: Picture) -> Any:
    if wanted.kind == "pillow" and not wanted.classes:
        return picture(wanted.height, wanted.width, wanted.mode, wanted.seed)
    pixels = draw(wanted.height, wanted.width, _CHANNELS[wanted.mode], wanted.seed)
    if wanted.classes:
        pixels = pixels % wanted.classes
    if wanted.kind == "pillow":
        return PIL.Image.fromarray(pixels[..., 0] if wanted.mode == "L" else pixels)
    if wanted.times != 1 or wanted.plus:
        pixels = pixels.astype(float) * wanted.times + wanted.plus
    pixels = pixels.astype(wanted.dtype)
    layouts = {"last": pixels, "first": np.ascontiguousarray(pixels.transpose(2, 0, 1)), "none": pixels[..., 0]}
    return layouts[wanted.kind]


@cache
def _filmed(wanted: Clip) -> np.ndarray[Any, Any]:
    """Frames `(T, H, W, C)` that move."""
    seeds = range(wanted.seed, wanted.seed + wanted.frames)
    frames = np.stack([draw(wanted.height, wanted.width, wanted.channels, seed) for seed in seeds])
    return (frames.astype(float) * wanted.times if wanted.times != 1 else frames).astype(wanted.dtype)


def _clip(wanted: Clip) -> Any:
    frames = _filmed(wanted).copy()
    if wanted.kind == "pillow":
        return [PIL.Image.fromarray(frame[..., 0] if wanted.channels == 1 else frame) for frame in frames]
    if wanted.kind == "frames":
        return list(frames)
    return np.ascontiguousarray(frames.transpose(0, 3, 1, 2)) if wanted.kind == "first" else frames


def make(wanted: Any) -> Any:
    """A `Picture` or `Clip`, or any lists, tuples and mappings of them, as images; all else is copied.

    Each call gives images of its own: a processor that writes into one would spoil no other test.
    """
    if isinstance(wanted, Picture):
        return _made(wanted).copy()
    if isinstance(wanted, Clip):
        return _clip(wanted)
    if isinstance(wanted, (list, tuple)):
        return type(wanted)(map(make, wanted))
    if isinstance(wanted, dict):
        return {key: make(value) for key, value in wanted.items()}
    return wanted

"""An image to draw on: lines and letters of a size that fits it, in pixels of the original."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..images.decoding import load_image
from ._colors import Color, ink_on

READABLE = 480  # pixels: images whose long side is shorter are enlarged, by a whole factor
LETTERS = 1 / 45  # of the long side
LEAST_LETTERS = 12  # pixels
LINE = 1 / 240  # of the long side

Point = Sequence[float]


def to_rgb(image: Any) -> Image.Image:
    """A copy of a Pillow image, a path, bytes, an URL or an array `(H, W, C)`, `(C, H, W)` or `(H, W)` in RGB.

    Raises:
        TypeError, ValueError: it is no image, or an array of floats outside of 0..1.
    """
    if isinstance(image, Image.Image):
        return image.convert("RGB")
    if hasattr(image, "shape"):
        array = np.asarray(image.detach().cpu() if hasattr(image, "detach") else image)
        if array.ndim == 3 and array.shape[0] in (1, 3, 4) and array.shape[-1] not in (1, 3, 4):
            array = array.transpose(1, 2, 0)
        if array.dtype.kind == "f":
            if array.size and not (array.min() >= 0 and array.max() <= 1):
                raise ValueError(
                    f"an image of floats must lie in 0..1; this one has {array.min():.3g} to {array.max():.3g}. "
                    "Draw on the original image, not on what went into the model"
                )
            array = np.rint(array * 255)
        return Image.fromarray(array.astype(np.uint8).squeeze()).convert("RGB")
    return load_image(image).convert("RGB")


@lru_cache(maxsize=32)
def font_of(size: int, path: str | None = None) -> Any:
    """Letters of so many pixels, from a font file or Pillow's own."""
    return ImageFont.truetype(path, size) if path else ImageFont.load_default(size)


class Canvas:
    """An image with marks on it.

    Args:
        image: as `to_rgb` takes it.
        scale: enlarges the image by a whole factor; None chooses one for small images, so that letters can be read.
        font: a font file, for letters that Pillow's own font lacks.
    """

    def __init__(self, image: Any, scale: int | None = None, font: str | os.PathLike[str] | None = None) -> None:
        picture = to_rgb(image)
        self.size = picture.height, picture.width
        self.scale = scale or max(1, -(-READABLE // max(picture.size)))
        if self.scale > 1:
            shape = (picture.width * self.scale, picture.height * self.scale)
            picture = picture.resize(shape, Image.Resampling.NEAREST)
        self.picture = picture
        longest = max(picture.size)
        self.width = max(2, round(longest * LINE))
        self.font = font_of(max(LEAST_LETTERS, round(longest * LETTERS)), None if font is None else str(font))
        self.taken: list[tuple[float, float, float, float]] = []

    @property
    def draw(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.picture)

    def at(self, points: Iterable[Point]) -> list[tuple[float, float]]:
        """Points (x, y) of the original on the canvas."""
        return [(float(x) * self.scale, float(y) * self.scale) for x, y in points]

    def outline(self, points: Sequence[Point], color: Color) -> None:
        """A closed line, with a dark edge that keeps it visible on every ground."""
        path = self.at([*points, points[0]])
        self.draw.line(path, (0, 0, 0), self.width + 2, joint="curve")
        self.draw.line(path, color, self.width, joint="curve")

    def line(self, points: Sequence[Point], color: Color, width: float = 1.0) -> None:
        """An open line."""
        self.draw.line(self.at(points), color, max(1, round(self.width * width)), joint="curve")

    def dot(self, point: Point, color: Color, radius: float = 1.5, sign: str = "") -> None:
        """A filled circle around a point, with a plus or a minus on it."""
        ((x, y),) = self.at([point])
        x, y = x + self.scale / 2, y + self.scale / 2  # a pixel's middle
        reach = max(2.0, self.width * radius)
        self.draw.ellipse((x - reach, y - reach, x + reach, y + reach), color, (0, 0, 0), max(1, self.width // 3))
        bars = {"+": [(0, 1), (1, 0)], "-": [(1, 0)]}.get(sign, [])
        for across, down in bars:
            half = reach * 0.6
            ends = (x - across * half, y - down * half, x + across * half, y + down * half)
            self.draw.line(ends, ink_on(color), max(1, self.width // 2))

    def tint(self, mask: Any, color: Color, opacity: float = 0.5) -> None:
        """Colour on the pixels of a mask `(H, W)` of the original's size, and a line around them."""
        plane = np.asarray(mask, bool)
        require_size(plane.shape, self.size, "mask")
        pixels = np.asarray(self.picture).copy()
        if self.scale > 1:
            plane = plane.repeat(self.scale, 0).repeat(self.scale, 1)
        inside = pixels[plane]
        pixels[plane] = np.rint(inside + (np.array(color) - inside) * opacity).astype(np.uint8)
        pixels[edges(plane, max(1, self.width // 2))] = color
        self.picture = Image.fromarray(pixels)

    def label(self, text: str, x: float, y: float, color: Color) -> None:
        """Letters on their own ground, above a point where there is room, always on the canvas, on no other label."""
        if not text:
            return
        left, top, right, bottom = self.draw.textbbox((0, 0), text, font=self.font)
        margin = max(2, self.width // 2)
        width, height = right - left + 2 * margin, bottom - top + 2 * margin
        x, y = x * self.scale, y * self.scale - height
        x = max(0.0, min(x, self.picture.width - width))
        y = y if y >= 0 else y + height
        for _ in range(20):
            place = (x, y, x + width, y + height)
            if not any(_overlap(place, other) for other in self.taken) or y + 2 * height > self.picture.height:
                break
            y += height
        y = max(0.0, min(y, self.picture.height - height))
        self.taken.append((x, y, x + width, y + height))
        self.draw.rectangle((x, y, x + width, y + height), color)
        self.draw.text((x + margin - left, y + margin - top), text, ink_on(color), font=self.font)

    def legend(self, entries: Sequence[tuple[Color, str]]) -> None:
        """Names beside their colours, on a strip below the image, so that nothing of it is hidden."""
        if not entries:
            return
        ascent = self.font.getbbox("Ag")[3]
        line, gap = ascent + self.width * 2, ascent
        x, y, places = gap, gap // 2, []
        for color, text in entries:
            wide = ascent + gap // 2 + self.draw.textlength(text, font=self.font) + gap
            if x > gap and x + wide > self.picture.width:
                x, y = gap, y + line
            places.append((x, y, color, text))
            x += round(wide)
        strip = Image.new("RGB", (self.picture.width, y + line + gap // 2), "white")
        pen = ImageDraw.Draw(strip)
        for x, y, color, text in places:
            pen.rectangle((x, y, x + ascent, y + ascent), color, (0, 0, 0))
            pen.text((x + ascent + gap // 2, y), text, (0, 0, 0), font=self.font)
        whole = Image.new("RGB", (self.picture.width, self.picture.height + strip.height))
        whole.paste(self.picture, (0, 0))
        whole.paste(strip, (0, self.picture.height))
        self.picture = whole

    def finish(self, path: str | os.PathLike[str] | None) -> Image.Image:
        """The picture, written to a file too if a path is given."""
        if path is not None:
            self.picture.save(Path(path))
        return self.picture


def edges(plane: np.ndarray[Any, Any], width: int) -> np.ndarray[Any, Any]:
    """The pixels of a mask or a map that lie within `width` of another value."""
    out = np.zeros(plane.shape, bool)
    for axis in (0, 1):
        for distance in range(1, min(width, plane.shape[axis] - 1) + 1):
            first = [slice(None)] * 2
            second = [slice(None)] * 2
            first[axis], second[axis] = slice(distance, None), slice(None, -distance)
            changed = plane[tuple(first)] != plane[tuple(second)]
            out[tuple(first)] |= changed
            out[tuple(second)] |= changed
    return out & (plane if plane.dtype == bool else True)


def require_size(shape: Sequence[int], size: Sequence[int], what: str) -> None:
    """Raise ValueError unless a map has the size of the image."""
    if tuple(shape) != tuple(size):
        raise ValueError(
            f"the {what} is {' x '.join(map(str, shape))} and the image {' x '.join(map(str, size))} (height x width); "
            "give post-processing the size of the original: target_sizes=[image]"
        )


def _overlap(first: Sequence[float], second: Sequence[float]) -> bool:
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]

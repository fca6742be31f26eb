"""Colours that stay apart, for people with any kind of colour vision."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

Color: TypeAlias = tuple[int, int, int]

# Okabe and Ito 2008, without black: told apart with protanopia, deuteranopia and tritanopia.
PALETTE: tuple[Color, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)
# Dark blue to yellow, of evenly rising lightness (after cividis, Nunez et al. 2018): it prints in grey, too.
RAMP = np.array(
    [
        (0, 34, 78),
        (18, 53, 112),
        (59, 73, 108),
        (87, 93, 109),
        (112, 113, 115),
        (138, 134, 120),
        (165, 156, 116),
        (195, 179, 105),
        (225, 204, 85),
        (254, 232, 56),
    ],
    np.float64,
)


def color_of(number: int) -> Color:
    """The colour of a class or an instance: the palette in turn, then lighter and darker shades of it."""
    turn, place = divmod(int(number), len(PALETTE))
    red, green, blue = PALETTE[place]
    if turn == 0:
        return red, green, blue
    towards = 255 if turn % 2 else 0
    share = 0.35 + 0.12 * ((turn - 1) // 2 % 4)
    return tuple(round(value + (towards - value) * share) for value in (red, green, blue))  # type: ignore[return-value]


def ink_on(color: Color) -> Color:
    """Black or white, whichever reads better on a colour (WCAG's relative luminance)."""
    linear = [(value / 255 / 12.92) if value <= 10 else ((value / 255 + 0.055) / 1.055) ** 2.4 for value in color]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return (0, 0, 0) if luminance > 0.179 else (255, 255, 255)


def ramp(values: Any) -> np.ndarray[Any, Any]:
    """Values in 0..1 as colours of the ramp: (..., 3) uint8."""
    points = np.linspace(0, 1, len(RAMP))
    channels = [np.interp(values, points, RAMP[:, channel]) for channel in range(3)]
    colors: np.ndarray[Any, Any] = np.rint(np.stack(channels, axis=-1)).astype(np.uint8)
    return colors

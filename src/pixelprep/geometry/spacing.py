"""Numbers at even distances, truncated to integers, with the roundings of NumPy and torch on every machine."""

from __future__ import annotations

import math
import struct
from fractions import Fraction


def evenly(first: float, last: float, count: int) -> list[float]:
    """`count` numbers from `first` to `last`, both included: NumPy's `linspace`, in double precision."""
    if count < 2:
        return [float(first)] * count
    step = (last - first) / (count - 1)
    return [index * step + first for index in range(count - 1)] + [float(last)]


def linspace(first: float, last: float, count: int) -> list[int]:
    """As `evenly`, truncated."""
    return [int(number) for number in evenly(first, last, count)]


def single_linspace(last: int, count: int) -> list[int]:
    """`count` numbers from 0 to `last`, truncated: `torch.linspace` in float32, its second half from the end."""
    if count < 2:
        return [0] * count
    step = _single(_single(last) / (count - 1))  # of two float32 numbers, so that rounding twice does no harm
    # A float64 holds the fused product and sum exactly.
    return [
        int(_single(step * index if index < count // 2 else last - step * (count - 1 - index)))
        for index in range(count)
    ]


def arange(start: float, stop: float, step: float) -> list[int]:
    """The numbers of `torch.arange` in float32, truncated: whole blocks of 16 start anew from a rounded number each 8.

    There may be one that equals `stop`, as torch has it.
    """
    count = math.ceil((stop - start) / step)
    whole = count // 16 * 16
    exact_step, exact_start = Fraction(step), Fraction(start)
    numbers = []
    for index in range(count):
        if index < whole:
            base = Fraction(_single(float(exact_step * (index // 8 * 8) + exact_start)))
            numbers.append(_single(float(exact_step * (index % 8) + base)))
        else:
            numbers.append(_single(float(exact_step * index + exact_start)))
    return [int(number) for number in numbers]


def _single(number: float) -> float:
    """The float32 nearest to a float64."""
    rounded: float = struct.unpack("f", struct.pack("f", number))[0]
    return rounded

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

class Image:
    """8-bit pixels wherever they lie, held alive and never copied."""

    @staticmethod
    def from_array(array: Any) -> Image: ...
    @staticmethod
    def from_arrow(schema: object, array: object, height: int, width: int, channels: int) -> Image: ...
    def crop(self, top: int, left: int, height: int, width: int) -> Image: ...
    @property
    def shape(self) -> tuple[int, int, int]: ...

class Tables:
    """What becomes of the 256 values of each output channel."""

    def __init__(
        self,
        values: NDArray[np.float32],
        sub: NDArray[np.float32] | None = None,
        divisor: NDArray[np.float32] | None = None,
        dtype: str = "float32",
    ) -> None: ...
    @property
    def formula(self) -> str: ...

class Job:
    """One image, resized, cut, normalised and laid out, in one pass."""

    def __init__(
        self,
        image: Image,
        tables: Tables,
        out: NDArray[Any],
        size: tuple[int, int],
        resample: int,
        antialias: bool,
        window: tuple[int, int, int, int],
        fill: Sequence[int],
        channels: Sequence[int],
        place: tuple[int, int],
        pad: float,
        row_offset: NDArray[np.int64],
        column_offset: NDArray[np.int64],
        channel_stride: int,
        copies: int = 1,
        copy_stride: int = 0,
    ) -> None: ...

def render(jobs: Sequence[Job], threads: int = 0, isa: str | None = None) -> None: ...
def resize_floats(
    images: NDArray[np.float32],
    height: int,
    width: int,
    resample: int,
    antialias: bool = True,
    threads: int = 0,
    isa: str | None = None,
) -> NDArray[np.float32]: ...
def blur_floats(
    images: NDArray[np.float32], weights: NDArray[np.float32], threads: int = 0, isa: str | None = None
) -> NDArray[np.float32]:
    """`(C, H, W)` convolved with an odd number of rows and columns of weights, mirrored at the edges."""

def taps(
    size: int, to: int, resample: int, antialias: bool = True
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int16], int]:
    """Of each of `to` outputs along an axis: its first input, how many, their weights; and the weights' precision.

    An output is `clip((sum(weight * input) + 2 ** (precision - 1)) >> precision, 0, 255)`. Read-only views.
    """

def empty(shape: Sequence[int], dtype: str) -> NDArray[Any]: ...
def num_threads() -> int: ...
def set_num_threads(threads: int) -> None: ...
def isa() -> str: ...
def clear_cache() -> None: ...

"""The compiled CPU core of pixelprep: the torchvision backend's pixels without PyTorch, at memory speed.

Installed beside pixelprep it is the backend "native". `PIXELPREP_NUM_THREADS` and `PIXELPREP_NATIVE_ISA` (scalar, avx2
or avx512) are read once, on first use.
"""

from __future__ import annotations

from ._core import isa, num_threads, set_num_threads
from .ops import NativeOps

__all__ = ["NativeOps", "isa", "num_threads", "set_num_threads"]

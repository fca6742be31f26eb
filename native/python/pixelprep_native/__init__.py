"""The compiled CPU core of pixelprep: the torchvision backend's pixels without PyTorch, at memory speed.

Installed beside pixelprep it is the backend "native". `PIXELPREP_NUM_THREADS` and `PIXELPREP_NATIVE_ISA` (scalar, avx2
or avx512) are read once, on first use.
"""

from __future__ import annotations

from pixelprep.ops import protocol

INTERFACE = 1
"""The `pixelprep.ops.protocol.INTERFACE` that this package is written for."""

if (found := getattr(protocol, "INTERFACE", 0)) != INTERFACE:
    older = "pixelprep" if found < INTERFACE else "pixelprep-native"
    raise ImportError(
        f"pixelprep-native knows interface {INTERFACE} of backends, and the pixelprep installed here has {found}; "
        f"they are of different releases: pip install --upgrade {older}"
    )

from ._core import isa, num_threads, set_num_threads
from .ops import NativeOps

__all__ = ["NativeOps", "isa", "num_threads", "set_num_threads"]

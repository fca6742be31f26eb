"""The oracle of the other backends: NumPy alone, slow, obvious, exact."""

from __future__ import annotations

from typing import ClassVar

from .arrays import ArrayOps


class ReferenceOps(ArrayOps):
    """The verbs of `Ops` over `np.ndarray` with torch's arithmetic, bytes in bytes out."""

    name: ClassVar[str] = "reference"

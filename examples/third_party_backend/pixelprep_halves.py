"""The backend `halves`: NumPy arrays whose channels are resized in two threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import numpy as np

from pixelprep import PILImageResampling
from pixelprep.ops.arrays import ArrayOps
from pixelprep.ops.filters import Image

_threads = ThreadPoolExecutor(2, thread_name_prefix="halves")


class HalvesOps(ArrayOps):
    """The verbs of `pixelprep.ops.Ops`; all but one are inherited."""

    name: ClassVar[str] = "halves"

    def resize(
        self, images: Image, height: int, width: int, resample: PILImageResampling, antialias: bool = True
    ) -> Image:
        def one(part: Image) -> Image:
            return ArrayOps.resize(self, part, height, width, resample, antialias)

        middle = images.shape[-3] // 2
        return np.concatenate(
            list(_threads.map(one, (images[..., :middle, :, :], images[..., middle:, :, :]))), axis=-3
        )

"""Resampling filters, layouts of arrays and of annotations."""

from __future__ import annotations

import enum
from typing import Any


class PILImageResampling(enum.IntEnum):
    """Resampling filters, numbered as in Pillow: members equal `PIL.Image.Resampling`'s and work in their place."""

    NEAREST = 0
    LANCZOS = 1
    BILINEAR = 2
    BICUBIC = 3
    BOX = 4
    HAMMING = 5

    @classmethod
    def parse(cls, value: Any) -> PILImageResampling:
        """The filter meant by a Pillow number or enum, a name in any case, or a torchvision `InterpolationMode`.

        torchvision's "nearest-exact" is Pillow's NEAREST.

        Raises:
            ValueError: a number or name of no filter.
            TypeError: anything else, a bool included.
        """
        if isinstance(value, cls):
            return value
        allowed = ", ".join(f"{member.name} ({member.value})" for member in cls)
        name = value.value if isinstance(value, enum.Enum) else value
        if isinstance(name, bool) or not isinstance(name, int | str):
            raise TypeError(f"resample must name one of {allowed}; got {value!r:.200} ({type(value).__name__})")
        if isinstance(name, str):
            name = name.upper()
            member = cls.__members__.get("NEAREST" if name == "NEAREST-EXACT" else name)
        else:
            member = cls._value2member_map_.get(name)  # type: ignore[assignment]
        if member is None:
            raise ValueError(f"resample must be one of {allowed}; got {value!r}")
        return member


class _Choice(enum.StrEnum):
    """A string enum whose error lists what is allowed."""

    @classmethod
    def _missing_(cls, value: object) -> None:
        allowed = " or ".join(repr(member.value) for member in cls)
        raise ValueError(f"{cls.__name__} must be {allowed}; got {value!r}")


class ChannelDimension(_Choice):
    """Where an array keeps its channels: `(..., C, H, W)` or `(..., H, W, C)`."""

    FIRST = "channels_first"
    LAST = "channels_last"


class AnnotationFormat(_Choice):
    """Which of COCO's two layouts annotations have."""

    COCO_DETECTION = "coco_detection"
    COCO_PANOPTIC = "coco_panoptic"

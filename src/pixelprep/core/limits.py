"""How large what a call makes may be: checked before memory is taken, on by default, far above what models ask for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class CallLimits:
    """How large what a call makes may be.

    Attributes:
        max_target_pixels: height times width of one image after a resize or padding. The native backend makes only what
            a crop keeps of it, and counts that.
        max_output_elements: numbers in one output of a call, all images together.

    Raises:
        ValueError: a limit that is no positive whole number.
    """

    max_target_pixels: int = 2**27
    max_output_elements: int = 2**32

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a whole number of at least 1; got {value!r}")


_limits = CallLimits()


def get_call_limits() -> CallLimits:
    """The limits of this process."""
    return _limits


def set_call_limits(limits: CallLimits) -> CallLimits:
    """Set the limits of this process, all its threads included, and return those before."""
    global _limits
    previous, _limits = _limits, limits
    return previous


def check_target(height: int, width: int, shape: Sequence[int]) -> None:
    """Refuse to make an image that is larger than the limit.

    Args:
        height, width: of the image to be made.
        shape: of the image that it is made of, `(..., H, W)`.

    Raises:
        ValueError: it is; the message names what decides about it.
    """
    if height * width > _limits.max_target_pixels:
        raise ValueError(
            f"an image of {shape[-2]}x{shape[-1]} would become one of {height}x{width} = {height * width} pixels, more "
            f"than the {_limits.max_target_pixels} that max_target_pixels of CallLimits allows; its shape and `size`, "
            "`crop_size` or `pad_size` decide about it. Pass other sizes, or raise the limit with set_call_limits"
        )


def check_output(shape: Sequence[int]) -> None:
    """Refuse to make an output that is larger than the limit.

    Raises:
        ValueError: it is.
    """
    count = math.prod(shape)
    if count > _limits.max_output_elements:
        raise ValueError(
            f"an output of this call would have {'x'.join(map(str, shape))} = {count} elements, more than the "
            f"{_limits.max_output_elements} that max_output_elements of CallLimits allows; pass fewer images or "
            "another `size`, or raise the limit with set_call_limits"
        )

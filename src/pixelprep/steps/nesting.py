"""Images in lists that may nest one level deep: walked, and named in errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.errors import place


class Views(list[Any]):
    """What is shown of one image, wherever an image may stand; an error in any of them names the image."""


def map_images(function: Callable[[Any], Any], images: list[Any], noun: str = "image") -> list[Any]:
    """Apply a function to images that may nest one level deep; its errors name the image, or what `noun` calls it."""

    def apply(image: Any) -> Any:
        return Views(map(function, image)) if isinstance(image, Views) else function(image)

    results: list[Any] = []
    sample = False
    try:
        for entry in images:
            sample = isinstance(entry, list) and not isinstance(entry, Views)
            if sample:
                results.append([])
                for image in entry:
                    results[-1].append(apply(image))
            else:
                results.append(apply(entry))
    except Exception as error:
        place(error, f"{noun} {len(results[-1])} of sample {len(results) - 1}" if sample else f"{noun} {len(results)}")
        raise
    return results

"""Whose arithmetic a plan's values follow: equal words promise equal bits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..ops.protocol import Conventions, Ops
from .graph import Node

EXACT = "torch on the CPU"
"""What the torchvision and native backends give to the bit, and the oracle."""


def arithmetic(verbs: Ops, nodes: Iterable[Node], device: Any = None) -> str:
    """Whose values the verbs of a backend give for these nodes.

    A backend that follows torch's class and states no other promise for a verb or filter in use gives `EXACT`; Pillow's
    follow its major version, for 13 takes the two passes of a resize in another order.
    """
    place = "" if device is None or str(device).partition(":")[0] == "cpu" else f" on {str(device).partition(':')[0]}"
    stated = getattr(verbs, "promise", {}).keys()
    if stated:
        filters = (node.arguments.get("resample") for node in nodes)
        used = {node.verb for node in nodes} | {found.name for found in filters if found is not None}
        stated = stated & used
    if verbs.conventions == Conventions() and not stated and not place:
        return EXACT
    if verbs.name == "pil":
        import PIL

        return f"pil, Pillow {PIL.__version__.partition('.')[0]}"
    return verbs.name + place

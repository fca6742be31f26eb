"""The head of a safetensors file, where the arrays are not all in memory, as the format's own library needs them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

# The format's names for what NumPy and ml_dtypes call otherwise.
TYPES = {
    "bool": "BOOL",
    "bfloat16": "BF16",
    **{f"float{bits}": f"F{bits}" for bits in (16, 32, 64)},
    **{f"int{bits}": f"I{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"U{bits}" for bits in (8, 16, 32, 64)},
}


def head(metadata: Mapping[str, str], tensors: Mapping[str, Any]) -> bytes:
    """What stands before the arrays: the length of the header, and the header, filled up to eight bytes.

    Args:
        metadata: texts.
        tensors: `dtype`, `shape` and `data_offsets` of each.
    """
    text = json.dumps({"__metadata__": dict(metadata), **tensors}, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text

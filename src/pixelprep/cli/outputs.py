"""Outputs of plans as they are printed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

MOST_VALUES = 64
"""Integers of an output that are printed."""


def told_output(output: Any) -> dict[str, Any]:
    """An output of a plan as JSON values."""
    if output.shape is None:
        return (
            {"list": [told_output(entry) for entry in output.entries]} if output.entries else {"value": output.values}
        )
    told = {"shape": list(output.shape), "dtype": output.dtype}
    few = math.prod(output.shape) <= MOST_VALUES
    return told | ({"values": output.values} if few and output.values is not None else {})


def outputs_table(outputs: Mapping[str, Any]) -> Table:
    """What `told_output` gave of each output, as a table."""
    from . import _table

    table = _table("output", "shape", "dtype", "values")
    for name, told in outputs.items():
        values = next((json.dumps(told[key]) for key in ("values", "value") if key in told), "")
        shape = str(tuple(told["shape"])) if "shape" in told else "a list"
        table.add_row(name, shape, told.get("dtype", ""), values if len(values) <= 60 else "...")
    return table

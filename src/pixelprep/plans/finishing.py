"""The second half of a split call as a module of torch: tables are its buffers, and move with it."""

from __future__ import annotations

from typing import Any

import torch

from .splitting import Lookup, lookups


class Finish(torch.nn.Module):
    """Bytes in, what the whole call gives out; `forward` takes the outputs of the first half by name, or one of them.

    Args:
        tables: of a plan's split, by output.
    """

    def __init__(self, tables: dict[str, Any]) -> None:
        super().__init__()
        self._tables = tables
        for name, lookup in lookups(tables):
            table, offsets = lookup.tensors
            self.register_buffer(f"{name}_table", table, persistent=False)
            self.register_buffer(f"{name}_offsets", offsets, persistent=False)

    def forward(self, **features: Any) -> dict[str, Any]:
        """Every output, those that are no bytes as they came."""
        return {name: self._finished(value, self._tables.get(name), name) for name, value in features.items()}

    def _finished(self, value: Any, tables: Any, name: str) -> Any:
        if tables is None:
            return value
        if isinstance(tables, Lookup):
            if tuple(value.shape) != tables.shape:
                raise ValueError(f"`{name}` must be bytes of shape {tables.shape}, not {tuple(value.shape)}")
            return getattr(self, f"{name}_table")[value.long() + getattr(self, f"{name}_offsets")]
        if isinstance(tables, dict):
            return {key: self._finished(entry, tables.get(key), f"{name}_{key}") for key, entry in value.items()}
        pairs = enumerate(zip(value, tables, strict=True))
        return [self._finished(entry, table, f"{name}_{number}") for number, (entry, table) in pairs]

"""One step for the pipelines that people have: batches of rows in, the same rows with tensors out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from .columns import Columns, stacked
from .mapping import processor_of
from .rows import present
from .work import RowError, reason_of


class BatchProcessor:
    """Adds a model's inputs to batches of rows, in the form in which they come.

    A row's outputs are what a call with its image alone gives, without the axis that counts images, so that batches of
    any size give the same. Can be pickled, sent to workers, and called from threads.

    | a batch | comes back as |
    |---|---|
    | a mapping of columns (`datasets.map(batched=True)`, `ray.data.map_batches`) | a dictionary of columns |
    | a table or record batch of Arrow | a table |
    | a `DataFrame` of pandas or polars | a `DataFrame` |
    | a list of rows or images (`torch.utils.data.DataLoader(collate_fn=...)`) | a dictionary of columns |
    | one row (`webdataset.map`) | the row |

    Columns of arrays of one shape are one array, others lists. The column with images is left out.

    Args:
        model: image or video processor; or a folder, JSON file, family, model type or hub id.
        column: with the images: bytes, paths, URLs, `{"bytes", "path"}`, or whatever else a processor takes.
        backend: that runs a model given by name; "native" where it is installed if not given.
        on_error: "stop" raises, "null" gives a row that cannot be processed None for each output.
        return_tensors: "np" or "pt", "mlx", "jax": of columns that are one array, in dictionaries alone.
        dtype: "uint8" for the first half of each call, see `map`; else of the floats.
        settings: of a model given by name.

    Raises:
        as `map`.
    """

    def __init__(
        self,
        model: Any,
        column: str = "image",
        *,
        backend: str | None = None,
        on_error: Literal["stop", "null"] = "stop",
        return_tensors: str = "np",
        dtype: str | None = None,
        **settings: Any,
    ) -> None:
        if dtype is not None and dtype != "uint8":
            settings["dtype"] = dtype
        self.column, self.on_error, self.return_tensors = column, on_error, return_tensors
        self.columns = Columns(processor_of(model, backend, settings), dtype == "uint8")

    def __call__(self, batch: Any) -> Any:
        """The batch with outputs.

        Raises:
            RowError: an image cannot be processed, and `on_error` is "stop". KeyError: there is no such column.
        """
        kind = type(batch).__module__.partition(".")[0]
        if kind == "pyarrow":
            return self._arrow(batch)
        if kind in ("pandas", "polars"):
            return self._frame(batch, kind)
        if isinstance(batch, (list, tuple)):
            return self._listed(batch)
        if not isinstance(batch, Mapping) and hasattr(batch, "keys"):  # a lazy batch of `datasets`
            batch = {name: batch[name] for name in batch.keys()}  # noqa: SIM118
        images = self._of(batch)
        rest = {name: values for name, values in batch.items() if name != self.column}
        if _is_column(images):
            return {**rest, **self._stacked(self.outputs(images))}
        return {**rest, **self.outputs([images])[0]}

    def outputs(self, images: Any) -> list[dict[str, Any]]:
        """The arrays of each image by name.

        Raises:
            RowError: one cannot be processed, and `on_error` is "stop".
        """
        made: list[dict[str, Any] | None] = []
        for number, image in enumerate(images):
            try:
                made.append(self.columns(present(image)))
            except ImportError:
                raise
            except Exception as error:
                if self.on_error == "stop":
                    raise RowError(f"row {number}: {reason_of(error)}") from error
                made.append(None)
        names = dict.fromkeys(name for row in made for name in row or {}) or dict.fromkeys(self.columns.known)
        return [row or dict.fromkeys(names) for row in made]

    def _of(self, batch: Any) -> Any:
        try:
            return batch[self.column]
        except (KeyError, IndexError):
            names = ", ".join(map(repr, batch))
            raise KeyError(f"there is no column {self.column!r}; there are {names}: pass column=") from None

    def _stacked(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        from ..image_processing_outputs import converter

        columns = {name: stacked(row[name] for row in rows) for name in (rows[0] if rows else ())}
        if self.return_tensors == "np":
            return columns
        convert = converter(self.return_tensors)
        return {
            name: convert(values)
            if hasattr(values, "dtype")
            else [convert(value) if hasattr(value, "dtype") else value for value in values]
            for name, values in columns.items()
        }

    def _listed(self, rows: Any) -> dict[str, Any]:
        if rows and isinstance(rows[0], Mapping) and self.column in rows[0]:
            rest = {name: [row[name] for row in rows] for name in rows[0] if name != self.column}
            return {**rest, **self._stacked(self.outputs([row[self.column] for row in rows]))}
        return self._stacked(self.outputs(rows))

    def _arrow(self, batch: Any) -> Any:
        import pyarrow

        table = pyarrow.table(batch)
        self._of({name: table[name] for name in table.column_names})
        rows = self.outputs(table[self.column].to_pylist())
        table = table.drop_columns([self.column])
        for field, array in self._fields(rows):
            table = table.append_column(field, array)
        return table

    def _frame(self, batch: Any, kind: str) -> Any:
        rows = self.outputs(self._of({name: batch[name] for name in batch.columns}).to_list())
        if kind == "pandas":
            made = batch.drop(columns=[self.column])
            for name in rows[0] if rows else ():
                made[name] = [row[name] for row in rows]
            return made
        import polars

        made = batch.drop(self.column)
        for field, array in self._fields(rows):
            series = polars.Series(field.name, getattr(array, "storage", array))
            if hasattr(field.type, "shape"):
                series = series.reshape((-1, *field.type.shape))
            made = made.with_columns(series)
        return made

    def _fields(self, rows: list[dict[str, Any]]) -> Iterator[tuple[Any, Any]]:
        """The fields and arrays of Arrow that hold the outputs."""
        from .sinks.parquet import stored

        for name in rows[0] if rows else ():
            values = [row[name] for row in rows]
            yield from stored(name, self.columns.column(name, values), values)


def _is_column(values: Any) -> bool:
    """Whether this is a column, not one image."""
    if isinstance(values, (list, tuple)):
        return True
    return hasattr(values, "dtype") and getattr(values, "ndim", 0) != 3

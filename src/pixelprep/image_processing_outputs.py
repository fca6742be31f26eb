"""What a call returns: a dictionary of arrays with attribute access and conversion between array libraries."""

from __future__ import annotations

import importlib
from collections import UserDict
from collections.abc import Callable
from typing import Any, Self

from .core.nesting import first_leaf, holds_arrays


class BatchFeature(UserDict[str, Any]):
    """Named outputs of an image processor.

    Entries are read as items or attributes, the object unpacks with `**`, pickles and deep-copies.

    Args:
        data: the outputs.
        tensor_type: "np", "pt", "mlx" or "jax" converts every entry (`convert_to_tensors`); None leaves them.
    """

    def __init__(self, data: dict[str, Any] | None = None, tensor_type: str | None = None) -> None:
        self.data = dict(data or {})  # what UserDict does entry by entry
        self.convert_to_tensors(tensor_type)

    def __getattr__(self, name: str) -> Any:
        data = self.__dict__.get("data", {})
        if name in data:
            return data[name]
        raise AttributeError(f"no output {name!r}; there are: {', '.join(data) or 'none'}")

    def convert_to_tensors(self, tensor_type: str | None = None) -> Self:
        """Turn every entry into one array of a library: lists are stacked, arrays converted without a copy if possible.

        Entries that hold no numbers (file names, dictionaries) stay as they are.

        Raises:
            ValueError: an unknown `tensor_type`, or a list of arrays of different shapes.
        """
        if tensor_type is None:
            return self
        convert = converter(tensor_type)
        for name, value in self.data.items():
            leaf = first_leaf(value, 0)
            if (isinstance(value, (list, tuple)) and not value) or not _is_numeric(leaf):
                continue
            try:
                # A symbol has nothing to convert yet; it notes that it will be.
                self.data[name] = leaf.converted(value, tensor_type) if hasattr(leaf, "converted") else convert(value)
            except (ValueError, TypeError, RuntimeError) as error:
                shapes = sorted({tuple(getattr(entry, "shape", ())) for entry in value})
                raise ValueError(
                    f"`{name}` cannot become one array: its entries have the shapes {shapes} ({error}); pass "
                    "return_tensors=None for a list, or make the sizes equal (resize, centre crop or pad)"
                ) from error
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Move torch tensors: `.to("cuda")`, `.to(torch.float16)`, `.to("cuda", dtype=torch.bfloat16)`.

        A dtype changes floating-point entries only; entries that are no tensors stay. The object itself is returned.
        """
        if isinstance(kwargs.get("dtype"), str):
            kwargs["dtype"] = _torch_dtype(kwargs["dtype"])
        moves = [arg for arg in (*args, kwargs.get("dtype")) if arg is not None and type(arg).__name__ == "dtype"]
        device = kwargs.get("device", next((arg for arg in args if type(arg).__name__ != "dtype"), None))
        options: dict[str, Any] = {"non_blocking": kwargs.get("non_blocking", False)}
        if device is not None:
            options["device"] = device

        def move(value: Any) -> Any:
            if isinstance(value, (list, tuple)):
                return type(value)(move(entry) for entry in value)
            if isinstance(value, BatchFeature):
                return value.to(*args, **kwargs)
            if not hasattr(value, "is_floating_point"):
                return value
            dtype = {"dtype": moves[0]} if moves and value.is_floating_point() else {}
            return value.to(**options, **dtype)

        self.data = {name: move(value) for name, value in self.data.items()}
        return self


def _torch_dtype(name: str) -> Any:
    """torch's floating-point type of a name such as "float16"."""
    import torch

    dtype = getattr(torch, name.removeprefix("torch."), None)
    if not isinstance(dtype, torch.dtype):
        raise TypeError(f"`dtype` must be a dtype of torch or its name, such as 'float16', not {name!r}")
    return dtype


def converter(tensor_type: str) -> Callable[[Any], Any]:
    """The function that turns an array, a tensor or nested lists of them into one array of a library.

    Raises:
        ValueError: no such library is known. ImportError: it is not installed.
    """
    if tensor_type == "np":
        return _to_numpy
    if tensor_type == "pt":
        return _to_torch
    if tensor_type == "mlx":
        import mlx.core

        return lambda value: mlx.core.array(_forward(_to_numpy(value)))
    if tensor_type == "jax":
        import jax.numpy

        return lambda value: jax.numpy.asarray(_to_numpy(value))
    raise ValueError(f"return_tensors must be 'np', 'pt', 'mlx', 'jax' or None, not {tensor_type!r}")


def _is_numeric(value: Any) -> bool:
    # An array of numbers is one that can be read as such.
    readable = hasattr(value, "__array__") and getattr(value.dtype, "kind", "f") in "biufV"
    return isinstance(value, (int, float)) or readable


def _to_numpy(value: Any) -> Any:
    import numpy as np

    if isinstance(value, np.ndarray):
        return value.view(np.ndarray) if getattr(value, "holds_bfloat16", False) else value
    if isinstance(value, (list, tuple)):
        return np.stack([_to_numpy(entry) for entry in value]) if holds_arrays(value) else np.asarray(value)
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    if str(getattr(value, "dtype", "")) in ("torch.bfloat16", "mlx.core.bfloat16"):
        return _bfloat16_to_numpy(value)
    return np.asarray(value)


def _forward(array: Any) -> Any:
    """The array without negative strides, which mlx does not take."""
    return array.copy() if any(stride < 0 for stride in array.strides) else array


def _bfloat16_to_numpy(value: Any) -> Any:
    """NumPy has no bfloat16 but that of ml_dtypes; where that is not installed, float32 holds the same values."""
    import numpy as np

    library = importlib.import_module(type(value).__module__)
    try:
        import ml_dtypes
    except ImportError:
        return (np.asarray(value.view(library.int16)).astype(np.int32) << 16).view(np.float32)
    return np.asarray(value.view(library.int16)).view(ml_dtypes.bfloat16)


def _to_torch(value: Any) -> Any:
    import torch

    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, (list, tuple)):
        return torch.stack([_to_torch(entry) for entry in value]) if holds_arrays(value) else torch.tensor(value)
    array = _to_numpy(value)
    if getattr(value, "holds_bfloat16", False):
        return torch.from_numpy(array).to(torch.bfloat16)
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view("uint16")).view(torch.bfloat16)
    return torch.from_numpy(array if array.flags.writeable else array.copy())

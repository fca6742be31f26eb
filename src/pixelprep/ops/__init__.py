"""Backends: what one must offer, which ones there are, and which of them can run here.

A backend is one object with the few verbs of `Ops`. It sees arrays and numbers, never `do_*` flags or size dicts.
Backends from outside come through `register_backend` or the entry-point group `pixelprep.backends`.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ..geometry import Size
from ..image_utils import ChannelDimension, PILImageResampling
from ..utils import did_you_mean

if TYPE_CHECKING:
    from ..image_loading import JpegDecoding

Array = Any
"""A backend's own array of shape `(..., C, H, W)`: `np.ndarray`, `torch.Tensor`, a lazy recipe, a bare shape."""

ENTRY_POINT_GROUP = "pixelprep.backends"
DEFAULT_ORDER = ("torchvision", "native", "pil")


class Ops(Protocol):
    """The verbs of a backend. `images` are of shape `(..., C, H, W)`; no verb changes its input."""

    name: ClassVar[str]
    tensor_type: ClassVar[str]
    """The `return_tensors` name of this backend's own arrays."""
    pil_conventions: ClassVar[bool]
    """Which of the reference's two classes this backend follows where they differ: where the odd row of a padded
    centre crop goes (PIL: first), which pixel is the nearest, how masks of annotations are rounded."""

    jpeg_decoding: ClassVar[JpegDecoding]
    """How JPEG files reach `from_image`: as Pillow images, or as a `JpegImage` with its pixels or without."""

    def num_threads(self) -> int:
        """Threads that a call uses; as many load files."""
        ...

    def from_image(self, image: Any, data_format: ChannelDimension | None, device: Any | None) -> Array:
        """A PIL image, array or tensor as this backend's `(C, H, W)` array of the same pixel type.

        Raises:
            TypeError: the pixel type is no number. ValueError: no channel axis can be told, or a pixel is NaN.
        """
        ...

    def resize(
        self, images: Array, height: int, width: int, resample: PILImageResampling, antialias: bool = True
    ) -> Array:
        """Resample to `height x width` pixels; integer pixels stay integer."""
        ...

    def resize_float(self, images: Array, height: int, width: int, resample: PILImageResampling) -> Array:
        """Resample in float32: nothing is rounded to bytes or clipped, whatever the values."""
        ...

    def crop(self, images: Array, top: int, left: int, height: int, width: int) -> Array:
        """The window whose top-left corner is `(top, left)`; it lies inside the images."""
        ...

    def pad(
        self, images: Array, top: int, bottom: int, left: int, right: int, fill: float | Sequence[float] = 0
    ) -> Array:
        """Add rows and columns of one value, or of one value for each channel; `(tokens, values)` arrays too."""
        ...

    def extend(self, images: Array, top: int, bottom: int, left: int, right: int, mode: str) -> Array:
        """Add rows and columns made of the images' own: "edge" repeats the outermost, "reflect" mirrors at it,
        "symmetric" mirrors it too."""
        ...

    def rescale(self, images: Array, scale: float) -> Array:
        """`images * scale`, float32; bfloat16 stays, and is rounded after the operation."""
        ...

    def normalize(self, images: Array, mean: Sequence[float], std: Sequence[float]) -> Array:
        """`(images - mean) / std` for each channel, float32; bfloat16 stays, and is rounded after each operation."""
        ...

    def rescale_and_normalize(self, images: Array, scale: float, mean: Sequence[float], std: Sequence[float]) -> Array:
        """Both, in the order and precision that this backend promises; float32."""
        ...

    def unnormalize(self, images: Array, scale: float, mean: Sequence[float], std: Sequence[float]) -> Array:
        """`(images * std + mean) * scale`, the way back, in the order and precision that this backend promises."""
        ...

    def standardize(self, images: Array) -> Array:
        """`(images - mean) / max(std, 1 / sqrt(n))` over all n values of each image, float32 (TensorFlow's rule)."""
        ...

    def flip_channels(self, images: Array) -> Array:
        """The channels in reverse order: RGB becomes BGR."""
        ...

    def cast(self, images: Array, dtype: str) -> Array:
        """The values in another pixel type, such as "float32"; for "uint8" clipped to 0..255 and truncated."""
        ...

    def rearrange(self, images: Array, split: Sequence[int], order: Sequence[int], shape: Sequence[int]) -> Array:
        """Reshape to `split`, permute the axes by `order`, reshape to `shape`."""
        ...

    def patchify(
        self, images: Array, patch: int | Size, merge: int = 1, copies: int = 1, vector: str = "cthw"
    ) -> Array:
        """Patches `(..., tokens, values)` in the order of `geometry.patch_axes`, repeated `copies` times in t.

        Spaces in `vector` keep its letters apart: "ct h w" gives `(..., tokens, channels * copies, patch, patch)`.
        """
        ...

    def stack(self, nested: Sequence[Any], dtype: str | None = None) -> Array:
        """One array from arrays of one shape; in nested lists, missing entries of shorter ones become zeros."""
        ...

    def concat(self, arrays: Sequence[Array], dtype: str | None = None, axis: int = 0) -> Array:
        """One array, joined along an axis."""
        ...

    def unstack(self, images: Array) -> list[Array]:
        """The entries along the first axis."""
        ...

    def stacking_pays(self, images: Array) -> bool:
        """Whether images of one shape are faster processed as one array (a GPU) than one after another (a CPU)."""
        ...

    def pixel_mask(self, height: int, width: int, padded_height: int, padded_width: int, dtype: str = "int64") -> Array:
        """`(padded_height, padded_width)`: 1 on the top-left `height x width`, 0 on padding."""
        ...

    def integers(self, values: Any, dtype: str = "int64", like: Array | None = None) -> Array:
        """An array of integers or booleans from nested lists of them, or from an array; on the device of `like`."""
        ...


class UnknownBackendError(ValueError):
    """Nobody registered a backend of that name."""


class MissingBackendError(ImportError):
    """A known backend cannot run here; the message ends in the command that installs it."""


class UnsupportedOperationError(NotImplementedError):
    """A backend does not offer a verb or one of its variants."""


@dataclass(frozen=True)
class Backend:
    """One entry of the registry: how to load a backend and how to tell, without importing it, whether it can run."""

    name: str
    load: Callable[[], type[Ops]]
    requires: tuple[str, ...] = ()
    install: str = ""
    suffix: str = ""
    public: bool = True

    def missing(self) -> str | None:
        """Why this backend cannot run here, or None if it can."""
        absent = [module for module in self.requires if importlib.util.find_spec(module) is None]
        return f"{' and '.join(absent)} {'is' if len(absent) == 1 else 'are'} not installed" if absent else None


def _builtin(module: str, name: str) -> Callable[[], type[Ops]]:
    def load() -> type[Ops]:
        cls: type[Ops] = getattr(importlib.import_module(f"{__name__}.{module}"), name)
        return cls

    return load


_BACKENDS: dict[str, Backend] = {
    backend.name: backend
    for backend in (
        Backend(
            "torchvision",
            _builtin("torchvision", "TorchvisionOps"),
            ("torch", "torchvision"),
            'pip install "pixelprep[torch]"',
        ),
        Backend(
            "native",
            lambda: importlib.import_module("pixelprep_native").NativeOps,
            ("pixelprep_native",),
            'pip install "pixelprep[native]"',
            "Native",
        ),
        Backend("pil", _builtin("pil", "PilOps"), ("PIL", "numpy"), "pip install pillow numpy", "Pil"),
        Backend("mlx", _builtin("mlx", "MlxOps"), ("mlx",), 'pip install "pixelprep[mlx]"', "Mlx"),
        Backend("reference", _builtin("reference", "ReferenceOps"), suffix="Reference", public=False),
        Backend("shape", _builtin("shape", "ShapeOps"), suffix="Shape", public=False),
    )
}
_lock = threading.Lock()


def register_backend(
    name: str,
    load: Callable[[], type[Ops]],
    *,
    requires: Sequence[str] = (),
    install: str = "",
    suffix: str | None = None,
    exist_ok: bool = False,
) -> None:
    """Make every family available on a backend from outside.

    Args:
        name: what users write in `backend=`.
        load: returns the `Ops` class; called on first use.
        requires: modules whose presence decides availability; they are looked for, not imported.
        install: the command that installs what is missing.
        suffix: ending of the class names, by default the name in CamelCase.
        exist_ok: replace a backend of the same name.

    Raises:
        ValueError: the name is taken, or cannot be part of a class name.
    """
    if not name.isidentifier():
        raise ValueError(f"a backend's name must be an identifier such as 'mlx', not {name!r}")
    with _lock:
        if name in _BACKENDS and not exist_ok:
            raise ValueError(f"the backend {name!r} is registered already; pass exist_ok=True to replace it")
        suffix = suffix or "".join(part.capitalize() for part in name.split("_"))
        _BACKENDS[name] = Backend(name, load, tuple(requires), install, suffix)
        get_ops.cache_clear()


@cache
def _load_entry_points() -> None:
    """Add the backends that installed distributions announce; a broken announcement is a warning."""
    from importlib.metadata import entry_points

    for entry in entry_points(group=ENTRY_POINT_GROUP):
        if entry.name in _BACKENDS:
            continue
        module = entry.value.partition(":")[0].partition(".")[0]
        source = entry.dist.name if entry.dist else entry.value
        try:
            register_backend(entry.name, entry.load, requires=(module,), install=f"pip install {source}")
        except ValueError as error:
            warnings.warn(f"pixelprep ignores the backend plugin {entry.name!r} of {source}: {error}", stacklevel=2)


def backends() -> dict[str, Backend]:
    """Every public backend by name, usable or not, in the default order first."""
    _load_entry_points()
    public = {name: backend for name, backend in _BACKENDS.items() if backend.public}
    return {name: public[name] for name in (*DEFAULT_ORDER, *(n for n in public if n not in DEFAULT_ORDER))}


def backend_of_suffix(suffix: str) -> str | None:
    """The public backend whose class names end so; plugins, slow to look for, are asked if no shipped one does."""

    def find() -> str | None:
        return next((b.name for b in _BACKENDS.values() if b.public and b.suffix == suffix), None)

    name = find()
    if name is None:
        _load_entry_points()
        name = find()
    return name


def get_backend(name: str) -> Backend:
    """The registry's entry of that name.

    Raises:
        UnknownBackendError: there is none; the message names the nearest.
    """
    if name not in _BACKENDS:
        _load_entry_points()
    if name not in _BACKENDS:
        raise UnknownBackendError(
            f"there is no backend {name!r}{did_you_mean(name, _BACKENDS)} Known: {', '.join(map(repr, backends()))}; "
            "others are added with pixelprep.register_backend"
        )
    return _BACKENDS[name]


@cache
def get_ops(name: str) -> Ops:
    """The one `Ops` object of a backend, loaded on first use.

    Raises:
        UnknownBackendError: nobody registered it. MissingBackendError: its dependencies are not installed.
    """
    backend = get_backend(name)
    reason = backend.missing()
    if reason is None:
        try:
            return backend.load()()
        except Exception as error:
            reason = f"loading it failed with {type(error).__name__}: {error}"
            raise MissingBackendError(_missing_message(backend, reason)) from error
    raise MissingBackendError(_missing_message(backend, reason))


def set_num_threads(number: int) -> None:
    """Let a call of the native backend use so many threads of its own; `PIXELPREP_NUM_THREADS` sets the start.

    Results do not depend on it.

    Raises:
        MissingBackendError: the native backend is not installed. ValueError: less than one.
    """
    get_ops("native")
    if number < 1:
        raise ValueError(f"a call takes at least one thread, not {number}")
    importlib.import_module("pixelprep_native").set_num_threads(number)


def _missing_message(backend: Backend, reason: str) -> str:
    return f"the backend {backend.name!r} cannot run here: {reason}. Install it with: {backend.install}"


def choose_backend(name: str | None = None, order: Sequence[str] = DEFAULT_ORDER) -> str:
    """The backend to use: the one asked for, else `PIXELPREP_BACKEND`, else the first of `order` that can run.

    A backend that was asked for and cannot run falls back along `order` with one warning that says why and how to
    install it.

    Raises:
        MissingBackendError: no backend of the order can run; the message lists each with its reason.
    """
    asked = name or os.environ.get("PIXELPREP_BACKEND") or None
    reason = None
    if asked is not None:
        try:
            backend = get_backend(asked)
            reason = backend.missing()
            if reason is None:
                return asked
            reason = _missing_message(backend, reason)
        except UnknownBackendError as error:
            reason = str(error)
    missing = []
    for candidate in order:
        backend = get_backend(candidate)
        why = backend.missing()
        if why is None:
            if reason is not None:
                warnings.warn(f"{reason}. Using {candidate!r} instead.", stacklevel=3)
            return candidate
        missing.append(f"{candidate}: {why} ({backend.install})")
    raise MissingBackendError("no backend can run here: " + "; ".join(missing))


def unsupported(backend: str, what: str, instead: str) -> UnsupportedOperationError:
    """The error of a backend that knows a verb but not this variant of it."""
    return UnsupportedOperationError(f"the {backend!r} backend does not offer {what}; {instead}")

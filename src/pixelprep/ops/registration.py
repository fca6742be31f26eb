"""Backends: which ones there are, and which of them can run here.

Backends from outside come through `register_backend` or the entry-point group `pixelprep.backends`.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import threading
import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache

from ..core.names import did_you_mean
from .protocol import Ops, refuse_incomplete

ENTRY_POINT_GROUP = "pixelprep.backends"
DEFAULT_ORDER = ("torchvision", "native", "pil")


class UnknownBackendError(ValueError):
    """Nobody registered a backend of that name."""


class MissingBackendError(ImportError):
    """A known backend cannot run here; the message ends in the command that installs it."""


@dataclass(frozen=True)
class Backend:
    """One entry of the registry: how to load a backend and how to tell, without importing it, whether it can run."""

    name: str
    load: Callable[[], type[Ops]]
    requires: tuple[str, ...] = ()
    install: str = ""
    suffix: str = ""
    public: bool = True
    lacks: Callable[[], Collection[str]] = tuple
    """The filters that the installed version does not offer, told without importing it."""
    unfit: Callable[[], str | None] = lambda: None
    """What the machine lacks, whatever is installed; told without importing anything."""

    def missing(self) -> str | None:
        """Why this backend cannot run here, or None if it can."""
        absent = [module for module in self.requires if importlib.util.find_spec(module) is None]
        if absent:
            return f"{' and '.join(absent)} {'is' if len(absent) == 1 else 'are'} not installed"
        return self.unfit()


def _builtin(module: str, name: str) -> Callable[[], type[Ops]]:
    def load() -> type[Ops]:
        cls: type[Ops] = getattr(importlib.import_module(f".{module}", __package__), name)
        return cls

    return load


@cache
def _torchvision_lacks() -> frozenset[str]:
    """Filters that torchvision does not resample tensors with; Lanczos came with 0.27."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        major, minor = version("torchvision").split(".")[:2]
        old = (int(major), int(minor)) < (0, 27)
    except (PackageNotFoundError, ValueError):
        old = False
    return frozenset({"BOX", "HAMMING", "LANCZOS"} if old else {"BOX", "HAMMING"})


def _no_gpu() -> str | None:
    """Whether no driver of NVIDIA's or AMD's shows itself; Triton's interpreter needs none."""
    if os.environ.get("TRITON_INTERPRET", "0") not in ("", "0") or os.name == "nt":
        return None
    shown = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/kfd", "/dev/dxg")
    return None if any(map(os.path.exists, shown)) else "there is no GPU that Triton works on"


_BACKENDS: dict[str, Backend] = {
    backend.name: backend
    for backend in (
        Backend(
            "torchvision",
            _builtin("torchvision", "TorchvisionOps"),
            ("torch", "torchvision"),
            'pip install "pixelprep[torch]"',
            lacks=_torchvision_lacks,
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
        Backend(
            "triton",
            _builtin("triton", "TritonOps"),
            ("torch", "triton", "pixelprep_native"),
            'pip install "pixelprep[triton]"',
            "Triton",
            unfit=_no_gpu,
        ),
        Backend("reference", _builtin("reference", "ReferenceOps"), suffix="Reference", public=False),
        Backend("shape", _builtin(".plans.symbols", "SymbolOps"), suffix="Shape", public=False),
        Backend("checked", _builtin("checked", "CheckedOps"), suffix="Checked", public=False),
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
        IncompleteBackendError: it lacks verbs or attributes of `Ops`.
    """
    backend = get_backend(name)
    reason = backend.missing()
    if reason is not None:
        raise MissingBackendError(_missing_message(backend, reason))
    try:
        verbs = backend.load()()
    except Exception as error:
        reason = f"loading it failed with {type(error).__name__}: {error}"
        raise MissingBackendError(_missing_message(backend, reason)) from error
    refuse_incomplete(verbs, f"the backend {name!r}")
    return verbs


def why_not(name: str) -> str | None:
    """Why a backend cannot run here, found or not; None if it can. What is installed is loaded to be sure.

    Raises:
        UnknownBackendError: nobody registered it. IncompleteBackendError: it lacks verbs or attributes of `Ops`.
    """
    reason = get_backend(name).missing()
    if reason is None:
        try:
            get_ops(name)
        except MissingBackendError as error:
            reason = f"it is installed, but loading it failed: {' '.join(str(error.__cause__ or error).split())[:300]}"
    return reason


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


def choose_backend(name: str | None = None, order: Sequence[str] = DEFAULT_ORDER, *, sure: bool = False) -> str:
    """The backend to use: the one asked for, else `PIXELPREP_BACKEND`, else the first of `order` that can run.

    A backend that was asked for and cannot run falls back along `order` with one warning that says why and how to
    install it.

    Args:
        name: the backend asked for.
        order: what is tried in turn.
        sure: load a backend before it is chosen, so that one that is installed and broken falls back too. Naming a
            class must cost nothing and does without.

    Raises:
        MissingBackendError: no backend of the order can run; the message lists each with its reason.
    """

    def why_it_cannot(backend: str) -> str | None:
        return why_not(backend) if sure else get_backend(backend).missing()

    asked = name or os.environ.get("PIXELPREP_BACKEND") or None
    reason = None
    if asked is not None:
        try:
            backend = get_backend(asked)
            reason = why_it_cannot(asked)
            if reason is None:
                return asked
            reason = _missing_message(backend, reason)
        except UnknownBackendError as error:
            reason = str(error)
    missing = []
    for candidate in order:
        backend = get_backend(candidate)
        why = why_it_cannot(candidate)
        if why is None:
            if reason is not None:
                warnings.warn(f"{reason}. Using {candidate!r} instead.", stacklevel=3)
            return candidate
        if backend.missing() is None and reason is None:  # installed and broken: nobody would know otherwise
            reason = _missing_message(backend, why)
        missing.append(f"{candidate}: {why} ({backend.install})")
    raise MissingBackendError("no backend can run here: " + "; ".join(missing))

"""Image processors that a checkpoint brings along as code: run only when the user trusts it, and for itself alone.

The modules of a folder become submodules of a package named after that folder, `c<path>` in this one, so that two
checkpoints never meet, relative imports work, and a worker process finds the classes that it unpickles. Only source
files of that one folder are read, never compiled ones. Where transformers is not installed, `import transformers...` in
such a module gives pixelprep's names (`stand_ins`), and `sys.modules` knows nothing of it.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import os
import re
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from ...core.names import shown
from ...ops import DEFAULT_ORDER
from ..reading import (
    Checkpoint,
    ConfigError,
    download,
    is_hub_id,
)

_running = threading.RLock()
_PREFIX = f"{__name__}.c"
_REFERENCE = re.compile(r"(?:(?P<repo>[\w.-]+(?:/[\w.-]+)?)--)?(?P<module>[A-Za-z_]\w*)\.(?P<name>[A-Za-z_]\w*)", re.A)
_LONGEST_REFERENCE = 300


@dataclass(frozen=True)
class CodeReference:
    """What `auto_map` points to: a class in a module beside the configuration, or in another repository."""

    module: str
    name: str
    repo: str | None = None

    @classmethod
    def parse(cls, text: Any) -> CodeReference:
        """Read "module.Class" or "owner/name--module.Class".

        Raises:
            ConfigError: it is anything else, a path for example.
        """
        match = _REFERENCE.fullmatch(text) if isinstance(text, str) and len(text) <= _LONGEST_REFERENCE else None
        if match is None or (match["repo"] and not is_hub_id(match["repo"])):
            raise ConfigError(
                f"`auto_map` must point to 'module.Class' or 'owner/name--module.Class', not {shown(text)}"
            )
        return cls(match["module"], match["name"], match["repo"])

    def __str__(self) -> str:
        where = f" of the repository {self.repo}" if self.repo else ""
        return f"{self.module}.py{where}, class {self.name}"


def choose_reference(entry: Any, backend: str | None) -> CodeReference:
    """The class for a backend out of an `auto_map` entry: one reference, `[slow, fast]`, or `{backend: reference}`.

    Raises:
        ConfigError: the entry has another form.
    """
    choices: Mapping[Any, Any]
    if isinstance(entry, Mapping):
        choices = entry
    elif isinstance(entry, list):
        choices = dict(zip(("pil", "torchvision"), entry, strict=False))
    else:
        return CodeReference.parse(entry)
    given = {name: reference for name, reference in choices.items() if reference is not None}
    order = (backend, *DEFAULT_ORDER, *given)
    return CodeReference.parse(next((given[name] for name in order if name in given), entry))


def describe_code(entry: Any, checkpoint: Checkpoint, backend: str | None) -> str:
    """What `load_code` would run, for a message."""
    return str(choose_reference(entry, backend))


def load_code(
    entry: Any, checkpoint: Checkpoint, backend: str | None = None, code_revision: str | None = None
) -> type[Any]:
    """Run the module that an `auto_map` entry names and give its class. The user has said that the code is trusted.

    Args:
        entry: as in `choose_reference`.
        checkpoint: where the entry stands; its folder has the module.
        backend: chooses between several classes.
        code_revision: commit of another repository that has the module.

    Raises:
        ConfigError: the entry is malformed. FileNotFoundError: there is no such module.
        ImportError: it lacks the class, or imports what is not installed. Whatever else the code raises.
    """
    reference = choose_reference(entry, backend)
    if reference.repo is not None:
        hub = {**(checkpoint.hub or {}), "revision": code_revision}
        folder: Path | None = download(reference.repo, ["*.py"], hub)
    else:
        folder = checkpoint.folder
        if folder is not None and checkpoint.hub is not None:
            download(checkpoint.source, [str(Path(checkpoint.subfolder, "*.py"))], checkpoint.hub)
    if folder is None or not (folder / f"{reference.module}.py").is_file():
        raise FileNotFoundError(f"{checkpoint.source}: there is no {reference}, which `auto_map` names")
    package = _PREFIX + os.fsencode(folder.resolve()).hex()
    try:
        with _running:  # else one thread forgets what another is about to import
            _forget_changed(package)
            module = importlib.import_module(f"{package}.{reference.module}")
    except Exception as error:
        what = f"the {checkpoint.kind.lower()} processor of {checkpoint.source}"
        error.add_note(f"while running {folder / reference.module}.py, {what}")
        raise
    for name in (reference.name, reference.name.replace("FeatureExtractor", "ImageProcessor")):
        cls = getattr(module, name, None)
        if isinstance(cls, type) and hasattr(cls, "from_dict"):
            if cls.__module__.startswith(f"{package}."):  # its own: it is saved with its code
                facts = {"_loaded_as": f"{reference.module}.{name}", "_auto_class": f"Auto{checkpoint.kind}Processor"}
                for fact, value in facts.items():  # the second is what transformers' bases ask for
                    setattr(cls, fact, value)
            return cls
    raise ImportError(
        f"{checkpoint.source}: {reference.module}.py has no {checkpoint.kind.lower()} processor class {reference.name}"
    )


def files_of(cls: type[Any]) -> dict[str, Path]:
    """The source files that a class from a checkpoint was made of, by their place in its folder."""
    package = _PREFIX + cls.__module__.removeprefix(_PREFIX).partition(".")[0]
    folder = Path(os.fsdecode(bytes.fromhex(package.removeprefix(_PREFIX))))
    files = [Path(module.__file__) for module in _loaded(package).values() if module.__file__ is not None]
    return {file.relative_to(folder).as_posix(): file for file in files}


def _loaded(package: str) -> dict[str, ModuleType]:
    return {name: module for name, module in list(sys.modules.items()) if f"{name}.".startswith(f"{package}.")}


def _forget_changed(package: str) -> None:
    """Drop the modules of a folder if one of its files has changed since it was run."""
    loaded = _loaded(package)
    stamps = ((module.__spec__.origin, module.__spec__.loader_state) for module in loaded.values() if module.__spec__)
    if any(origin is not None and _stamp(Path(origin)) != stamp for origin, stamp in stamps):
        for name in loaded:
            sys.modules.pop(name, None)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


class _Finder(MetaPathFinder):
    """Finds the packages `c<path>` of this one and the modules in their folders; nothing else is its business."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(_PREFIX):
            return None
        folder, *names = fullname.removeprefix(_PREFIX).split(".")
        try:
            location = Path(os.fsdecode(bytes.fromhex(folder)), *names)
        except ValueError:
            return None
        if not names:
            return ModuleSpec(fullname, None, is_package=True) if location.is_dir() else None
        for file, is_package in ((location / "__init__.py", True), (location.with_name(f"{names[-1]}.py"), False)):
            if file.is_file():
                return ModuleSpec(fullname, _Loader(file), origin=str(file), is_package=is_package)
        return None


class _Loader(Loader):
    """Runs one source file, with an `import` of its own where transformers is not installed."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader_state = _stamp(self.file)
        module.__file__ = str(self.file)
        if importlib.util.find_spec("transformers") is None:
            from .stand_ins import import_with_stand_ins

            module.__dict__["__builtins__"] = {**vars(builtins), "__import__": import_with_stand_ins}
        exec(compile(self.file.read_bytes(), str(self.file), "exec", dont_inherit=True), module.__dict__)


sys.meta_path.append(_Finder())

"""What `import transformers...` gives inside code from a checkpoint, where transformers is not installed.

A stand-in is a module object that `sys.modules` does not know. All of them offer the same names, found in pixelprep's
own modules on first use: published code imports a name now from one module of transformers, now from another.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import re
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import Any

_OFFERED = re.compile(
    r"transformers"
    r"(\.(image_processing_(utils|utils_fast|backends|base)|image_transforms|image_utils|processing_utils"
    r"|feature_extraction_utils|utils(\.(generic|import_utils|logging|doc))?"
    r"|models(\.auto(\.image_processing_auto)?|\.\w+(\.image_processing_\w+)?)?))?"
)
# The first that has a name gives it. `helpers` goes last: it fills gaps.
_MODULES = (
    ".checkpoints.remote_code.bases",
    ".image_transforms",
    ".image_utils",
    ".processing_utils",
    ".images.decoding",
    ".utils",
    ".checkpoints.remote_code.helpers",
)
_PACKAGE = __name__.partition(".")[0]
_import = builtins.__import__


class StandIn(ModuleType):
    """A module of transformers, as far as image processing needs it."""

    __path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        try:
            return find(self.__name__, name)
        except ImportError as error:
            raise AttributeError(str(error)) from None


@cache
def stand_in(module: str) -> StandIn:
    """The stand-in for a module of transformers.

    Raises:
        ModuleNotFoundError: pixelprep offers no such module.
    """
    if _OFFERED.fullmatch(module) is None:
        raise ModuleNotFoundError(
            f"this code imports {module!r}; transformers is not installed, and pixelprep stands in for its image "
            "processing only. Install it with: pip install transformers",
            name=module,
        )
    return StandIn(module)


def find(module: str, name: str) -> Any:
    """What a name means in a module of transformers.

    Raises:
        ImportError: pixelprep has nothing of that name.
    """
    if not name.startswith("_"):
        if _OFFERED.fullmatch(f"{module}.{name}"):
            return stand_in(f"{module}.{name}")
        if name == "logging":
            return stand_in("transformers.utils.logging")
        for ours in (*_MODULES, *_family_module(module)):
            value = getattr(importlib.import_module(ours, _PACKAGE), name, None)
            if value is not None:
                return value
        if "ImageProcessor" in name:
            with warnings.catch_warnings():  # that the name is an old one is no news for who runs the code
                warnings.simplefilter("ignore", DeprecationWarning)
                value = getattr(importlib.import_module(_PACKAGE), name, None)
            if value is not None:
                return value
    raise ImportError(
        f"this code imports {name!r} from {module!r}; transformers is not installed, and pixelprep has no such name. "
        "Install it with: pip install transformers",
        name=module,
    )


def _family_module(module: str) -> tuple[str, ...]:
    """pixelprep's module of the same family, if it is written."""
    match = re.fullmatch(r"transformers\.models\.(\w+)(\.image_processing_\w+)?", module)
    path = f".models.{match[1]}.image_processing_{match[1]}" if match else ""
    try:
        return (path,) if match and importlib.util.find_spec(path, _PACKAGE) else ()
    except ModuleNotFoundError:
        return ()


def import_with_stand_ins(
    name: str,
    globals: Mapping[str, Any] | None = None,
    locals: Mapping[str, Any] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    """`builtins.__import__` that knows stand-ins: the `import` of code from a checkpoint."""
    if level or name.partition(".")[0] != "transformers":
        return _import(name, globals, locals, fromlist or (), level)
    module = stand_in(name)
    if not fromlist:
        return stand_in("transformers")
    for wanted in fromlist:
        find(name, wanted)
    return module

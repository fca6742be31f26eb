"""Writes `__init__.pyi`, which tells editors and type checkers what `pixelprep.__getattr__` offers.

Run `python -m pixelprep._stubs` after a family is added or a public name changes.
"""

from __future__ import annotations

from pathlib import Path

from . import _EXPORTS
from .image_processing_backends import NativeBackend, PilBackend, TorchvisionBackend
from .ops import get_backend
from .registry import FAMILIES, written_families

PATH = Path(__file__).with_name("__init__.pyi")
BASES = (TorchvisionBackend, PilBackend, NativeBackend)


def stubs() -> str:
    """The contents of `__init__.pyi`: every public name, and every family's class on the shipped backends."""
    families = [FAMILIES[name] for name in sorted(written_families(), key=str.lower)]
    imports = [f"from .{module} import {name} as {name}" for name, module in _EXPORTS.items()]
    imports += [f"from {each.module.removeprefix(__package__)} import {each.name} as _{each.name}" for each in families]
    classes = [
        f"class {family.name}ImageProcessor{get_backend(base.backend).suffix}(_{family.name}, {base.__name__}): ..."
        for family in families
        for base in BASES
    ]
    return "\n".join(
        (
            "# Written by `python -m pixelprep._stubs`; do not edit.",
            "# ruff: noqa",
            "# fmt: off",
            *sorted(imports),
            "",
            "__version__: str",
            "_EXPORTS: dict[str, str]",
            "",
            *classes,
            "",
        )
    )


if __name__ == "__main__":
    PATH.write_text(stubs())

"""The shape of the house: imports run one way, importing costs nothing, files are read in one sitting."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pixelprep

ROOT = Path(pixelprep.__file__).parent
MODULES = {
    ".".join(("pixelprep", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}
HEAVY = {"torch", "torchvision", "numpy", "PIL", "mlx", "httpx", "huggingface_hub", "scipy", "pycocotools", "rich"}


def imports(name: str, *, nested: bool) -> set[str]:
    """Absolute names of the modules that a module imports, at its top level or anywhere.

    What stands under `if TYPE_CHECKING:` is for type checkers and not counted.
    """
    path = MODULES[name]
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not nested:
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            members = {f"{source}.{alias.name}" for alias in node.names}
            found.update({member if member in MODULES else source for member in members})
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text()))
    return found - {name}


def layer(name: str) -> str:
    """The part of the house that a module belongs to."""
    part = name.removeprefix("pixelprep").lstrip(".").partition(".")[0]
    if part == "ops" and name != "pixelprep.ops":
        return "ops/<name>"
    return {"": "pixelprep", "ops": "ops/__init__", "processing_utils": "settings"}.get(part, part)


# What each part may import from the package; a part stands after everything that it needs.
FACTS = {"image_utils", "image_colors", "geometry", "utils", "calls"}
FOUNDATION = {*FACTS, "settings", "image_processing_outputs", "ops/__init__"}
PIXELS = {"image_loading", "image_jpeg", "image_transforms", "label_maps", "annotations", "postprocess", "ops/<name>"}
ALLOWED: dict[str, set[str]] = {
    "geometry": set(),
    "image_utils": {"settings"},  # offers SizeDict, on demand
    "utils": {"settings"},  # documents keyword arguments, on demand
    "settings": FACTS,
    "image_processing_outputs": set(),
    "ops/__init__": FACTS,
    "ops/<name>": {*FACTS, "ops/__init__", "ops/<name>"},
    "image_sources": FACTS,
    "image_jpeg": FACTS,
    "image_loading": {*FACTS, "settings", "image_sources", "image_jpeg"},
    "postprocess": {*FOUNDATION, "postprocess"},
}


@pytest.mark.parametrize("name", [name for name in MODULES if layer(name) in ALLOWED])
def test_imports_run_one_way(name: str) -> None:
    own = {layer(found) for found in imports(name, nested=True) if found.startswith("pixelprep")} - {layer(name)}
    assert own <= ALLOWED[layer(name)]


def test_models_know_neither_backends_nor_what_stands_on_them() -> None:
    forbidden = {"ops/<name>", "image_processing_backends", "auto", "checkpoint", "cli", "testing", "registry"}
    for name in MODULES:
        if layer(name) == "models":
            assert not {layer(found) for found in imports(name, nested=True)} & forbidden, name


def test_the_core_does_not_know_what_stands_on_it() -> None:
    above = {"models", "auto", "cli", "testing", "registry"}
    for name in MODULES:
        if layer(name) in {*FOUNDATION, *PIXELS}:
            assert not {layer(found) for found in imports(name, nested=True)} & above, name


def test_nothing_imports_in_a_circle() -> None:
    """At import time; what a function imports when it runs is another matter."""
    edges = {
        name: {found for found in imports(name, nested=False) if found in MODULES and not name.startswith(found + ".")}
        for name in MODULES
    }
    done: set[str] = set()

    def walk(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path, name))
        if name not in done:
            for found in edges[name]:
                walk(found, (*path, name))
            done.add(name)

    for name in edges:
        walk(name, ())


@pytest.mark.parametrize("name", [name for name in MODULES if layer(name) == "models"])
def test_models_are_neutral(name: str) -> None:
    """Families name no array library, nowhere: pixels are done by the verbs of `self.ops`."""
    packages = {found.partition(".")[0] for found in imports(name, nested=True)}
    assert not packages & {"torch", "torchvision", "numpy", "PIL", "mlx", "transformers"}


@pytest.mark.parametrize("name", MODULES)
def test_heavy_libraries_are_imported_on_first_use(name: str) -> None:
    allowed = {
        "ops/<name>": HEAVY,
        "image_jpeg": {"numpy", "PIL"},  # imported itself on first use
        "image_transforms": {"numpy", "PIL"},
        "label_maps": {"numpy"},
        "annotations": {"numpy"},
        "postprocess": {"numpy"},
        "remote_code": {"numpy"},  # runs only where a checkpoint's own code is allowed to
        "cli": {"rich", "numpy"},
        "testing": {"numpy", "PIL"},
    }
    found = {found.partition(".")[0] for found in imports(name, nested=False)} & HEAVY
    assert found <= allowed.get(layer(name), set())


def test_the_walk_sees_what_there_is() -> None:
    clip = imports("pixelprep.models.clip.image_processing_clip", nested=False)
    assert {"pixelprep.image_processing_utils", "pixelprep.image_utils", "pixelprep.utils"} <= clip
    assert "torch" in imports("pixelprep.ops.torchvision", nested=False)
    assert "pixelprep.auto" in imports("pixelprep.image_processing_base", nested=True)
    assert "pixelprep.auto" not in imports("pixelprep.image_processing_base", nested=False)
    assert layer("pixelprep.ops.pil") == "ops/<name>"


# Known and to be parted; each must go on failing until it is taken off this list.
@pytest.mark.parametrize("name", MODULES)
def test_modules_are_read_in_one_sitting(name: str) -> None:
    tree = ast.parse(MODULES[name].read_text())
    assert len(MODULES[name].read_text().splitlines()) <= 500
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 70, f"{node.name} has {length} lines"


@pytest.mark.parametrize(
    "name",
    [name for name, path in MODULES.items() if not path.name.startswith("__") and "pixelprep.models." not in name],
)
def test_modules_say_what_they_are(name: str) -> None:
    assert ast.get_docstring(ast.parse(MODULES[name].read_text()))


def loaded(code: str) -> set[str]:
    """Packages that a new process has imported after running some code."""
    code += "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import pixelprep", set()),
        ("import pixelprep; dir(pixelprep); pixelprep.__version__", set()),
        ("import pixelprep; pixelprep.SizeDict", {"msgspec"}),
        ("from pixelprep.models.qwen2_vl.image_processing_qwen2_vl import Qwen2VL", {"msgspec"}),
        ("import pixelprep; pixelprep.CLIPImageProcessorPil", {"msgspec"}),
        ("import pixelprep; pixelprep.CLIPImageProcessorPil()", {"msgspec", "numpy"}),
        (
            "import numpy, pixelprep\npixelprep.CLIPImageProcessorPil()(numpy.zeros((9, 9, 3), 'uint8'))",
            {"msgspec", "numpy", "PIL"},
        ),
    ],
)
def test_importing_costs_nothing(code: str, allowed: set[str]) -> None:
    assert loaded(code) & {*HEAVY, "msgspec", "typer", "safetensors", "transformers", "ml_dtypes"} <= allowed


def test_public_names_are_there() -> None:
    for name in pixelprep.__all__:
        assert getattr(pixelprep, name) is not None
    assert set(pixelprep.__all__) <= set(dir(pixelprep))
    with pytest.raises(AttributeError, match="no attribute 'CLIPImageProcesor'"):
        _ = pixelprep.CLIPImageProcesor
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = pixelprep.nothing

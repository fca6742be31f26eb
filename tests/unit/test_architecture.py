"""The shape of the house: imports run one way, importing costs nothing, files are read in one sitting."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pixelprep
from pixelprep import geometry

ROOT = Path(pixelprep.__file__).parent
MODULES = {
    ".".join(("pixelprep", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}
HEAVY = {
    "torch",
    "torchvision",
    "numpy",
    "PIL",
    "av",
    "mlx",
    "httpx",
    "huggingface_hub",
    "scipy",
    "pycocotools",
    "rich",
    "pyarrow",
    "fsspec",
    "datasets",
    "webdataset",
    "ray",
    "zarr",
}


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
    """The part of the house that a module belongs to: a room, or a file at the top."""
    parts = name.removeprefix("pixelprep").lstrip(".").split(".")
    if parts[0] == "ops" and len(parts) > 1:
        return (
            f"ops.{parts[1]}"
            if parts[1]
            in (
                "protocol",
                "registration",
                "arrays",
                "blurring",
                "contract",
                "filters",
                "interpolation",
                "nesting",
                "sampling",
            )
            else "ops.<name>"
        )
    if parts[:2] == ["checkpoints", "remote_code"] and parts[2:] in (["bases"], ["helpers"]):
        return "remote_code"  # what such code may import; the rest finds and runs it
    if parts[0] == "models" and parts[-1] in ("cases", "video_cases"):
        return "testing"  # data for the battery, kept beside the family
    return "pixelprep" if parts[0] in ("", "__main__") else parts[0]


# Floor by floor: a part imports from lower floors only, in functions too; parts of one floor do not know each other.
FLOORS: list[set[str]] = [
    {"core", "geometry"},
    {"processing_utils", "image_utils", "ops.protocol"},
    {"ops.registration", "image_processing_outputs", "utils"},
    {"ops.blurring", "ops.filters", "ops.nesting", "ops.sampling"},
    {"ops.interpolation"},
    {"ops.arrays", "ops.contract"},
    {"ops"},
    {"images", "ops.<name>", "steps"},
    {"plans", "videos"},
    {"image_loading", "video_utils", "image_transforms", "targets", "postprocess", "visualize", "checkpoints"},
    {"image_processing_base"},
    {"image_processing_utils"},
    {"video_processing_utils"},
    {"image_processing_backends", "models"},
    {"registry"},
    {"remote_code"},
    {"auto"},
    {"prompts", "data"},
    {"integrations", "testing", "cli"},
    {"pixelprep"},
]
FLOOR = {part: number for number, parts in enumerate(FLOORS) for part in parts}


@pytest.mark.parametrize("name", MODULES)
def test_imports_run_one_way(name: str) -> None:
    own = {layer(found) for found in imports(name, nested=True) if found.partition(".")[0] == "pixelprep"} - {
        layer(name)
    }
    assert {part for part in own if FLOOR[part] >= FLOOR[layer(name)]} == set()


def test_every_part_has_a_floor() -> None:
    assert {layer(name) for name in MODULES} == set(FLOOR)


def test_models_know_neither_backends_nor_what_stands_on_them() -> None:
    forbidden = {"ops.<name>", "image_processing_backends", "auto", "checkpoints", "cli", "testing", "registry"}
    for name in MODULES:
        if layer(name) == "models":
            assert not {layer(found) for found in imports(name, nested=True)} & forbidden, name


def test_nothing_imports_in_a_circle() -> None:
    """What a function imports when it runs counts too; what a module is asked for by name, as text, does not."""
    edges = {
        name: {found for found in imports(name, nested=True) if found in MODULES and not name.startswith(found + ".")}
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


@pytest.mark.parametrize(
    "name", [name for name in MODULES if layer(name) == "models" and name.rpartition(".")[2] != "header_text"]
)
def test_models_are_neutral(name: str) -> None:
    """Families name no array library, nowhere: pixels are done by the verbs of `self.ops` (header text is drawn)."""
    packages = {found.partition(".")[0] for found in imports(name, nested=True)}
    assert not packages & {"torch", "torchvision", "numpy", "PIL", "mlx", "transformers"}


@pytest.mark.parametrize("name", [name for name in MODULES if layer(name) == "models"])
def test_models_leave_the_dtype_to_the_base(name: str) -> None:
    """`batch_feature` applies it, once: what a family stacks or joins by itself has no dtype yet."""
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        verb = node.func if isinstance(node, ast.Call) else None
        if isinstance(node, ast.Call) and isinstance(verb, ast.Attribute) and verb.attr in ("stack", "concat"):
            given = [*node.args[1:], *(word.arg for word in node.keywords if word.arg != "axis")]
            assert not given, f"line {node.lineno}: leave the dtype to `batch_feature`"


def test_a_rule_of_one_family_stands_beside_it() -> None:
    """What `geometry` holds has two users, or one that is no family."""
    users: dict[str, set[str]] = {name: set() for name in vars(geometry) if callable(getattr(geometry, name))}
    for module, path in MODULES.items():
        text = path.read_text()
        family = ".".join(module.split(".")[:3]) if layer(module) == "models" else module
        if module != "pixelprep.geometry" and "geometry" in module + text:
            for name in users:
                if re.search(rf"(?<!def )\b{name}\b", text):
                    users[name].add(family)
    alone = {name: some for name, some in users.items() if len(some) < 2 and "pixelprep.models." in str(some)}
    assert alone == {}


@pytest.mark.parametrize("name", MODULES)
def test_heavy_libraries_are_imported_on_first_use(name: str) -> None:
    allowed = {
        "ops.<name>": HEAVY,
        "ops.arrays": {"numpy"},
        "ops.blurring": {"numpy"},
        "ops.sampling": {"numpy"},
        "ops.filters": {"numpy"},
        "ops.interpolation": {"numpy"},
        "image_transforms": {"numpy", "PIL"},
        "targets": {"numpy"},
        "postprocess": {"numpy"},
        "visualize": {"numpy", "PIL"},
        "remote_code": {"numpy"},  # runs only where a checkpoint's own code is allowed to
        "cli": {"rich", "numpy"},
        "testing": {"numpy", "PIL"},
    }
    found = {found.partition(".")[0] for found in imports(name, nested=False)} & HEAVY
    if name == "pixelprep.images.jpeg":  # imported itself on first use
        found -= {"numpy", "PIL"}
    if name == "pixelprep.plans.finishing":  # so is this
        found -= {"torch"}
    assert found <= allowed.get(layer(name), set())


def test_the_walk_sees_what_there_is() -> None:
    clip = imports("pixelprep.models.clip.image_processing_clip", nested=False)
    assert {"pixelprep.image_processing_utils", "pixelprep.image_utils", "pixelprep.utils"} <= clip
    assert "torch" in imports("pixelprep.ops.torchvision", nested=False)
    assert "pixelprep.checkpoints.saving" in imports("pixelprep.image_processing_base", nested=True)
    assert "pixelprep.checkpoints.saving" not in imports("pixelprep.image_processing_base", nested=False)
    assert layer("pixelprep.ops.pil") == "ops.<name>"


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

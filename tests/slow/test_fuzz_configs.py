"""Hostile configurations: they run nothing, read nothing outside their folder, and end in one clear error or none."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from oracle import our_class
from pixelprep import AutoImageProcessor
from pixelprep.ops import backends
from pixelprep.registry.families import FAMILIES, MODEL_TYPES, written_families

# What `AutoImageProcessor.from_pretrained` says that it raises; all other errors of pixelprep derive from these.
DOCUMENTED = (ValueError, TypeError, FileNotFoundError)
LONGEST_MESSAGE = 4000

FUZZ = settings(
    max_examples=120,
    deadline=None,  # the first example of a family imports it
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

TRICKS = [
    "../../../../etc/passwd",
    "/etc/passwd",
    "file:///etc/passwd",
    "~/.ssh/id_rsa",
    "C:\\Windows\\win.ini",
    "\\\\host\\share",
    "..\\..\\x",
    "%2e%2e/x",
    "http://127.0.0.1:9/x",
    "https://example.invalid/a.json",
    "evil.Processor",
    "../evil.Processor",
    "sub/evil.Processor",
    "owner/name--evil.Processor",
    "__import__('os').system('true')",
    "{0.__class__}",
    "%s%s%n",
    "$(touch x)",
    "a\0b",
    "\ud800",
    "x" * 5000,
    "CLIPImageProcessor",
    "NoneType",
]
numbers = st.one_of(
    st.integers(),
    st.sampled_from([0, -1, 1, 2**31, 2**63, 2**64, -(2**63), 10**30, 10**400]),
    st.floats(),
    st.sampled_from([1e308, -1e308, 5e-324, float("nan"), float("inf")]),
)
leaves = st.one_of(st.none(), st.booleans(), numbers, st.sampled_from(TRICKS), st.text(max_size=20))
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(
            st.sampled_from(["height", "width", "shortest_edge", "longest_edge", "min_pixels", "__class__", "auto_map"])
            | st.text(max_size=8),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)
NAMES = [
    "image_processor_type",
    "feature_extractor_type",
    "auto_map",
    "model_type",
    "architecture",
    "pretrained_cfg",
    "processor_class",
    "backend",
    "device",
    "return_tensors",
    "self",
    "cls",
    "args",
    "kwargs",
    "family",
    "ops",
    "valid_kwargs",
    "preprocess",
    "to_dict",
    "_options",
    "_unknown",
    "_resolved",
    "__class__",
    "__dict__",
    "__init__",
    "__reduce__",
    "_name_or_path",
    "font_path",
    "class_info_file",
    "repo_path",
]


class Watch:
    """What the interpreter does while it is on: files opened, code compiled or run, processes, connections."""

    def __init__(self) -> None:
        self.folder: str | None = None
        self.seen: list[str] = []
        sys.addaudithook(self.hook)

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.folder is None:
            return
        if event == "open":
            path = arguments[0]
            if isinstance(path, (str, bytes)) and not os.path.realpath(os.fsdecode(path)).startswith(self.folder):
                self.seen.append(f"open {path!r}")
        elif event == "import" and str(arguments[0]).startswith("pixelprep.models."):
            pass  # looked for, by a name of the registry's table: a family that is not written yet
        elif event in ("exec", "import", "os.system", "subprocess.Popen", "socket.connect", "socket.getaddrinfo"):
            self.seen.append(f"{event} {arguments!r:.200}")

    @contextlib.contextmanager
    def on(self, folder: Path) -> Iterator[None]:
        self.seen, self.folder = [], os.path.realpath(folder)
        try:
            yield
        finally:
            self.folder = None


watch = Watch()


@cache
def defaults(family: str) -> dict[str, Any]:
    """What a family saves; making it once also imports what it needs, which is no business of the configuration."""
    processor = our_class(family, "pil")()
    our_class(family, "pil").from_dict(processor.to_dict())
    return json.loads(processor.to_json_string())  # type: ignore[no-any-return]


@pytest.fixture(scope="module", autouse=True)
def everything_is_imported() -> None:
    import huggingface_hub.errors
    import huggingface_hub.utils._validators  # noqa: F401

    import pixelprep.checkpoints.remote_code  # noqa: F401

    assert backends()  # asks once for plugins
    for encoding in ("utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "utf-32", "utf-32-be", "utf-32-le"):
        "".encode(encoding)  # JSON may be in any of them, and Python imports an encoding when it is used
    for family in written_families():
        assert defaults(family)
        assert FAMILIES[family].backend_order  # asks once for torchvision's version


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with code that leaves a trace, within and beside it."""
    folder = tmp_path_factory.mktemp("outer") / "checkpoint"
    (folder / "sub").mkdir(parents=True)
    for place in (folder, folder.parent, folder / "sub"):
        (place / "evil.py").write_text("open(__file__ + '.was run', 'w').close()")
    return folder


def load(folder: Path, **kwargs: Any) -> None:
    """Load a checkpoint that may not be one, save what came of it, and see that nothing else happened."""
    error = None
    with watch.on(folder):
        try:
            processor = AutoImageProcessor.from_pretrained(folder, backend="pil", **kwargs)
        except DOCUMENTED as caught:
            error = caught
    assert watch.seen == []
    assert not list(folder.parent.rglob("*was run"))
    if error is None:
        assert type(processor).__name__.endswith("ImageProcessorPil")
        again = type(processor).from_dict(json.loads(processor.to_json_string()))
        assert again.to_json_string() == processor.to_json_string()
        repr(processor)
    else:
        assert 10 < len(str(error)) < LONGEST_MESSAGE
        str(error).encode("utf-8", "backslashreplace")


def write(folder: Path, **files: Any) -> None:
    for name in ("preprocessor_config", "processor_config", "config"):
        path = folder / f"{name}.json"
        path.unlink(missing_ok=True)
        if name in files:
            path.write_text(json.dumps(files[name]))


@FUZZ
@given(data=st.data())
def test_settings_of_families(folder: Path, data: st.DataObject) -> None:
    family = data.draw(st.sampled_from(written_families()))
    config = dict(defaults(family))
    names = st.sampled_from([*our_class(family, "pil")._known_names(), *NAMES]) | st.text(max_size=10)
    config.update(data.draw(st.dictionaries(names, values, min_size=1, max_size=4)))
    write(folder, preprocessor_config=config)
    load(folder)


@FUZZ
@given(preprocessor=values, processor=values, config=values)
def test_files_of_any_content(folder: Path, preprocessor: Any, processor: Any, config: Any) -> None:
    write(folder, preprocessor_config=preprocessor, processor_config={"image_processor": processor}, config=config)
    load(folder)


@FUZZ
@given(
    entry=st.sampled_from([trick for trick in TRICKS if trick != "owner/name--evil.Processor"])
    | values
    | st.dictionaries(st.sampled_from(["pil", "torchvision", "mlx"]), leaves)
    | st.lists(leaves, max_size=3),
    key=st.sampled_from(["AutoImageProcessor", "AutoFeatureExtractor"]),
    place=st.sampled_from(["preprocessor_config", "config", "processor_config"]),
    trust=st.booleans(),
)
def test_references_to_code(folder: Path, entry: Any, key: str, place: str, trust: bool) -> None:
    if trust and "evil.Processor" in json.dumps(entry):
        # The one reference in the list that is a good one; "../evil.Processor" and the like stay.
        entry = json.loads(json.dumps(entry).replace('"evil.Processor"', '"../evil.Processor"'))
        entry = json.loads(json.dumps(entry).replace('"owner/name--', '"owner/../name--'))
    config = {"auto_map": {key: entry}}
    write(folder, **{place: {"image_processor": config} if place == "processor_config" else config})
    load(folder, trust_remote_code=trust)


@FUZZ
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_files_of_any_bytes(folder: Path, content: bytes) -> None:
    write(folder)
    (folder / "preprocessor_config.json").write_bytes(content)
    load(folder)


@FUZZ
@given(
    name=st.sampled_from([*FAMILIES, *MODEL_TYPES, *TRICKS]) | st.text(max_size=30),
    ending=st.sampled_from(["", "ImageProcessor", "ImageProcessorFast", "ImageProcessorPil", "FeatureExtractor"]),
    key=st.sampled_from(["image_processor_type", "feature_extractor_type", "model_type"]),
)
def test_names_of_classes_and_types(folder: Path, name: str, ending: str, key: str) -> None:
    write(folder, preprocessor_config={}, config={key: name + ending})
    load(folder)


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"size":[', '{"auto_map":{"AutoImageProcessor":'])
@pytest.mark.parametrize("depth", [70, 2000, 200_000])
def test_deep_nesting(folder: Path, opening: str, depth: int) -> None:
    closing = "".join({"[": "]", "{": "}"}[letter] for letter in reversed(opening) if letter in "[{")
    write(folder)
    (folder / "preprocessor_config.json").write_text(opening * depth + "1" + closing * depth)
    with pytest.raises(ValueError, match=r"no JSON|must hold a JSON object|levels deep"):
        AutoImageProcessor.from_pretrained(folder)


@FUZZ
@given(
    subfolder=st.sampled_from(TRICKS) | st.text(max_size=10), filename=st.sampled_from(TRICKS) | st.text(max_size=10)
)
def test_file_names(folder: Path, subfolder: str, filename: str) -> None:
    write(folder, preprocessor_config={"image_processor_type": "CLIPImageProcessor"})
    load(folder, subfolder=subfolder, image_processor_filename=filename)

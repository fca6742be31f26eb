"""Classes of one's own are saved with their code, and load again from the folder alone."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixelprep import AutoImageProcessor, CLIPImageProcessorPil, UntrustedCodeError

MODULES = {
    "__init__.py": "",
    "processing.py": (
        "from pixelprep import CLIPImageProcessorPil\n"
        "from . import naming\n"
        "from .sizes import SIDE\n"
        "class OwnImageProcessor(CLIPImageProcessorPil):\n"
        "    size = {'shortest_edge': SIDE}\n"
        "    crop_size = SIDE\n"
        "    title = naming.TITLE\n"
    ),
    "naming.py": "TITLE = 'own'\n",
    "sizes.py": "from .numbers import *\n",
    "numbers.py": "SIDE = 24\n",
}
IMAGE = np.arange(40 * 50 * 3, dtype=np.uint8).reshape(40, 50, 3)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A class in a package of several modules, and nowhere else once it has been saved."""
    folder = tmp_path / "own_package_of_a_test"
    folder.mkdir()
    for name, text in MODULES.items():
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module(f"{folder.name}.processing").OwnImageProcessor
    for name in [name for name in sys.modules if name.partition(".")[0] == folder.name]:
        del sys.modules[name]


def test_saved_and_loaded(own: Any, tmp_path: Path) -> None:
    own.register_for_auto_class()
    processor = own(do_normalize=False)
    expected = processor(IMAGE, return_tensors="np")["pixel_values"]
    written = processor.save_pretrained(tmp_path / "first")
    names = ["naming.py", "numbers.py", "preprocessor_config.json", "processing.py", "sizes.py"]
    assert sorted(Path(path).name for path in written) == names
    settings = json.loads((tmp_path / "first" / "preprocessor_config.json").read_text())
    assert settings["auto_map"] == {"AutoImageProcessor": "processing.OwnImageProcessor"}
    shutil.rmtree(tmp_path / "own_package_of_a_test")
    with pytest.raises(UntrustedCodeError, match=r"processing\.py, class OwnImageProcessor"):
        AutoImageProcessor.from_pretrained(tmp_path / "first")
    for before, after in (("first", "second"), ("second", "third")):  # what was loaded is saved with its code as well
        again = AutoImageProcessor.from_pretrained(tmp_path / before, trust_remote_code=True)
        assert (again.size, again.title, again.to_dict()) == ({"shortest_edge": 24}, "own", settings)
        np.testing.assert_array_equal(again(IMAGE, return_tensors="np")["pixel_values"], expected)
        again.save_pretrained(tmp_path / after)
        shutil.rmtree(tmp_path / before)
        assert sorted(path.name for path in (tmp_path / after).iterdir()) == names


def test_only_classes_that_asked_for_it(own: Any, tmp_path: Path) -> None:
    assert [Path(path).name for path in own().save_pretrained(tmp_path / "saved")] == ["preprocessor_config.json"]
    CLIPImageProcessorPil().save_pretrained(tmp_path / "saved")
    assert "auto_map" not in json.loads((tmp_path / "saved" / "preprocessor_config.json").read_text())


def test_code_that_cannot_come_along(own: Any, tmp_path: Path) -> None:
    own.register_for_auto_class()
    (tmp_path / "own_package_of_a_test" / "sizes.py").write_text("from ..above import SIDE\n")
    with pytest.raises(ValueError, match=r"sizes\.py cannot be saved: line 1 imports from \.\.above"):
        own().save_pretrained(tmp_path / "saved")
    assert not list((tmp_path / "saved").iterdir())
    with pytest.raises(ValueError, match="'Own'"):
        own.register_for_auto_class("Own")


def test_a_class_of_a_script(own: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own.register_for_auto_class()
    monkeypatch.setattr(own, "__module__", "__main__")
    with pytest.warns(UserWarning, match="put it in a module"):
        assert len(own().save_pretrained(tmp_path / "saved")) == 1

"""The walk of CONTRIBUTING.md is walked: its family, row and cases pass the battery; folders hold all tests."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from needs import ROOT, TESTS

PAGE = (ROOT / "CONTRIBUTING.md").read_text()
FAMILY, ROW, CASES = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)[:3]


@pytest.fixture
def checkout(tmp_path):  # type: ignore[no-untyped-def]
    """A copy of the sources with the family of the walk."""
    sources = tmp_path / "src"
    shutil.copytree(ROOT / "src", sources, ignore=shutil.ignore_patterns("__pycache__"))
    folder = sources / "pixelprep" / "models" / "kestrel"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "image_processing_kestrel.py").write_text(FAMILY)
    table = sources / "pixelprep" / "registry" / "families.py"
    start = "_TABLE: dict[str, tuple[str, str]] = {\n"
    assert start in table.read_text()
    table.write_text(table.read_text().replace(start, start + ROW))
    return sources


def battery(sources):  # type: ignore[no-untyped-def]
    code = f"import sys; sys.path.insert(0, {str(sources)!r}); sys.argv[1:] = ['family', 'Kestrel', '--backend', 'pil']"
    command = [sys.executable, "-c", f"{code}; from pixelprep.testing.__main__ import app; app()"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_the_walk(checkout) -> None:  # type: ignore[no-untyped-def]
    done = battery(checkout)
    assert done.returncode == 2
    assert "Kestrel has no cases: write CASES = Cases(...) in" in done.stdout
    (checkout / "pixelprep" / "models" / "kestrel" / "cases.py").write_text(CASES)
    done = battery(checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    (checkout / "pixelprep" / "models" / "kestrel" / "cases.py").write_text(
        CASES.replace('    refused=["no resize"],\n', "")
    )
    done = battery(checkout)
    assert done.returncode == 1
    assert "`refused`" in done.stdout


def test_every_test_stands_in_a_folder_of_the_page() -> None:
    assert not list(TESTS.glob("test_*.py")), "move it into the folder that says what it needs"
    folders = {path.parent.relative_to(ROOT).parts[:2] for path in TESTS.rglob("test_*.py")}
    assert {f"`{'/'.join(folder)}`" for folder in folders} <= set(re.findall(r"`tests/\w+`", PAGE))

"""The benchmark runs and its page is written between the markers; how fast anything is, is not tested."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.__main__ import main
from benchmarks.cases import Case, cases, measured_families, usable_backends
from benchmarks.measure import Cost, Timing
from benchmarks.report import BEGIN, END, Results, Row, render, write_page

PAGE = f"# Title\n\nBefore.\n\n{BEGIN}\nold\n{END}\n\nAfter.\n"


def test_quick_row_is_measured_and_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    choice = ["--quick", "--family", "CLIP", "--backend", "pil", "--input", "tiny", "--only", "time"]
    assert main([*choice, "--page", str(page)]) == 0
    text = page.read_text()
    assert text.startswith("# Title\n\nBefore.\n")
    assert text.endswith("\n\nAfter.\n")
    assert "\nold\n" not in text
    assert "## pil against the reference's pil class" in text
    row = next(line for line in text.splitlines() if line.startswith("| CLIP | ") and " · " in line)
    assert float(row.split("|")[2].split("·")[0]) > 0


def test_partial_run_prints_and_leaves_the_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    monkeypatch.setattr("benchmarks.__main__.PAGE", page)
    assert main(["--quick", "--family", "CLIP", "--backend", "pil", "--input", "tiny", "--only", "time"]) == 0
    assert page.read_text() == PAGE
    assert "Times faster" in capsys.readouterr().out


def test_interrupt_leaves_the_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("benchmarks.measure.paired", interrupt)
    choice = ["--quick", "--family", "CLIP", "--backend", "pil", "--input", "tiny", "--only", "time"]
    assert main([*choice, "--page", str(page)]) == 130
    assert page.read_text() == PAGE


def test_failed_row_is_told_and_the_rest_is_written(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    def fail(*_: object) -> None:
        raise ValueError("no such thing")

    monkeypatch.setattr("benchmarks.measure.import_time", fail)
    monkeypatch.setattr("benchmarks.measure.cold_start", lambda *_: Cost(0.25, 60.0))
    assert main(["--quick", "--backend", "pil", "--only", "start"]) == 1
    text = capsys.readouterr().out
    assert "- import: ValueError: no such thing" in text
    assert "| first CLIP tensor: pil | 0.250 | 60 | 0.5 s, 100 MB |" in text


def test_page_without_markers_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Title\n")
    with pytest.raises(ValueError, match="benchmarks: begin"):
        write_page(page, "text")
    assert page.read_text() == "# Title\n"


def test_missed_targets_are_bold_and_reached_ones_are_not() -> None:
    fast, slow = Timing(0.001, 0.010, 10.0), Timing(0.010, 0.010, 0.98)
    results = Results(
        rows=[
            Row(Case("CLIP", "pil", "pil", "photo"), slow, 0.001),
            Row(Case("CLIP", "native", "torchvision", "photo"), fast, 0.0005),
            Row(Case("CLIP", "native", "pil", "photo"), Timing(0.001, 0.005, 5.0)),
        ],
        memory={"CLIP": {"pil": (5.0, 90.0)}},
        starts=[("`import pixelprep`", Cost(0.02, 12.0), "0.05 s")],
    )
    text = render(results)
    assert "| CLIP | 10.0 · **0.98** |" in text
    assert "| CLIP | PIL 1800x1200 | torchvision | 1.00 | 10.0 | 10.00 | 3 | yes |" in text
    assert "| CLIP | PIL 1800x1200 | pil | 1.00 | 5.00 | 5.00 | 8 | **no** |" in text
    assert "| CLIP, native | 2.0 |" in text
    assert "| CLIP | 5 · 90 |" in text
    assert "| `import pixelprep` | 0.020 | 12 | 0.05 s |" in text


def test_rows_cover_what_the_targets_name() -> None:
    assert {"CLIP", "Qwen2VL", "Detr"} <= set(measured_families())
    assert "pil" in usable_backends()
    rows = list(cases(["CLIP", "Qwen2VL"], ["torchvision", "pil", "native"], ["photo", "off", "files"]))
    assert Case("Qwen2VL", "native", "torchvision", "photo", "bfloat16").target == 4.0
    assert {row.target for row in rows if row.backend == "pil"} == {1.0, 2.0}
    assert Case("CLIP", "native", "torchvision", "files") in rows
    assert all(row.against in ("torchvision", "pil") for row in rows)

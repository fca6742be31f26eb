"""The benchmark runs and its page is written between the markers; how fast anything is, is not tested."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from benchmarks import inside, videos
from benchmarks.__main__ import main
from benchmarks.cases import INPUTS, Case, cases, measured_families, photograph, usable_backends
from benchmarks.measure import QUICK, Cost, Timing
from benchmarks.peer import SIDES, PeerRow
from benchmarks.report import BEGIN, END, VIDEOS, Results, Row, render, render_videos, write_page
from benchmarks.results import RESULTS

from pixelprep import load_video

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


def test_post_processing_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--quick", "--only", "results", "--family", "Detr", "--backend", "torchvision"]) == 0
    text = capsys.readouterr().out
    assert "## Post-processing" in text
    assert "| DETR, 8 x 100 boxes |" in text
    for case in RESULTS[:4]:
        ours, theirs = case.ours()(), case.reference()()
        assert [len(one["boxes"]) for one in ours] == [len(one["boxes"]) for one in theirs]


def test_video_rows_are_written_between_their_own_markers(tmp_path: Path) -> None:
    results = Results(
        videos=[("a; b", Timing(0.001, 0.010, 10.0), 8), ("c; d", Timing(0.010, 0.010, 0.9), 1 / 1.05)],
        video_memory=[("Qwen2VL, 32 x 720p", "ours", 210.0, 200.0, 21.0)],
    )
    page = tmp_path / "page.md"
    page.write_text(f"{PAGE}\n{VIDEOS[0]}\n{VIDEOS[1]}\nend\n")
    write_page(page, render_videos(results), VIDEOS)
    text = page.read_text()
    assert text.startswith(PAGE)
    assert text.endswith("end\n")
    assert "| a; b | 1.00 | 10.0 | 10.00 | 8 | yes |" in text
    assert "| c; d | 10.0 | 10.0 | 0.90 | 0.95 | **no** |" in text
    assert "| Qwen2VL, 32 x 720p | ours | 210 | 200 | 21 | 1.05 |" in text


def test_videos_are_measured_beside_what_gives_the_same(tmp_path: Path) -> None:
    path = videos.clip(tmp_path, 5, 12, (72, 128))
    indices = [0, 3, 4, 11]
    found = load_video(path, sample_indices_fn=lambda metadata: indices)[0]
    assert np.array_equal(videos.plain_decoding(path, indices), found)
    ours, theirs = videos.from_file(path), videos.reference_from_file(path, indices)
    assert theirs()["pixel_values_videos"].shape[1] == 1176
    with pytest.raises(ValueError, match="32 frames are asked for"):
        ours()
    frames = videos.drawn(2, (72, 128))
    for case in videos.written():
        case = dataclasses.replace(case, frames=2)
        made, expected = case.ours()(frames), case.reference()(frames)
        name = next(name for name in expected if name.startswith("pixel_values"))
        assert np.array_equal(np.asarray(made[name]), expected[name].numpy()), case


def test_every_input_of_every_family_can_be_asked_for() -> None:
    rows = list(cases(measured_families(), ["torchvision", "native"], list(INPUTS)))
    assert {row.family for row in rows} == set(measured_families())
    maps = Case("Mask2Former", "native", "torchvision", "maps")
    assert maps in rows
    assert maps.target == 3.0
    assert [row.input for row in rows if (row.family, row.against) == ("LightGlue", "torchvision")] == ["pair", "pair"]
    image = photograph(64, 48)
    made = dataclasses.replace(maps, backend="torchvision").ours()
    with pytest.raises(ValueError, match="segmentation map"):  # of another size: it did arrive
        made(image)


def test_plans_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--quick", "--only", "plans", "--family", "CLIP"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("| CLIP, a new size |"))
    assert float(line.split("|")[2]) > 0


def test_processors_of_transformers_give_the_same_before_they_are_measured(tmp_path: Path) -> None:
    for case in inside.PROCESSORS:
        assert inside.row(case, "file", tmp_path, QUICK).decoding is not None


def test_sections_that_are_beside_others() -> None:
    fast, slow = Timing(0.0001, 0.001, 10.0), Timing(0.01, 0.012, 1.2)
    results = Results(
        inside=[inside.InsideRow("a, file", slow, 1.5, 0.005), inside.InsideRow("a, photo", fast, 3)],
        peers=[PeerRow("CLIP", side, "kept", timing) for side, timing in zip(SIDES, (slow, slow, fast), strict=True)],
    )
    text = render(results)
    assert "| a, file | 10.0 | 12.0 | 1.20 | 1.5 | **no** | 5.00 | 50% |" in text
    assert "| a, photo | 0.10 | 1.00 | 10.00 | 3 | yes |  |  |" in text
    assert "| CLIP, kept | 10000 · **1.20** | 10000 · **1.20** | 100 · 10.00 |" in text
    assert "pip install hf-processors-rs" in render(Results(peers=None))
    assert "hf-processors-rs" not in render(Results())

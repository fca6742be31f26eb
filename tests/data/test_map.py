"""Data sets from end to end: exact on every sink, of every source; resumed, broken, killed, and still whole."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import jpeg  # type: ignore[attr-defined]
from pixelprep import data
from pixelprep.auto import processor_named
from pixelprep.data.manifest import MANIFEST
from pixelprep.data.sinks import SINKS
from pixelprep.data.work import STAGES

FAMILIES = ["clip", "qwen2_vl", "llava_onevision", "detr", "siglip2"]
SMALL: dict[str, dict[str, Any]] = {
    "clip": {"size": {"shortest_edge": 24}, "crop_size": {"height": 24, "width": 24}},
    "qwen2_vl": {"size": {"shortest_edge": 784, "longest_edge": 8000}},
    "llava_onevision": {"size": {"height": 32, "width": 32}, "image_grid_pinpoints": [[32, 64], [64, 64], [64, 32]]},
    "detr": {"size": {"shortest_edge": 40, "longest_edge": 60}},
    "siglip2": {"max_num_patches": 16},
}


def make(family: str = "clip", backend: str = "native", **options: Any) -> Any:
    return processor_named(family, backend, {**SMALL[family], **options})


def same(given: Any, expected: Any) -> bool:
    """Whether arrays are equal to the bit, NaN and bfloat16 too."""
    return given.dtype == expected.dtype and given.shape == expected.shape and given.tobytes() == expected.tobytes()


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("shard-*"))}


def command(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pixelprep", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        **options,
    )


class TestExact:
    @pytest.mark.parametrize("sink", SINKS)
    @pytest.mark.parametrize("family", FAMILIES)
    def test_what_a_call_gives(self, family: str, sink: str, photos: Path, tmp_path: Path) -> None:
        processor = make(family)
        report = data.map(processor, photos, tmp_path / "out", sink=sink, shard=4, batch=3)
        assert (report.rows, report.failed, report.shards) == (10, [], 3)
        rows = list(data.read(tmp_path / "out"))
        assert [row.key for row in rows] == [
            *(f"{number:02d}.jpg" for number in (0, 1, 3, 4, 6, 7, 9)),
            *(f"more/{number:02d}.jpg" for number in (2, 5, 8)),
        ]
        for row in rows:
            expected = processor([photos / row.key], return_tensors="np")
            assert row.outputs is not None
            assert set(row.outputs) == set(expected)
            for name, value in expected.items():
                whole = name == "pixel_values" and family == "qwen2_vl"  # patches of all images in one axis
                assert same(row.outputs[name], value if whole else value[0]), name

    @pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
    @pytest.mark.parametrize("sink", SINKS)
    def test_other_floats(self, dtype: str, sink: str, photos: Path, tmp_path: Path) -> None:
        processor = make(dtype=dtype)
        data.map(processor, photos, tmp_path / "out", sink=sink)
        for row in data.read(tmp_path / "out"):
            assert row.outputs is not None
            assert same(
                row.outputs["pixel_values"],
                np.asarray(processor(photos / row.key, return_tensors="np").pixel_values[0]),
            )

    @pytest.mark.parametrize("sink", SINKS)
    @pytest.mark.parametrize("family", ["clip", "qwen2_vl"])
    def test_bytes_that_are_finished(self, family: str, sink: str, photos: Path, tmp_path: Path) -> None:
        large = {"size": {"height": 64, "width": 64}, "do_center_crop": False} if family == "clip" else {}
        processor = make(family, **large)
        data.map(processor, photos, tmp_path / "whole", sink=sink)
        data.map(processor, photos, tmp_path / "half", sink=sink, dtype="uint8")
        sizes = [sum(path.stat().st_size for path in (tmp_path / name).glob("shard-*")) for name in ("half", "whole")]
        assert sizes[0] < 0.5 * sizes[1]
        raw = next(data.read(tmp_path / "half"))
        assert raw.outputs is not None
        assert raw.outputs["pixel_values"].dtype == np.uint8
        pairs = zip(data.read(tmp_path / "half", finish=True), data.read(tmp_path / "whole"), strict=True)
        for half, whole in pairs:
            assert half.outputs is not None
            assert whole.outputs is not None
            for name, value in whole.outputs.items():
                assert same(half.outputs[name], value), name

    def test_workers_and_batches_change_nothing(self, photos: Path, tmp_path: Path) -> None:
        for name, options in {"a": {}, "b": {"workers": 1, "batch": 1}, "c": {"workers": 3}}.items():
            data.map(make(), photos, tmp_path / name, sink="safetensors", shard=3, **options)  # type: ignore[arg-type]
        assert digests(tmp_path / "a") == digests(tmp_path / "b") == digests(tmp_path / "c")

    @pytest.mark.parametrize("backend", ["pil", "torchvision"])
    def test_in_processes(self, backend: str, photos: Path, tmp_path: Path) -> None:
        processor = make(backend=backend)
        report = data.map(processor, photos, tmp_path / "out", shard=5, workers=2)
        assert report.rows == 10
        for row in data.read(tmp_path / "out"):
            assert row.outputs is not None
            assert same(
                row.outputs["pixel_values"],
                np.asarray(processor(photos / row.key, return_tensors="np").pixel_values[0]),
            )

    def test_the_report(self, photos: Path, tmp_path: Path) -> None:
        seen: list[tuple[int, int, int | None]] = []
        report = data.map(make(), photos, tmp_path / "out", progress=lambda *told: seen.append(told))
        assert seen[-1] == (10, 0, 10)
        assert set(report.stages) == set(STAGES)
        assert report.limited_by in STAGES
        assert "10 rows in" in str(report)
        assert report.limited_by in str(report)


class TestSources:
    def rows(self, source: Any, tmp_path: Path, **options: Any) -> list[Any]:
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        data.map(make(), source, tmp_path / "out", **options)
        return list(data.read(tmp_path / "out"))

    def check(self, rows: list[Any], numbers: list[int] | range = range(10)) -> None:
        assert len(rows) == len(numbers)
        for row, number in zip(rows, numbers, strict=True):
            expected = np.asarray(make()(jpeg(number), return_tensors="np")["pixel_values"][0])
            assert same(row.outputs["pixel_values"], expected), row.key

    def test_lists_and_patterns(self, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        paths = sorted(photos.rglob("[0-9]*.jpg"), key=lambda path: path.name)
        self.check(self.rows(paths, tmp_path))
        self.check(self.rows([f"file://{path}" for path in paths], tmp_path))
        listed = tmp_path / "list.txt"
        listed.write_text("\n".join(map(str, paths)) + "\n\n")
        self.check(self.rows(listed, tmp_path))
        with listed.open() as file:
            monkeypatch.setattr(sys, "stdin", file)
            self.check(self.rows("-", tmp_path))
        self.check(self.rows(f"{photos}/*/*.jpg", tmp_path), [2, 5, 8])
        self.check(self.rows(f"{photos}/**/0[2-5].jpg", tmp_path), [3, 4, 2, 5])

    @pytest.mark.parametrize("form", ["bytes", "struct", "paths"])
    @pytest.mark.parametrize("ending", ["parquet", "feather"])
    def test_tables(self, form: str, ending: str, photos: Path, table: Path, tmp_path: Path) -> None:
        import pyarrow.feather
        import pyarrow.parquet

        whole = pyarrow.parquet.read_table(table)
        images: Any = whole["image"].to_pylist()
        if form == "struct":
            images = [{"bytes": image, "path": None} for image in images]
        if form == "paths":
            images = sorted(map(str, photos.rglob("[0-9]*.jpg")), key=lambda path: path[-6:])
        whole = whole.set_column(0, "image", pyarrow.array(images))
        path = tmp_path / f"table.{ending}"
        if ending == "parquet":
            pyarrow.parquet.write_table(whole, path, row_group_size=4)
        else:
            pyarrow.feather.write_feather(whole, str(path), chunksize=4)
        rows = self.rows(path, tmp_path, shard=3)
        self.check(rows)
        assert [row.columns for row in rows] == [{"label": number, "words": ["a"] * number} for number in range(10)]
        schema = pyarrow.parquet.read_schema(tmp_path / "out" / "shard-00000.parquet")
        assert schema.field("label").type == pyarrow.int16()
        assert str(schema.field("pixel_values").type).startswith("extension<arrow.fixed_shape_tensor")

    def test_tar_files(self, tmp_path: Path) -> None:
        import webdataset

        for shard in range(2):
            with webdataset.TarWriter(str(tmp_path / f"in-{shard:03d}.tar")) as archive:
                for number in range(5 * shard, 5 * shard + 5):
                    archive.write({"__key__": f"k{number}", "jpg": jpeg(number), "txt": f"words {number}"})
        for pattern in ("in-*.tar", "in-{000..001}.tar"):
            rows = self.rows(tmp_path / pattern, tmp_path)
            self.check(rows)
            assert [row.key for row in rows] == [f"k{number}" for number in range(10)]
            assert [row.columns for row in rows] == [{"txt": f"words {number}"} for number in range(10)]

    def test_data_sets(self, tmp_path: Path) -> None:
        import datasets

        rows = datasets.Dataset.from_dict({"image": [jpeg(number) for number in range(10)], "label": list(range(10))})
        rows = rows.cast_column("image", datasets.Image())
        rows.save_to_disk(tmp_path / "saved")
        datasets.DatasetDict({"test": rows}).save_to_disk(tmp_path / "splits")
        for source in (rows, tmp_path / "saved", f"datasets:{tmp_path / 'splits'}:test"):
            found = self.rows(source, tmp_path, shard=4)
            self.check(found)
            assert [row.columns["label"] for row in found] == list(range(10))
        with pytest.raises(ValueError, match="has the splits test"):
            self.rows(f"datasets:{tmp_path / 'splits'}:train", tmp_path)

    def test_urls_on_both_sides(self, photos: Path) -> None:
        import fsspec

        memory = fsspec.filesystem("memory")
        for path in photos.rglob("[0-9]*.jpg"):
            memory.pipe_file(f"/photos/{path.relative_to(photos)}", path.read_bytes())
        for _ in range(2):
            report = data.map(make(), "memory://photos", "memory://made", shard=4)
        assert (report.rows, report.skipped) == (0, 10)
        self.check(list(data.read("memory://made")), [0, 1, 3, 4, 6, 7, 9, 2, 5, 8])
        memory.rm("/made", recursive=True)

    @pytest.mark.parametrize(
        ("source", "error", "message"),
        [
            ("nowhere", FileNotFoundError, "no such folder"),
            ("nowhere.parquet", FileNotFoundError, "no such file"),
            ("nowhere/*.tar", FileNotFoundError, "no such file"),
            ("empty", ValueError, "there is nothing in"),
            ("spreadsheet:x", ValueError, "no source 'spreadsheet'"),
            (3, TypeError, "a source is a text"),
        ],
    )
    def test_none(self, source: Any, error: Any, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "empty").mkdir()
        with pytest.raises(error, match=message):
            data.map(make(), source, "out")
        assert not (tmp_path / "out").exists()

    def test_which_column(self, tmp_path: Path) -> None:
        import pyarrow.parquet

        path = tmp_path / "two.parquet"
        pyarrow.parquet.write_table(pyarrow.table({"left": [jpeg(0)], "right": [jpeg(1)]}), path)
        report = data.map(make(), path, tmp_path / "out")
        assert "which column holds the images" in report.failed[0][2]
        self.check(self.rows(path, tmp_path, column="right"), [1])


class TestGoingOn:
    def test_what_is_there_is_skipped(self, photos: Path, tmp_path: Path) -> None:
        out = tmp_path / "out"
        data.map(make(), photos, out, shard=3)
        whole = digests(out)
        lines = (out / MANIFEST).read_text().splitlines(keepends=True)
        (out / "shard-00002.parquet").unlink()
        (out / ".shard-00003.parquet.0123456789ab").write_bytes(b"half")
        (out / MANIFEST).write_text("".join(lines[:3]) + lines[3][:10])  # killed while it wrote a line
        report = data.map(make(), photos, out, shard=3)
        assert (report.skipped, report.rows) == (6, 4)
        assert digests(out) == whole
        assert not list(out.glob(".*"))

    def test_other_settings(self, photos: Path, tmp_path: Path) -> None:
        data.map(make(), photos, tmp_path / "out")
        with pytest.raises(ValueError, match=r"`do_normalize` was true and is false.*overwrite"):
            data.map(make(do_normalize=False), photos, tmp_path / "out")
        with pytest.raises(ValueError, match="`sink` was"):
            data.map(make(), photos, tmp_path / "out", sink="zarr")
        data.map(make(do_normalize=False), photos, tmp_path / "out", overwrite=True)

    def test_another_source(self, photos: Path, tmp_path: Path) -> None:
        data.map(make(), photos, tmp_path / "out", shard=4)
        (photos / "00.jpg").write_bytes(jpeg(3))
        with pytest.raises(ValueError, match=r"the source has changed.*1 of 3 finished parts.*part 0"):
            data.map(make(), photos, tmp_path / "out", shard=4)

    @pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
    @pytest.mark.parametrize("backend", ["native", "pil"])
    def test_killed(self, how: signal.Signals, backend: str, tmp_path: Path) -> None:
        photos, out, rows = tmp_path / "list.txt", tmp_path / "out", 2400 if backend == "native" else 400
        paths = [tmp_path / f"{number}.jpg" for number in range(10)]
        for number, path in enumerate(paths):
            path.write_bytes(jpeg(number))
        photos.write_text("\n".join(str(paths[number % 10]) for number in range(rows)))
        arguments = ["map", "clip", photos, "-o", out, "--shard", 10, "--workers", 2, "--backend", backend]
        running = command(*arguments)
        book = out / MANIFEST
        while not book.exists() or book.read_text().count("\n") < 2:  # a shard that is written down is there again
            assert running.poll() is None, running.communicate()[0]
            time.sleep(0.002)
        running.send_signal(how)
        text = running.communicate()[0]
        assert running.returncode in ((-signal.SIGKILL,) if how == signal.SIGKILL else (130,)), text
        assert len(list(out.glob("shard-*"))) < rows // 10
        if how == signal.SIGINT:
            assert "run the same command to go on" in text
            assert not list(out.glob(".*"))
        again = command(*arguments)
        text = again.communicate()[0]
        assert again.returncode == 0, text
        assert "were there already" in text
        data.map(processor_named("clip", backend, {}), photos, tmp_path / "whole", shard=10)
        assert digests(out) == digests(tmp_path / "whole")


class TestWhatIsBroken:
    @pytest.fixture
    def broken(self, photos: Path) -> Path:
        (photos / "05.jpg").write_bytes(jpeg(5)[:200])
        (photos / "06.jpg").write_bytes(b"no image at all")
        return photos

    @pytest.mark.parametrize("sink", SINKS)
    @pytest.mark.parametrize("family", ["clip", "qwen2_vl"])
    def test_rows_are_skipped_or_empty(self, family: str, sink: str, broken: Path, tmp_path: Path) -> None:
        processor = make(family)
        skipped = data.map(processor, broken, tmp_path / "skip", sink=sink, shard=4)
        kept = data.map(processor, broken, tmp_path / "null", sink=sink, shard=4, on_error="null")
        assert skipped.rows == kept.rows == 9
        assert [key for _, key, _ in skipped.failed] == [key for _, key, _ in kept.failed] == ["05.jpg", "06.jpg"]
        rows = [list(data.read(tmp_path / name)) for name in ("skip", "null")]
        assert [row.key for row in rows[1] if row.outputs is None] == ["05.jpg", "06.jpg"]
        for one, other in zip(rows[0], (row for row in rows[1] if row.outputs is not None), strict=True):
            assert one.key == other.key
            for name, value in (one.outputs or {}).items():
                assert same(value, (other.outputs or {})[name])
        errors = [json.loads(line) for line in (tmp_path / "skip" / "errors.jsonl").read_text().splitlines()]
        assert [error["key"] for error in errors] == ["05.jpg", "06.jpg"]
        assert "no image" in errors[1]["reason"] or "not an image" in errors[1]["reason"], errors

    def test_the_end(self, broken: Path, tmp_path: Path) -> None:
        with pytest.raises(data.RowError, match=r"part 1, 05\.jpg: "):
            data.map(make(), broken, tmp_path / "out", shard=4, workers=1, on_error="stop")
        assert list(digests(tmp_path / "out")) == ["shard-00000.parquet"]
        assert not list((tmp_path / "out").glob(".*"))

    def test_the_command(self, broken: Path, tmp_path: Path) -> None:
        running = command("map", "clip", broken, "-o", tmp_path / "out", "--json")
        text = running.communicate()[0]
        assert running.returncode == 1
        assert [row["key"] for row in json.loads(text)["failed"]] == ["05.jpg", "06.jpg"]

    def test_rows_without_an_image(self, tmp_path: Path) -> None:
        import pyarrow.parquet

        path = tmp_path / "rows.parquet"
        pyarrow.parquet.write_table(pyarrow.table({"image": [jpeg(0), None, jpeg(1)]}), path)
        report = data.map(make(), path, tmp_path / "out")
        assert [(key[-2:], reason) for _, key, reason in report.failed] == [(":1", "there is no image in this row")]

    def test_a_tar_file_that_ends_early(self, tmp_path: Path) -> None:
        import webdataset

        for number in range(2):
            with webdataset.TarWriter(str(tmp_path / f"{number}.tar")) as archive:
                for row in range(5):
                    archive.write({"__key__": f"{number}{row}", "jpg": jpeg(row)})
        whole = (tmp_path / "0.tar").read_bytes()
        (tmp_path / "0.tar").write_bytes(whole[: len(whole) // 2])
        report = data.map(make(), tmp_path / "*.tar", tmp_path / "out")
        assert report.rows == 7
        assert len(report.failed) == 1

    def test_a_process_that_is_killed(self, tmp_path: Path, photos: Path) -> None:
        processor = make(backend="pil")
        seen: list[Any] = []

        def shoot(done: int, failed: int, total: int | None) -> None:
            if not seen and done:
                import multiprocessing

                seen.append(multiprocessing.active_children()[0])
                seen[0].kill()

        with pytest.warns(UserWarning, match="a process was killed"):
            report = data.map(processor, [*photos.rglob("0*.jpg")] * 40, tmp_path / "out", shard=20, progress=shoot)
        assert report.rows == 400
        assert len(list(data.read(tmp_path / "out"))) == 400

    def test_no_room(self, photos: Path, tmp_path: Path) -> None:
        def no_more_than(count: int) -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (count, count))

        arguments = ["map", "clip", photos, "-o", tmp_path / "out", "--shard", "3"]
        running = subprocess.run(
            [sys.executable, "-m", "pixelprep", *map(str, arguments)],
            capture_output=True,
            text=True,
            preexec_fn=lambda: no_more_than(1_500_000),
        )
        assert running.returncode == 1
        assert "File too large" in running.stderr
        assert set(digests(tmp_path / "out")) <= {"shard-00003.parquet"}  # of one row: there is room for it
        assert not list((tmp_path / "out").glob(".*"))
        assert command(*arguments).wait() == 0

    def test_nowhere_to_write(self, photos: Path, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(OSError, match="file"):
            data.map(make(), photos, tmp_path / "file" / "out")
        if os.getuid():
            (tmp_path / "closed").mkdir(mode=0o555)
            with pytest.raises(PermissionError, match="closed"):
                data.map(make(), photos, tmp_path / "closed" / "out")

    def test_nothing_is_begun_that_cannot_be(self, photos: Path, tmp_path: Path) -> None:
        for options, message in (
            ({"sink": "excel"}, "no sink 'excel'"),
            ({"runner": "spark"}, "no runner 'spark'"),
            ({"on_error": "ignore"}, "`on_error` is"),
            ({"shard": 0}, "`shard` is a whole number"),
            ({"workers": 0}, "`workers` is a whole number"),
        ):
            with pytest.raises(ValueError, match=message):
                data.map(make(), photos, tmp_path / "out", **options)  # type: ignore[arg-type]
        assert not (tmp_path / "out").exists()


class TestMemory:
    def test_it_does_not_grow_with_the_data(self, tmp_path: Path) -> None:
        code = """
import resource, sys
from pixelprep import data
data.map("clip", [sys.argv[1]] * int(sys.argv[2]), sys.argv[3], shard=100, workers=2,
         size={"shortest_edge": 64}, crop_size={"height": 64, "width": 64})
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
        path = tmp_path / "photo.jpg"
        path.write_bytes(jpeg(0))
        peaks = [
            int(subprocess.check_output([sys.executable, "-c", code, path, str(count), tmp_path / f"out{count}"]))
            for count in (1000, 10_000)
        ]
        # 10,000 rows of 48 KiB are 470 MiB.
        assert peaks[1] < peaks[0] + 40, f"{peaks} MiB"


class TestRay:
    @pytest.fixture
    def numbers(self, tmp_path: Path) -> Path:
        photos = tmp_path / "photos"
        photos.mkdir()
        for number in range(60):
            (photos / f"{number:04d}.jpg").write_bytes(jpeg(number) if number % 10 else b"broken")
        return photos

    def test_killed_and_gone_on_with(self, numbers: Path, tmp_path: Path) -> None:
        out = tmp_path / "out"
        arguments = ["map", "clip", numbers, "-o", out, "--shard", 2, "--workers", 2, "--runner", "ray"]
        running = command(*arguments, start_new_session=True)
        while not (out / MANIFEST).exists() or len((out / MANIFEST).read_text().splitlines()) < 3:
            assert running.poll() is None, running.communicate()[0]
            time.sleep(0.01)
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
        again = command(*arguments)
        text = again.communicate()[0]
        assert again.returncode == 1, text  # six rows are broken
        assert "were there already" in text
        report = data.map(processor_named("clip", "native", {}), numbers, tmp_path / "whole", shard=2)
        assert (report.rows, len(report.failed)) == (54, 6)
        assert digests(out) == digests(tmp_path / "whole")
        assert (out / "errors.jsonl").read_text() == (tmp_path / "whole" / "errors.jsonl").read_text()


def test_work_travels(photos: Path) -> None:
    from pixelprep.data.sinks import sink_of
    from pixelprep.data.work import Work

    source = data.source_of([str(path) for path in photos.rglob("*.jpg")] * 1000)
    work = Work(make(), source, sink_of("parquet"), "out")
    assert len(pickle.dumps(work)) < 10_000

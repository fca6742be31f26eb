"""The step inside other pipelines, and what is planned without pixels."""

from __future__ import annotations

import os
import pickle
import re
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from conftest import SIZES, jpeg  # type: ignore[attr-defined]
from needs import ROOT
from pixelprep import data
from pixelprep.auto import processor_named

IMAGES = [jpeg(number) for number in range(3)]
EXPECTED = np.concatenate(
    [processor_named("clip", "native", {})(image, return_tensors="np").pixel_values for image in IMAGES]
)


@pytest.fixture(scope="module")
def step() -> data.BatchProcessor:
    return pickle.loads(pickle.dumps(data.BatchProcessor("clip")))  # type: ignore[no-any-return]


class TestBatches:
    def test_columns(self, step: Any) -> None:
        made = step({"image": IMAGES, "label": [1, 2, 3]})
        assert made["label"] == [1, 2, 3]
        assert "image" not in made
        assert np.array_equal(made["pixel_values"], EXPECTED)
        column = np.empty(3, object)
        column[:] = IMAGES
        assert np.array_equal(step({"image": column})["pixel_values"], EXPECTED)

    def test_a_row(self, step: Any) -> None:
        made = step({"image": IMAGES[0], "label": 1})
        assert np.array_equal(made["pixel_values"], EXPECTED[0])

    def test_a_list(self) -> None:
        import torch

        step = data.BatchProcessor("clip", return_tensors="pt")
        for rows in (IMAGES, [{"image": image} for image in IMAGES]):
            made = step(rows)["pixel_values"]
            assert isinstance(made, torch.Tensor)
            assert np.array_equal(made.numpy(), EXPECTED)

    def test_frames_and_tables(self, step: Any) -> None:
        import pandas
        import polars
        import pyarrow

        columns = {"image": IMAGES, "label": [1, 2, 3]}
        frame = step(pandas.DataFrame(columns))
        assert list(frame.columns) == ["label", "pixel_values"]
        assert np.array_equal(np.stack(frame["pixel_values"]), EXPECTED)
        other = step(polars.DataFrame(columns))
        assert other.columns == ["label", "pixel_values"]
        assert np.array_equal(other["pixel_values"].to_numpy(), EXPECTED)
        for table in (pyarrow.table(columns), pyarrow.RecordBatch.from_pydict(columns)):
            made = step(table)["pixel_values"].combine_chunks()
            assert np.array_equal(made.to_numpy_ndarray(), EXPECTED)

    def test_shapes_that_differ(self) -> None:
        import polars
        import pyarrow

        processor = processor_named("qwen2_vl", "native", {"size": {"shortest_edge": 784, "longest_edge": 8000}})
        step = data.BatchProcessor(processor)
        expected = [processor(image, return_tensors="np").pixel_values for image in IMAGES]
        made = step({"image": IMAGES})
        assert made["image_grid_thw"].shape == (3, 3)
        for patches, value in zip(made["pixel_values"], expected, strict=True):
            assert np.array_equal(patches, value)
        for made in (
            step(pyarrow.table({"image": IMAGES})).to_pylist(),
            step(polars.DataFrame({"image": IMAGES})).to_dicts(),
        ):
            flats, shapes = ([row[name] for row in made] for name in ("pixel_values", "pixel_values_shape"))
            for flat, shape, value in zip(flats, shapes, expected, strict=True):
                assert np.array_equal(np.asarray(flat, np.float32).reshape(shape), value)

    def test_what_cannot_be(self, step: Any) -> None:
        with pytest.raises(data.RowError, match="row 1: "):
            step({"image": [IMAGES[0], b"broken"]})
        with pytest.raises(KeyError, match="there is no column 'image'; there are 'picture'"):
            step({"picture": IMAGES})
        made = data.BatchProcessor("clip", on_error="null")({"image": [IMAGES[0], b"broken", None]})["pixel_values"]
        assert np.array_equal(made[0], EXPECTED[0])
        assert made[1] is made[2] is None
        with pytest.raises(TypeError, match="has its settings"):
            data.BatchProcessor(processor_named("clip", "native", {}), size=3)


class TestPack:
    @given(st.lists(st.integers(0, 100), max_size=200), st.integers(100, 300), st.integers(1, 20) | st.none())
    def test_every_image_once_and_none_too_full(self, sizes: list[int], most: int, images: int | None) -> None:
        batches = data.pack(sizes, most, max_images=images)
        assert sorted(number for batch in batches for number in batch) == list(range(len(sizes)))
        for batch in batches:
            assert batch == sorted(batch)
            assert sum(sizes[number] for number in batch) <= most
            assert images is None or len(batch) <= images
        if images is None and sizes:
            assert len(batches) <= 11 / 9 * self.fewest(sizes, most) + 1

    def fewest(self, sizes: list[int], most: int) -> int:
        """No fewer batches are possible; at least half of each is full, so twice the sum bounds what there can be."""
        return max(1, -(-2 * sum(sizes) // most))

    def test_plans(self) -> None:
        processor = processor_named("qwen2_vl", "native", {})
        plans = [processor.plan(size) for size in ((480, 640), (1080, 1920), (300, 300))]
        counts = [plan.image_tokens[0].count for plan in plans]
        assert data.pack(plans, sum(counts)) == [[0, 1, 2]]
        assert data.pack(plans, max(counts)) == [[1], [0, 2]]
        with pytest.raises(ValueError, match=r"image 1 has \d+ tokens, and a batch at most 500"):
            data.pack(plans, 500)
        with pytest.raises(TypeError, match="image 0: a plan or a number"):
            data.pack(["photo.jpg"], 500)


class TestStats:
    def test_headers_tell_what_calls_give(self, photos: Path) -> None:
        (photos / "broken.jpg").write_bytes(b"no image")
        processor = processor_named("qwen2_vl", "native", {"size": {"shortest_edge": 784, "longest_edge": 8000}})
        found = data.stats(processor, photos)
        outputs = [processor(path, return_tensors="np") for path in photos.rglob("[0-9]*.jpg")]
        assert found.images == 10
        assert found.sizes.keys() == set(SIZES)
        assert found.total_tokens == sum(len(output.pixel_values) // 4 for output in outputs)
        assert found.nbytes == sum(value.nbytes for output in outputs for value in output.values())
        assert [key for key, _ in found.failed] == ["broken.jpg"]
        assert sum(images for *_, images in found.histogram(4)) == 10

    def test_no_language_model(self, photos: Path) -> None:
        found = data.stats("vit", photos)
        assert not found.tokens
        assert found.tokens_unknown
        assert found.nbytes == 10 * 4 * 3 * 224 * 224

    def test_the_command(self, photos: Path, tmp_path: Path) -> None:
        import PIL.Image
        from typer.testing import CliRunner

        from pixelprep.cli import app

        result = CliRunner().invoke(app, ["stats", "qwen2_vl", str(photos), "--draw", str(tmp_path / "h.png")])
        assert result.exit_code == 0, result.output
        assert "10 images of 10 sizes; 0 would fail" in result.output
        assert "feature tokens" in result.output
        with PIL.Image.open(tmp_path / "h.png") as picture:
            assert picture.size == (840, 320)


def test_the_examples_of_the_page(photos: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import ray
    import webdataset

    with webdataset.TarWriter(str(tmp_path / "samples.tar")) as archive:
        for number in range(5):
            archive.write({"__key__": str(number), "jpg": jpeg(number)})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "data.md").read_text(), re.DOTALL)
    assert len(blocks) > 8
    names: dict[str, Any] = {}
    shown = 0
    ray.init(num_cpus=2, log_to_driver=False, logging_level="ERROR")
    try:
        for block in blocks:
            exec(compile(block, "docs/data.md", "exec"), names)
            for line in block.splitlines():
                shape = re.search(r"^(.*\.shape)  # (\(.*\))$", line)
                if shape:
                    assert tuple(eval(shape[1], names)) == eval(shape[2]), line
                    shown += 1
    finally:
        ray.shutdown()
    assert shown >= 5
    assert names["plans"]
    assert os.path.exists("shards/manifest.jsonl")

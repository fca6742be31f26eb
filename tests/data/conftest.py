"""A small data set in every form."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from pixelprep.testing.inputs import picture

SIZES = [(60, 80), (40, 40), (90, 50), (64, 128), (33, 77), (128, 64), (50, 90), (70, 70), (45, 95), (81, 61)]


def jpeg(number: int) -> bytes:
    height, width = SIZES[number % len(SIZES)]
    buffer = io.BytesIO()
    picture(height, width, seed=number).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Ten JPEG files in a folder with another one in it, and files that are no images."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    for number in range(10):
        place = folder / "more" if number % 3 == 2 else folder
        (place / f"{number:02d}.jpg").write_bytes(jpeg(number))
    (folder / "notes.md").write_text("no image")
    (folder / ".hidden.jpg").write_bytes(b"no image")
    return folder


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Ten rows of parquet in groups of four, with columns beside."""
    import pyarrow
    import pyarrow.parquet

    columns = {
        "image": pyarrow.array([jpeg(number) for number in range(10)]),
        "label": pyarrow.array(range(10), "int16"),
        "words": pyarrow.array([["a"] * number for number in range(10)]),
    }
    path = tmp_path / "rows.parquet"
    pyarrow.parquet.write_table(pyarrow.table(columns), path, row_group_size=4)
    return path

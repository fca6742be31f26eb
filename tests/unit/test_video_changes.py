"""Means of changes: NumPy's equal torch's to the bit, for a threshold is met or not by the last one."""

from __future__ import annotations

import numpy as np
import pytest

from pixelprep.videos.changes import mean_changes

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("count", [8, 31, 32, 147, 588, 600, 1200, 2352, 4704, 14112, 20000, 300000])
def test_means_are_torchs(count: int) -> None:
    values = np.random.default_rng(count).random((3, 5, count), dtype=np.float32)
    expected = torch.from_numpy(np.abs(values[1:] - values[:-1])).mean(-1).numpy()
    assert np.array_equal(mean_changes(values), expected)
    assert np.array_equal(mean_changes(torch.from_numpy(values)).numpy(), expected)

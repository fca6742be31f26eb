"""Threads of the native backend: how many, and that results do not depend on them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

import pixelprep
import pixelprep.registry
import pixelprep_native
from pixelprep.core.threads import ahead
from pixelprep.testing.conformance import drawn

IMAGES = [drawn(40 + 13 * index, 90 - 7 * index, seed=index).transpose(1, 2, 0) for index in range(5)]


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    before = pixelprep_native.num_threads()
    yield
    pixelprep.set_num_threads(before)


@pytest.mark.parametrize("family", ["CLIP", "Qwen2VL", "Idefics3"])
def test_results_do_not_depend_on_the_number_of_threads(family: str) -> None:
    processor = pixelprep.registry.FAMILIES[family].load().on("native")()
    results = []
    for number in (1, 2, 7):
        pixelprep.set_num_threads(number)
        assert pixelprep_native.num_threads() == number
        results.append(processor(IMAGES, return_tensors="np")["pixel_values"])
    assert all(np.array_equal(results[0], result) for result in results[1:])


def test_no_thread_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        pixelprep.set_num_threads(0)


def test_items_are_made_ahead_in_order() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(5):
            made.append(threading.get_ident())
            yield number
        raise ValueError("the sixth")

    found = []
    with pytest.raises(ValueError, match="the sixth"):
        found.extend(ahead(items()))
    assert len(set(made)) == 1
    assert threading.get_ident() not in made
    assert list(ahead(iter(range(7)))) == list(range(7))
    assert list(ahead(iter(()))) == []
    started = ahead(iter(range(9)))
    assert next(started) == 0
    started.close()

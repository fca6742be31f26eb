"""Sizes: what always holds of them, on any numbers, and equality with the reference's own helpers where it has one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st
from transformers.image_processing_utils import select_best_resolution
from transformers.image_transforms import get_resize_output_image_size
from transformers.models.detr.image_processing_detr import get_size_with_aspect_ratio
from transformers.models.idefics3 import image_processing_idefics3
from transformers.models.pixtral import image_processing_pixtral
from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize

from pixelprep import geometry
from pixelprep.models.pixtral.image_processing_pixtral import fit_to_patches
from pixelprep.ops.reference import ReferenceOps

SIDE = st.integers(1, 5000)
SMALL = st.integers(1, 600)


class TestEdges:
    @given(SIDE, SIDE, SMALL)
    def test_shortest_edge(self, height: int, width: int, edge: int) -> None:
        got = geometry.shortest_edge(height, width, edge)
        assert min(got) == edge
        assert (got[0] <= got[1]) == (height <= width) or got[0] == got[1]
        assert geometry.shortest_edge(width, height, edge) == got[::-1]
        array = np.empty((height, width, 3), np.uint8)
        assert got == get_resize_output_image_size(
            array, edge, default_to_square=False, input_data_format="channels_last"
        )

    @given(SIDE, SIDE, SMALL, SMALL)
    def test_shortest_and_longest_edge(self, height: int, width: int, first: int, second: int) -> None:
        shortest, longest = sorted((first, second + 1))  # of a longest edge of one pixel truncation leaves nothing
        got = geometry.shortest_longest_edge(height, width, shortest, longest)
        expected = get_size_with_aspect_ratio((height, width), shortest, longest)
        # Where a side of the reference's becomes nothing (Q36), ours keeps a pixel.
        assert got == expected if min(expected) else min(got) >= 1

    @given(SIDE, SIDE, SMALL, SMALL)
    def test_fit_within(self, height: int, width: int, max_height: int, max_width: int) -> None:
        got = geometry.fit_within(height, width, max_height, max_width)
        assert got[0] <= max_height
        assert got[1] <= max_width
        # Truncation takes less than a pixel, floating-point rounding never more than the rest of one.
        assert got[0] >= max_height - 1 or got[1] >= max_width - 1

    @given(SIDE, st.integers(1, 99))
    def test_multiple_of(self, side: int, factor: int) -> None:
        got = geometry.multiple_of(side, factor)
        assert got % factor == 0
        assert 0 <= got - side < factor


class TestWindows:
    @given(SMALL, SMALL, SMALL, SMALL, st.booleans())
    def test_center_crop(self, height: int, width: int, crop_height: int, crop_width: int, extra_first: bool) -> None:
        corner = geometry.center_crop(height, width, crop_height, crop_width, extra_first=extra_first)
        for start, side, window in zip(corner, (height, width), (crop_height, crop_width), strict=True):
            after = side - window - start
            assert abs(start - after) <= 1
            assert (start >= 0 and after >= 0) if window <= side else (start <= 0 and after <= 0)

    @given(st.integers(0, 10**6))
    def test_split_padding(self, lack: int) -> None:
        before, after = geometry.split_padding(lack)
        assert before + after == lack
        assert 0 <= after - before <= 1

    @given(SMALL, SMALL, st.integers(1, 99), st.integers(1, 99))
    def test_tile_boxes_cover_each_pixel_once(self, height: int, width: int, tile_height: int, tile_width: int) -> None:
        assume(-(-height // tile_height) * -(-width // tile_width) <= geometry.tiling.MOST_TILES)
        covered = np.zeros((height, width), int)
        boxes = geometry.tile_boxes(height, width, tile_height, tile_width)
        for top, left, box_height, box_width in boxes:
            assert 0 < box_height <= tile_height
            assert 0 < box_width <= tile_width
            covered[top : top + box_height, left : left + box_width] += 1
        assert (covered == 1).all()
        assert boxes == sorted(boxes)


def same_outcome(ours: Any, reference: Any) -> bool:
    """Whether two functions give the same value, or both refuse."""
    outcomes = []
    for function in (ours, reference):
        try:
            outcomes.append(tuple(function()))
        except ValueError:
            outcomes.append(None)
    return outcomes[0] == outcomes[1]


FACTOR = st.sampled_from([14, 16, 28, 32, 56])


class TestPatches:
    @given(SIDE, SIDE, FACTOR, st.integers(1, 10**6), st.integers(1, 10**7))
    def test_smart_resize(self, height: int, width: int, factor: int, first: int, second: int) -> None:
        least, most = sorted((first, second))
        assume(most >= factor**2)
        assert same_outcome(
            lambda: geometry.smart_resize(height, width, factor, least, most),
            lambda: smart_resize(height, width, factor, least, most),
        )
        if max(height, width) <= 200 * min(height, width):
            got = geometry.smart_resize(height, width, factor, least, most)
            assert all(side % factor == 0 for side in got)

    @given(SIDE, SIDE, FACTOR)
    def test_smart_resize_keeps_the_area_in_bounds(self, height: int, width: int, factor: int) -> None:
        assume(max(height, width) <= 200 * min(height, width))
        least, most = 4 * factor**2, 1000 * factor**2
        got = geometry.smart_resize(height, width, factor, least, most)
        assert min(got) >= factor
        assert math.prod(got) >= least
        # A side that would be less than one block becomes one, whatever the area then is.
        assert math.prod(got) <= most or min(got) == factor

    def test_smart_resize_refuses_the_elongated(self) -> None:
        assert geometry.smart_resize(1, 200, 28, 3136, 10**6)
        with pytest.raises(ValueError, match=r"1x201 is too elongated: one side may be 200 times"):
            geometry.smart_resize(1, 201, 28, 3136, 10**6)

    @given(SIDE, SIDE, SIDE, st.sampled_from([(14, 14), (16, 16), (16, 8)]))
    def test_fit_to_patches(self, height: int, width: int, longest: int, patch: tuple[int, int]) -> None:
        assume(max(height, width) / longest < min(height, width))  # else a side becomes nothing, on either side
        got = fit_to_patches(height, width, longest, longest, patch)
        image = np.empty((3, height, width), np.uint8)
        expected = image_processing_pixtral.get_resize_output_image_size(image, (longest, longest), patch)
        assert got == tuple(expected)
        assert all(side % edge == 0 and side > 0 for side, edge in zip(got, patch, strict=True))

    @given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.permutations("cthw"))
    def test_patchify_loses_and_invents_nothing(
        self, rows: int, columns: int, patch: int, merge: int, letters: list[str]
    ) -> None:
        height, width = rows * patch * merge, columns * patch * merge
        image = np.arange(3 * height * width).reshape(3, height, width)
        for copies in (1, 2):
            patches = ReferenceOps().patchify(image, patch, merge, copies, "".join(letters))
            assert patches.shape == (rows * columns * merge**2, 3 * patch**2 * copies)
            assert np.array_equal(np.bincount(patches.ravel()), np.full(image.size, copies))
        # The first token is the top-left patch, whatever the order inside it.
        assert set(patches[0]) == set(image[:, :patch, :patch].ravel())

    @pytest.mark.parametrize(("height", "width"), [(27, 28), (28, 30)])
    def test_patches_need_whole_multiples(self, height: int, width: int) -> None:
        with pytest.raises(ValueError, match=r"both sides must be multiples of 28 \(patch_size 14 x merge_size 2\)"):
            geometry.patch_axes(3, height, width, 14, 2, "cthw")


PINPOINTS = st.lists(st.tuples(SMALL, SMALL), min_size=1, max_size=9)


class TestTiles:
    @given(SIDE, SIDE, PINPOINTS)
    def test_best_resolution(self, height: int, width: int, candidates: list[tuple[int, int]]) -> None:
        got = geometry.best_resolution(height, width, candidates)
        assert got in candidates
        kept = min(min(got[1] / width, got[0] / height), 1)
        assume(kept * min(height, width) >= 1)  # an image that keeps no pixel fits every canvas as badly
        assert got == tuple(select_best_resolution((height, width), candidates))

    def test_best_resolution_needs_candidates(self) -> None:
        with pytest.raises(ValueError, match="`image_grid_pinpoints` is empty"):
            geometry.best_resolution(3, 4, [])

    @given(SIDE, SIDE, SMALL, SMALL)
    def test_fit_on_canvas(self, height: int, width: int, canvas_height: int, canvas_width: int) -> None:
        got = geometry.fit_on_canvas(height, width, canvas_height, canvas_width)
        assert 1 <= got[0] <= canvas_height
        assert 1 <= got[1] <= canvas_width
        assert got[0] == canvas_height or got[1] == canvas_width

    @given(SIDE, SIDE, st.integers(2, 5000))
    def test_longest_edge_even(self, height: int, width: int, longest: int) -> None:
        got = geometry.longest_edge_even(height, width, longest)
        assert max(got) <= 4096 or longest <= 4096
        image = np.empty((3, height, width), np.uint8)
        expected = image_processing_idefics3.get_resize_output_image_size(image, longest)
        assert got == tuple(expected)

    @given(SIDE, SIDE, st.integers(1, 600))
    def test_grow_to_tiles(self, height: int, width: int, tile: int) -> None:
        got = geometry.grow_to_tiles(height, width, tile)
        assert all(side % tile == 0 for side in got)
        assert max(got) >= max(height, width)

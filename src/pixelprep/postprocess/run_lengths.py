"""Masks and maps as run lengths: COCO's, which its library reads, and the reference's, which nothing else does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ._arrays import Array, to_numpy


def segment_run_lengths(segmentation: Array, ids: Iterable[int], form: bool | str = True) -> list[Any]:
    """The segments of a map as run lengths.

    Args:
        segmentation: (H, W) of ids.
        ids: of the segments, in the order of the result.
        form: True or "coco" for `coco_run_lengths`; "reference" for `run_length_encode`, which counts what belongs to
            no segment too.

    Raises:
        ValueError: another form. ImportError: pycocotools is missing.
    """
    if form == "reference":
        return run_length_encode(segmentation)
    if form not in (True, "coco"):
        raise ValueError(f"return_coco_annotation must be False, True, 'coco' or 'reference', not {form!r}")
    pixels = to_numpy(segmentation)
    return [coco_run_lengths(pixels == segment_id) for segment_id in ids]


def coco_run_lengths(mask: Array) -> dict[str, Any]:
    """A mask (H, W) as `{"size": [H, W], "counts": ...}`, compressed, as `pycocotools.mask.decode` and JSON take it.

    Raises:
        ImportError: pycocotools is missing.
    """
    try:
        from pycocotools import mask as coco
    except ImportError as error:
        raise ImportError("run lengths of masks need pycocotools, which is missing: pip install pycocotools") from error
    encoded = coco.encode(np.asfortranarray(to_numpy(mask), dtype=np.uint8))
    return {"size": [int(side) for side in encoded["size"]], "counts": encoded["counts"].decode()}


def run_length_encode(segmentation: Array) -> list[list[int]]:
    """A map (H, W) of ids as run lengths: for each id in rising order what `binary_mask_to_rle` gives."""
    pixels = to_numpy(segmentation)
    return [binary_mask_to_rle(pixels == segment_id) for segment_id in np.unique(pixels)]


def binary_mask_to_rle(mask: Array) -> list[int]:
    """A mask (H, W) as `[start, length, start, length, ...]`; starts count pixels row by row, from 1."""
    pixels = np.concatenate([[0], to_numpy(mask).ravel(), [0]])
    runs = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
    runs[1::2] -= runs[::2]
    lengths: list[int] = runs.tolist()
    return lengths


convert_segmentation_to_rle = run_length_encode  # its name in the reference

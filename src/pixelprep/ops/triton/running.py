"""Recipes made on the device: their pixels go over, their tables go over, two kernels run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from pixelprep_native import _core
from pixelprep_native.recipe import Recipe, rows_of_pixels, tables as core_tables, threads

from ...core.limits import check_target
from ...core.threads import LateImage, Workers
from .kernels import across, down
from .tables import COLUMNS, FIELDS, INTERPRETED, ROWS, Place, Tables, sources, work

CHUNK = 16 << 20
"""Bytes of pixels that go over at a time, while the next are gathered."""
ALIGNED = 16
_workers = Workers()
_Pixels = dict[int, tuple[Place, tuple[int, int]]]


class DevicePixels(LateImage):
    """A uint8 tensor `(H, W, C)` on a device; an array when somebody looks."""

    def __init__(self, tensor: torch.Tensor) -> None:
        height, width, channels = tensor.shape
        self.tensor, self.shape, self.pixels = tensor, (height, width, channels), None

    def decode(self, keep: bool = False) -> Any:
        pixels = self.tensor.cpu().numpy()
        if keep:
            self.pixels = pixels
        return pixels

    @property
    def place(self) -> Place:
        """Where they are."""
        return Place(self.tensor.data_ptr(), *self.tensor.stride())


def render(targets: Sequence[tuple[Recipe, torch.Tensor]], type_name: str, device: torch.device) -> None:
    """Make recipes straight into contiguous tensors of their shape, on the current stream; nothing is waited for.

    Args:
        targets: each recipe and its part of an output on `device`.
        type_name: of the outputs' elements; "uint8" only for bytes.
        device: where all of it happens.
    """
    with torch.cuda.device(device) if device.type == "cuda" else contextlib.nullcontext():
        _prepare((recipe for recipe, _ in targets), device)
        works = [work(recipe) for recipe, _ in targets]
        pixels, held = _sent(sources(works), device)
        tables = Tables(type_name)
        for part, (recipe, out) in zip(works, targets, strict=True):
            tables.add(part, *pixels.get(id(recipe.source), (Place(0, 0, 0, 0), (0, 0))), out.data_ptr())
        _launch(tables, device)
        del held  # torch hands memory on in the order of the stream


def _prepare(recipes: Iterable[Recipe], device: torch.device) -> None:
    """Make the images that several steps start from, all of one level together."""
    bases = {id(r.source): r.source for r in recipes if isinstance(r.source, Recipe)}
    if not bases:
        return
    _prepare(bases.values(), device)
    wanted = [base for base in bases.values() if str(device) not in base.made]
    works = [work(base) for base in wanted]
    pixels, held = _sent(sources(works), device)
    tables = Tables("uint8")
    for base, part in zip(wanted, works, strict=True):
        channels, height, width = base.shape
        check_target(height, width, base.size)
        step = 1 if channels == 1 else 4
        out = torch.empty((height, width, step), dtype=torch.uint8, device=device)
        place = pixels.get(id(base.source), (Place(0, 0, 0, 0), (0, 0)))
        tables.add(part, *place, out.data_ptr(), pixel=step)
        base.made[str(device)] = DevicePixels(out[:, :, :channels])
    _launch(tables, device)
    del held


def _sent(boxes: dict[int, tuple[Any, tuple[int, int, int, int]]], device: torch.device) -> tuple[_Pixels, list[Any]]:
    """Where the pixels of each source lie on the device, with the row and column they begin at; and what keeps them."""
    found: _Pixels = {}
    held: list[Any] = []
    waiting: list[tuple[int, Any, tuple[int, int, int, int]]] = []
    for key, (source, box) in boxes.items():
        made = source.made[str(device)] if isinstance(source, Recipe) else source
        if not isinstance(made, DevicePixels):
            waiting.append((key, made, box))
            continue
        if made.tensor.device != device:
            made = DevicePixels(made.tensor.to(device, non_blocking=True))
        held.append(made)
        found[key] = made.place, (0, 0)
    files = [source for _, source, _ in waiting if isinstance(source, LateImage)]
    decoded = dict(
        zip(
            map(id, files),
            _workers.run(lambda file: file.decode(), [(file,) for file in files], threads() or _core.num_threads()),
            strict=True,
        )
    )
    images = [
        (key, _core.Image.from_array(decoded[key]) if key in decoded else source, box) for key, source, box in waiting
    ]
    while images:
        chunk: list[tuple[int, Any, tuple[int, int, int, int]]] = []
        size = 0
        while images and (not chunk or size < CHUNK):
            chunk.append(images.pop(0))
            _, image, (_, _, height, width) = chunk[-1]
            size += -(-height * width * (1 if image.shape[2] == 1 else 4) // ALIGNED) * ALIGNED
        there = _gathered(chunk, size).to(device, non_blocking=True)
        held.append(there)
        at = 0
        for key, image, (top, left, height, width) in chunk:
            step = 1 if image.shape[2] == 1 else 4
            found[key] = Place(there.data_ptr() + at, width * step, step, 1), (top, left)
            at += -(-height * width * step // ALIGNED) * ALIGNED
    return found, held


def _gathered(chunk: Sequence[tuple[int, Any, tuple[int, int, int, int]]], size: int) -> torch.Tensor:
    """The boxes of images one after the other, by native's threads, in memory that a device reads by itself."""
    memory = torch.empty(size, dtype=torch.uint8, pin_memory=not INTERPRETED)
    array, at, jobs = memory.numpy(), 0, []
    for _, image, box in chunk:
        _, _, height, width = box
        channels = image.shape[2]
        step = 1 if channels == 1 else 4
        out = array[at : at + height * width * step].reshape(height, width, step)
        at += -(-height * width * step // ALIGNED) * ALIGNED
        same = core_tables((), channels, "uint8"), out, (height, width), 0, True, (0, 0, height, width), [0] * 4
        jobs.append(
            _core.Job(image.crop(*box), *same, range(channels), (0, 0), 0.0, *rows_of_pixels(height, width, step))
        )
    _core.render(jobs, threads())
    return memory


def _launch(tables: Tables, device: torch.device) -> None:
    arrays = tables.arrays()
    starts, size = {}, 0
    for name, array in arrays.items():
        starts[name] = size
        size += -(-array.nbytes // ALIGNED) * ALIGNED
    memory = torch.empty(size, dtype=torch.uint8, pin_memory=not INTERPRETED)
    bytes_of = memory.numpy()
    for name, array in arrays.items():
        bytes_of[starts[name] : starts[name] + array.nbytes] = array.view(np.uint8)
    there = memory.to(device, non_blocking=True)
    named = {
        name: there[starts[name] : starts[name] + array.nbytes].view(_torch_type(array.dtype.name))
        for name, array in arrays.items()
    }
    planes = torch.empty(max(tables.planes, 1), dtype=torch.uint8, device=device)
    shared = named["jobs"], named["whole"], named["counts"], named["weights"], planes
    for kernel, extra, number in ((across, (), 0), (down, (named["values"],), 1)):
        programs = len(arrays[f"tile_job{number}"])
        if programs:
            tiles = named[f"tile_job{number}"], named[f"tile_number{number}"]
            kernel[(programs,)](*shared, *extra, *tiles, fields=FIELDS, tall=ROWS, wide=COLUMNS)


@lru_cache
def _torch_type(name: str) -> torch.dtype:
    found: torch.dtype = getattr(torch, name)
    return found

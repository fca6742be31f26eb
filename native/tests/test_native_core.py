"""The core's pixels against the reference backend's plain NumPy, on every instruction set of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pixelprep.core.enums import PILImageResampling
from pixelprep.ops.reference import ReferenceOps
from pixelprep_native import _core

REFERENCE = ReferenceOps()


def _available() -> list[str]:
    found = []
    for name in ("scalar", "avx2", "avx512"):
        try:
            _core.render([], isa=name)
        except ValueError as error:
            assert "not available" in str(error)
        else:
            found.append(name)
    return found


SETS = _available()
IDENTITY = np.tile(np.arange(256, dtype=np.float32), (4, 1))


def pixels(seed: int, height: int, width: int, channels: int) -> np.ndarray[Any, Any]:
    """Noise, or only black and white, which overshoots most; shape (height, width, channels)."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return noise if seed % 3 else (noise > 127).astype(np.uint8) * 255


def resized(
    image: np.ndarray[Any, Any], height: int, width: int, resample: int, isa: str | None = None, threads: int = 1
) -> np.ndarray[Any, Any]:
    """The core's resize of (H, W, C), as (C, H, W)."""
    channels = image.shape[2]
    out = _core.empty((channels, height, width), "uint8")
    out[...] = 171
    tables = _core.Tables(IDENTITY[:channels], dtype="uint8")
    rows, columns = np.arange(height) * width, np.arange(width)
    window = (0, 0, height, width)
    source = _core.Image.from_array(image)
    options: Any = (window, (), range(channels), (0, 0), 0.0, rows, columns, height * width)
    _core.render([_core.Job(source, tables, out, (height, width), resample, True, *options)], threads, isa)
    return out


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 1000),
    *[st.integers(1, 70)] * 4,
    st.sampled_from((1, 3, 4)),
    st.sampled_from(list(PILImageResampling)),
)
def test_every_instruction_set_resizes_as_the_reference(
    seed: int, height: int, width: int, to_height: int, to_width: int, channels: int, resample: PILImageResampling
) -> None:
    image = pixels(seed, height, width, channels)
    expected = REFERENCE.resize(image.transpose(2, 0, 1), to_height, to_width, resample)
    for isa in SETS:
        for threads in (1, 3):
            assert np.array_equal(resized(image, to_height, to_width, int(resample), isa, threads), expected)


@pytest.mark.parametrize("isa", SETS)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 400), (400, 1), (63, 65), (301, 299)])
def test_nearly_the_same_size_needs_the_largest_weights(isa: str, height: int, width: int) -> None:
    image = pixels(3, height, width, 3)
    size = (height + 1, width + 1)
    expected = REFERENCE.resize(image.transpose(2, 0, 1), *size, PILImageResampling.BICUBIC)
    assert np.array_equal(resized(image, *size, 3, isa), expected)


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a[::-1],
        lambda a: a[:, ::-1],
        lambda a: a[::2, 1::3],
        lambda a: np.ascontiguousarray(a.transpose(2, 0, 1)).transpose(1, 2, 0),
        lambda a: np.asfortranarray(a),
        lambda a: a[:, :, ::-1],
        lambda a: np.broadcast_to(a[:1], a.shape),
    ],
    ids=["upside down", "mirrored", "every second", "planes", "columns", "BGR", "one row repeated"],
)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_strides_of_any_sign_are_read_in_place(view: Any, channels: int) -> None:
    image = view(pixels(1, 40, 50, channels))
    image.flags.writeable = False
    assert np.array_equal(resized(image, 23, 31, 2), resized(np.ascontiguousarray(image), 23, 31, 2))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_pillow_memory_is_read_in_place(mode: str) -> None:
    channels = {"L": 1, "RGB": 3, "RGBA": 4}[mode]
    image = PIL.Image.fromarray(pixels(1, 40, 50, channels).squeeze()).copy()
    assert image.mode == mode
    source = _core.Image.from_arrow(*image.__arrow_c_array__(), 40, 50, channels)
    assert source.shape == (40, 50, channels)
    out = _core.empty((channels, 40, 50), "uint8")
    tables = _core.Tables(IDENTITY[:channels], dtype="uint8")
    layout = (np.arange(40) * 50, np.arange(50), 40 * 50)
    job = _core.Job(source, tables, out, (40, 50), 0, True, (0, 0, 40, 50), (), (), (0, 0), 0.0, *layout)
    image.putpixel((49, 39), (1, 2, 3, 4)[:channels] if channels > 1 else 1)  # seen, for nothing was copied
    _core.render([job])
    assert np.array_equal(out, np.asarray(image).reshape(40, 50, channels).transpose(2, 0, 1))
    with pytest.raises(ValueError, match="height x width"):
        _core.Image.from_arrow(*image.__arrow_c_array__(), 41, 50, channels)


@pytest.mark.parametrize("isa", SETS)
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_values_are_rounded_once(isa: str, dtype: str) -> None:
    import ml_dtypes

    numpy_dtype = ml_dtypes.bfloat16 if dtype == "bfloat16" else np.dtype(dtype)
    image = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    mean = np.array([0.4814, 0.4578, 0.4082], dtype=np.float32) * np.float32(255)
    std = np.array([0.2686, 0.2613, 0.2757], dtype=np.float32) * np.float32(255)
    for values, hints in (
        ((IDENTITY[:3] - mean[:, None]) / std[:, None], (mean, std)),
        (IDENTITY[:3] * np.float32(1 / 255), ()),
        (np.random.default_rng(0).normal(size=(3, 256)).astype(np.float32), (mean, std)),  # a hint that is wrong
        (IDENTITY[:3] * np.float32(1e-6), ()),  # subnormal in float16
        (IDENTITY[:3] * np.float32(1e30), ()),  # too large for float16
    ):
        tables = _core.Tables(values, *hints, dtype=dtype)
        out = _core.empty((3, 16, 16), dtype)
        layout = (np.arange(16) * 16, np.arange(16), 256)
        source = _core.Image.from_array(image)
        job = _core.Job(source, tables, out, (16, 16), 0, True, (0, 0, 16, 16), (), (), (0, 0), 0.0, *layout)
        _core.render([job], isa=isa)
        with np.errstate(over="ignore"):
            expected = values.astype(numpy_dtype)
        assert np.array_equal(out.reshape(3, 256).view(np.uint8), expected.view(np.uint8))


def test_division_is_done_by_multiplying_where_the_bits_are_the_same() -> None:
    mean, std = (np.full(1, value, dtype=np.float32) for value in (122.77, 68.5))
    assert _core.Tables((IDENTITY[:1] - mean) / std, mean, std).formula == "divide"
    assert _core.Tables(IDENTITY[:1] * np.float32(1 / 255)).formula == "multiply"
    assert _core.Tables(IDENTITY[:1] ** 2).formula == "table"
    zero = np.zeros(1, dtype=np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        assert _core.Tables(IDENTITY[:1] / zero, zero, zero).formula == "table"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": (0, 5)}, "must be positive"),
        ({"size": (1 << 30, 5)}, "out of range"),
        ({"window": (0, 0, 9, 8)}, "inside the canvas"),
        ({"place": (1, 0)}, "inside the canvas"),
        ({"resample": 6}, "resample"),
        ({"channels": (0, 1, 3)}, "does not have"),
        ({"channels": (0,)}, "one source channel per table"),
        ({"row_offset": np.arange(8) * 9}, "leaves the output"),
        ({"row_offset": np.arange(8) - 1}, "leaves the output"),
        ({"channel_stride": 1 << 60}, "out of range"),
        ({"copies": 2, "copy_stride": 1}, "leaves the output"),
        ({"copies": 0}, "positive"),
        ({"antialias": False, "resample": 1, "size": (4, 4), "window": (0, 0, 4, 4)}, None),
    ],
)
def test_a_job_cannot_leave_its_memory(changes: dict[str, Any], message: str | None) -> None:
    arguments: dict[str, Any] = {
        "image": _core.Image.from_array(pixels(1, 8, 8, 3)),
        "tables": _core.Tables(IDENTITY[:3], dtype="uint8"),
        "out": np.zeros((3, 8, 8), dtype=np.uint8),
        "size": (8, 8),
        "resample": 2,
        "antialias": True,
        "window": (0, 0, 8, 8),
        "fill": (),
        "channels": (0, 1, 2),
        "place": (0, 0),
        "pad": 0.0,
        "row_offset": np.arange(8) * 8,
        "column_offset": np.arange(8),
        "channel_stride": 64,
        **changes,
    }
    if message is None:
        return _core.render([_core.Job(**arguments)])
    with pytest.raises(ValueError, match=message):
        _core.render([_core.Job(**arguments)])


def test_results_do_not_depend_on_threads_or_callers() -> None:
    from concurrent.futures import ThreadPoolExecutor

    image = pixels(1, 300, 400, 3)
    alone = resized(image, 200, 150, 3)
    with ThreadPoolExecutor(8) as callers:
        for out in callers.map(lambda n: resized(image, 200, 150, 3, threads=1 + n % 5), range(64)):
            assert np.array_equal(out, alone)


FORKED = """
import os, sys
import numpy as np
sys.path[:0] = {path!r}
from test_native_core import pixels, resized
image = pixels(1, 300, 400, 3)
before = resized(image, 200, 150, 3, threads=4)
child = os.fork()
if child == 0:
    os._exit(0 if np.array_equal(resized(image, 200, 150, 3, threads=4), before) else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_has_threads_of_its_own() -> None:
    code = FORKED.format(path=[os.path.dirname(__file__), *sys.path])
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(("name", "value"), [("PIXELPREP_NATIVE_ISA", "scalar"), ("PIXELPREP_NUM_THREADS", "3")])
def test_the_environment_decides(name: str, value: str) -> None:
    code = f"import sys; sys.path[:0] = {sys.path!r}; import pixelprep_native as n; print(n.isa(), n.num_threads())"
    run = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, name: value}, capture_output=True, text=True, check=True
    )
    assert value in run.stdout.split()


def test_an_unknown_instruction_set_is_named() -> None:
    with pytest.raises(ValueError, match="'sse9' is unknown; allowed: scalar, avx2, avx512"):
        _core.render([], isa="sse9")


def test_freed_memory_is_used_again() -> None:
    first = _core.empty((3, 1024, 1024), "float32")
    address = first.ctypes.data
    del first
    assert _core.empty((3, 1024, 1024), "float32").ctypes.data == address
    _core.clear_cache()


def _child(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    return subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("environment", "threads"),
    [
        ({"OMP_NUM_THREADS": "3"}, "3"),
        ({"OMP_NUM_THREADS": "3,2"}, "3"),
        ({"OMP_NUM_THREADS": "3", "PIXELPREP_NUM_THREADS": "5"}, "5"),
    ],
)
def test_threads_are_those_of_the_environment(environment: dict[str, str], threads: str) -> None:
    assert (
        _child("import pixelprep_native; print(pixelprep_native.num_threads())", **environment).stdout == f"{threads}\n"
    )


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity can be set on Linux alone")
def test_threads_are_the_processors_of_the_process() -> None:
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); import pixelprep_native as n; print(n.num_threads())"
    assert _child(code).stdout == "1\n"


def test_a_process_ends_while_daemon_threads_are_inside() -> None:
    code = (
        "import threading, time, numpy as np\n"
        "from pixelprep import CLIPImageProcessorNative\n"
        "processor = CLIPImageProcessorNative()\n"
        "image = np.zeros((1500, 2000, 3), np.uint8)\n"
        "def work():\n"
        "    while True:\n"
        "        processor(image)\n"
        "for _ in range(3):\n"
        "    threading.Thread(target=work, daemon=True).start()\n"
        "time.sleep(0.3)\n"
    )
    for _ in range(3):
        done = _child(code)
        assert (done.returncode, done.stderr) == (0, "")


def test_a_data_loaders_worker_has_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    import types

    from pixelprep_native.recipe import threads

    worker = types.ModuleType("torch.utils.data._utils.worker")
    monkeypatch.setitem(sys.modules, "torch.utils.data._utils.worker", worker)
    worker._worker_info = None  # type: ignore[attr-defined]
    assert threads() == 0  # as many as the core may use
    worker._worker_info = object()  # type: ignore[attr-defined]
    assert threads() == 1

"""Hostile input by the thousand: settings, arrays, files, annotations, results of models.

Every case follows from a seed, so that what went wrong can be made again. Cases run in a child process with bounded
memory and time: a crash or a hang costs its case, and is reported like a wrong error.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import math
import random
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# Errors that pixelprep documents; all of its own derive from these. Each names what to do.
DOCUMENTED = (ValueError, TypeError, FileNotFoundError, ImportError, NotImplementedError)
FOREIGN = ("bad_alloc", "unexpected keyword", "positional argument", "cannot reshape array")
"""Words of other libraries' errors, which say nothing to whoever passed the input."""
MEMORY = 4 * 2**30
SECONDS = 20
"""For one case."""


@dataclass
class Found:
    """What a run met: how many cases of each kind, and each fault with the seed that makes it again."""

    cases: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[str, int, str]] = field(default_factory=list)


def fuzz(seconds: float, seed: int = 0, kinds: tuple[str, ...] = (), backend: str = "pil") -> Found:
    """Try cases for so many seconds, in child processes.

    Args:
        seconds: how long.
        seed: the first case's; each next case has the next number.
        kinds: of `CASES`; all if empty.
        backend: of the processors.
    """
    found, end = Found(), time.monotonic() + seconds
    while time.monotonic() < end and len(found.faults) < 100:
        left = end - time.monotonic()
        code = f"from pixelprep.testing.fuzz import child; child({left!r}, {seed}, {kinds!r}, {backend!r})"
        said = tempfile.TemporaryFile("w+")  # noqa: SIM115 (a pipe that nobody reads would fill up and stop the child)
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=said, text=True)
        assert process.stdout is not None
        last = ("", seed)
        for line in process.stdout:
            kind, number, outcome = json.loads(line)
            last, seed = (kind, number), number + 1
            if outcome is None:  # begun
                continue
            found.cases[kind] += 1
            if outcome == "refused":
                found.refused[kind] += 1
            elif outcome != "fine":
                found.faults.append((kind, number, outcome))
        process.wait()
        if process.returncode:
            said.seek(0)
            words = said.read().strip().splitlines()[-1:]
            found.faults.append((*last, f"the process ended with status {process.returncode}: {''.join(words)[:200]}"))
            seed = last[1] + 1
    return found


def child(seconds: float, seed: int, kinds: tuple[str, ...], backend: str) -> None:
    """Try cases and print each one's kind, number and outcome as a line of JSON; `None` when it begins."""
    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY + 2**31, resource.RLIM_INFINITY))
    warnings.simplefilter("ignore")
    end = time.monotonic() + seconds
    names = kinds or tuple(CASES)
    while time.monotonic() < end:
        kind = names[seed % len(names)]
        print(json.dumps([kind, seed, None]), flush=True)
        print(json.dumps([kind, seed, outcome(kind, seed, backend)]), flush=True)
        seed += 1


def outcome(kind: str, seed: int, backend: str = "pil") -> str:
    """ "fine", "refused", or what is wrong with how a case ended."""

    def late(*_: object) -> None:
        raise TimeoutError(f"more than {SECONDS} s")

    previous = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        CASES[kind](random.Random(seed), backend)
    except DOCUMENTED as error:
        text = str(error)
        foreign = next((word for word in FOREIGN if word in text and "do not fit together" not in text), None)
        if not text or foreign or len(text) > 4000:
            return f"{type(error).__name__} that says too little, or another library's words: {text[:300]!r}"
        return "refused"
    except (MemoryError, TimeoutError, Exception) as error:
        return f"{type(error).__name__}: {str(error)[:300]}"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
    return "fine"


# ------------------------------------------------------------------------------------------------------ hostile values

NUMBERS: tuple[Any, ...] = (0, -1, 1, 2, 7, 224, 10**4, 2**31, 2**63, 10**30, 0.0, 0.5, 1e-320, 1e308)
NUMBERS += (math.nan, math.inf, -math.inf, True, None)
TYPES = (
    "uint8",
    "uint8",
    "uint8",
    "bool",
    "int8",
    "int16",
    ">u2",
    "int64",
    "float16",
    "float32",
    "float64",
    "complex64",
)
TEXTS = ("", "x", "bilinear", "\0", "\ud800", "x" * 3000, "{0.__class__}", "%s%n", "../../etc/passwd")


def value(rng: random.Random, depth: int = 0) -> Any:
    """Anything that a JSON file can hold."""
    kind = rng.randrange(7 if depth < 3 else 3)
    if kind < 2:
        return rng.choice(NUMBERS)
    if kind == 2:
        return rng.choice(TEXTS)
    if kind < 5:
        return [value(rng, depth + 1) for _ in range(rng.choice((0, 1, 2, 3, 5)))]
    names = ("height", "width", "shortest_edge", "longest_edge", "min_pixels", "max_pixels", "x")
    return {rng.choice(names): value(rng, depth + 1) for _ in range(rng.randrange(4))}


def array(rng: random.Random, shape: tuple[int, ...] | None = None) -> Any:
    """An array of any shape and type, with what does not belong into pixels."""
    import numpy as np

    if shape is None:
        sides = (0, 1, 2, 3, 4, 5, 17, 40, 300)
        shape = tuple(rng.choice(sides) for _ in range(rng.choice((0, 1, 2, 3, 3, 3, 3, 4))))
    numbers = np.random.default_rng(rng.getrandbits(32))
    made = numbers.integers(0, 256, shape)
    made = made.astype(
        rng.choice(("uint8", "uint8", "bool", "int8", "int16", ">u2", "int64", "float16", "float32", "f8", "c8"))
    )
    if made.dtype.kind == "f" and made.size and rng.random() < 0.3:
        made.reshape(-1)[rng.randrange(made.size)] = rng.choice((math.nan, math.inf, -1e30))
    if made.ndim and rng.random() < 0.2:
        made = made[::-1]
    return made


def image(rng: random.Random) -> Any:
    import numpy as np
    import PIL.Image

    if rng.random() < 0.4:
        return array(rng)
    height, width = rng.choice(((1, 1), (1, 300), (300, 1), (40, 50), (333, 20)))
    mode = rng.choice(("RGB", "RGB", "L", "RGBA", "P", "1", "CMYK", "I", "F", "LA", "HSV"))
    picture = PIL.Image.fromarray(
        np.random.default_rng(rng.getrandbits(32)).integers(0, 256, (height, width, 3), np.uint8)
    )
    return picture.convert("RGB").convert(mode)


def processor(rng: random.Random, backend: str, **settings: Any) -> Any:
    from ..registry.families import FAMILIES, written_families

    return FAMILIES[rng.choice(written_families())].load().on(backend).from_dict(settings)


# --------------------------------------------------------------------------------------------------------------- cases


def settings(rng: random.Random, backend: str) -> None:
    """A configuration of any content, loaded, saved and called."""
    from ..registry.families import FAMILIES, written_families

    family = FAMILIES[rng.choice(written_families())]
    cls = family.load().on(backend)
    names = sorted(cls._known_names())
    chosen = {
        rng.choice(names) if rng.random() < 0.9 else rng.choice(TEXTS): value(rng) for _ in range(rng.randrange(1, 4))
    }
    made = cls.from_dict(chosen)
    json.dumps(made.to_dict())
    if not family.cases().own_inputs:
        made([image(rng)], return_tensors=rng.choice(("np", None)))


def arrays(rng: random.Random, backend: str) -> None:
    """Images of any kind, nested in any way."""
    images = [image(rng) for _ in range(rng.choice((0, 1, 1, 2, 3)))]
    given: Any = images if rng.random() < 0.7 else [images, rng.choice((images, [], image(rng)))]
    options = {"input_data_format": rng.choice(("channels_last", "channels_first", "x"))} if rng.random() < 0.2 else {}
    processor(rng, backend)(given, return_tensors=rng.choice(("np", None)), **options)


def files(rng: random.Random, backend: str) -> None:
    """Encoded images with bytes changed, cut off and repeated."""
    import numpy as np
    import PIL.Image

    from ..images.decoding import fetch_images

    format = rng.choice(("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "ICO"))
    picture = PIL.Image.fromarray(np.random.default_rng(rng.getrandbits(32)).integers(0, 256, (24, 31, 3), np.uint8))
    buffer = io.BytesIO()
    picture.save(buffer, format, **({"progressive": True} if format == "JPEG" and rng.random() < 0.5 else {}))
    data = bytearray(buffer.getvalue())
    for _ in range(rng.choice((0, 1, 1, 3, 30))):
        data[rng.randrange(len(data))] = rng.getrandbits(8)
    if rng.random() < 0.3:
        del data[rng.randrange(len(data)) :]
    if rng.random() < 0.2:
        place = rng.randrange(len(data) + 1)
        data[place:place] = data[place : place + rng.randrange(200)] * rng.choice((1, 50))
    fetch_images([bytes(data)] * rng.choice((1, 2)), jpeg=rng.choice(("pillow", "direct")))


def targets(rng: random.Random, backend: str) -> None:
    """COCO's annotations with anything in their places."""
    from ..registry.families import FAMILIES

    def record() -> dict[str, Any]:
        made: dict[str, Any] = {
            "bbox": [rng.uniform(-5, 60) for _ in range(4)],
            "category_id": rng.randrange(5),
            "area": rng.uniform(0, 99),
            "iscrowd": rng.randrange(2),
            "segmentation": rng.choice(
                (
                    [[rng.uniform(0, 40) for _ in range(rng.choice((4, 6, 7, 8)))]],
                    {"size": [30, 40], "counts": [rng.randrange(1300), rng.randrange(1300)]},
                    {"size": [30, 40], "counts": "".join(chr(rng.randrange(40, 120)) for _ in range(rng.randrange(9)))},
                )
            ),
            "keypoints": [rng.randrange(40) for _ in range(rng.choice((3, 6, 7)))],
        }
        for _ in range(rng.choice((0, 1, 2))):
            made[rng.choice(list(made))] = value(rng)
        if rng.random() < 0.2:
            made.pop(rng.choice(list(made)))
        return made

    import numpy as np

    family = rng.choice(("Detr", "DeformableDetr", "Yolos", "RTDetr", "GroundingDino", "ConditionalDetr"))
    target: Any = {
        "image_id": rng.choice((1, [1], value(rng))),
        "annotations": [record() for _ in range(rng.randrange(4))],
    }
    made = FAMILIES[family].load().on(backend)(size={"shortest_edge": 20, "longest_edge": 60})
    target = [target] if rng.random() < 0.8 else value(rng)
    made([np.zeros((30, 40, 3), np.uint8)], annotations=target, return_segmentation_masks=rng.random() < 0.7)


class _Anything(Mapping[str, Any]):
    """Outputs of a model that have whatever is asked for, in any shape."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._count = rng.choice((1, 1, 2, 0))

    def __getitem__(self, name: str) -> Any:
        rest = tuple(self._rng.choice((0, 1, 2, 3, 4, 5, 16)) for _ in range(self._rng.choice((1, 2, 2, 3, 3))))
        made = array(self._rng, (self._count, *rest))
        return made.astype("float32") if made.dtype.kind != "c" else made

    def __iter__(self) -> Iterator[str]:
        return iter(("logits", "pred_boxes", "pred_masks"))

    def __len__(self) -> int:
        return 3


def results(rng: random.Random, backend: str) -> None:
    """What a model gives, in any shape, into every method of post-processing."""
    from ..registry.families import FAMILIES, written_families

    methods = [
        (family, name)
        for family in written_families()
        for name in dir(FAMILIES[family].load())
        if name.startswith("post_process_")
    ]
    family, name = rng.choice(methods)
    sizes = [[(30, 40)], [(30, 40), (7, 9)], None, [(0, 0)], [(-1, 5)], value(rng)]
    method = getattr(FAMILIES[family].load().on(backend)(), name)
    taken = inspect.signature(method).parameters
    offered = {"target_sizes": rng.choice(sizes), "threshold": rng.choice(NUMBERS)}
    given = {key: one for key, one in offered.items() if key in taken and rng.random() < 0.6}
    wanted = [key for key, p in taken.items() if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD][1:]
    beside = {key: rng.choice(sizes) if "size" in key else value(rng) for key in wanted}
    method(_Anything(rng), **{**beside, **given})


CASES: dict[str, Callable[[random.Random, str], None]] = {
    "settings": settings,
    "arrays": arrays,
    "files": files,
    "annotations": targets,
    "results": results,
}

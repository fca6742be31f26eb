"""Runs inside an environment of another release: what its image processors are, and what they make of inputs.

A script of its own that knows nothing of pixelprep. It answers one JSON object a line on stdin with one on stdout:

    {"do": "facts"}                                          versions, model types, classes, code
    {"do": "files", "folder": F}                             writes the battery's image files
    {"do": "run", "class": C, "cases": [...], "folder": F}   a digest of every case; with "save", arrays into that file
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib
import inspect
import json
import os
import random
import re
import sys
import textwrap
import types
import typing
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

SHARED_MODULES = (
    "image_transforms", "image_utils", "image_processing_utils", "image_processing_base", "image_processing_backends",
    "processing_utils", "models.auto.image_processing_auto",
)  # fmt: skip

# ------------------------------------------------------------------------------------------------------------ inputs


def draw(height: int, width: int, channels: int) -> Any:
    """Waves and noise of all levels, by whole numbers alone: the same pixels with every release of NumPy."""
    return drawn(height, width, channels).copy()


@functools.lru_cache(maxsize=32)
def drawn(height: int, width: int, channels: int) -> Any:
    y, x, c = np.ogrid[:height, :width, :channels]
    waves = np.abs((5 * x + 3 * y + 85 * c) % 510 - 255)
    noise = ((x * 73856093) ^ (y * 19349663) ^ ((c + 1) * 83492791)) >> 5 & 255
    return np.where((x // 16 + y // 16) % 2 == 0, waves, noise).astype(np.uint8)


def picture(mode: str, height: int, width: int) -> PIL.Image.Image:
    """A Pillow image in a mode; `+tRNS` adds a transparent colour, as PNG files have it."""
    mode, _, transparent = mode.partition("+")
    if mode == "I;16":
        return PIL.Image.fromarray(draw(height, width, 1)[..., 0].astype(np.uint16) * 257)
    if mode == "1":
        return PIL.Image.fromarray(draw(height, width, 1)[..., 0]).point([0] * 128 + [255] * 128, "1")
    bands = {"L": 1, "P": 1, "LA": 2, "PA": 2, "RGBA": 4, "CMYK": 4}.get(mode, 3)
    pixels = draw(height, width, bands)
    if mode[0] == "P":
        pixels[..., 0] //= 4
    image = PIL.Image.frombytes(mode, (width, height), np.ascontiguousarray(pixels).tobytes())
    if mode[0] == "P":
        image.putpalette(draw(16, 16, 3).tobytes())
    if transparent:
        image.info["transparency"] = tuple(pixels[0, 0].tolist()) if mode == "RGB" else int(pixels[0, 0, 0])
    return image


def write_files(folder: Path) -> None:
    """The files of the battery; one release writes them, all read them."""
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    picture("RGB", 97, 150).save(folder / "turned.jpg", quality=90, exif=exif)
    for name, mode in (("rgb", "RGB"), ("rgba", "RGBA"), ("palette", "P+tRNS"), ("grey", "L"), ("deep", "I;16")):
        image = picture(mode, 97, 150)
        image.save(folder / f"{name}.png", **{k: v for k, v in image.info.items() if k == "transparency"})
    ids = (np.indices((97, 150)).sum(0) // 40 % 3).astype(np.uint8)
    PIL.Image.fromarray(ids).save(folder / "ids_grey.png")
    PIL.Image.fromarray(np.stack([ids, ids * 0, ids * 0], -1)).save(folder / "ids_rgb.png")


def make(spec: Any, folder: Path) -> Any:
    """An input from its description: `[kind, what, height, width]`, or a list of those."""
    if isinstance(spec[0], list):
        return [make(part, folder) for part in spec]
    kind, what, height, width = spec
    if kind == "file":
        return str(folder / what)
    if kind == "pil":
        return picture(what, height, width)
    layout, dtype = what.split()  # "HWC3 uint8", "CHW4 float32", "HW uint8"
    array = draw(height, width, int(layout[-1])) if "C" in layout else draw(height, width, 1)[..., 0]
    array = array.astype(dtype) if dtype.startswith(("u", "i")) else (array / 255).astype(dtype)
    if layout.startswith("CHW"):
        array = np.ascontiguousarray(array.transpose(2, 0, 1))
    if kind == "tensor":
        import torch

        return torch.from_numpy(array)
    return array


def companions(names: list[str], images: Any, folder: Path) -> dict[str, Any]:
    """What stands beside the images in a call, for images of the battery's first size."""
    count = len(images) if isinstance(images, list) else 1
    box = {
        "bbox": [5, 5, 60, 40],
        "category_id": 1,
        "area": 2400,
        "iscrowd": 0,
        "segmentation": [[5, 5, 65, 5, 65, 45]],
    }
    labels = (np.indices((97, 150)).sum(0) // 20 % 5).astype(np.uint8)
    segments = [{"id": i, "category_id": i, "iscrowd": 0, "area": 99, "bbox": [0, 0, 9, 9]} for i in (1, 2)]
    made: dict[str, Any] = {
        "boxes": {"boxes": [[[5, 5, 60, 40]]] * count},
        "trimaps": {"trimaps": labels * 50 if count == 1 else [labels * 50] * count},
        "segmentation_maps": {"segmentation_maps": labels},
        "annotations": {"annotations": {"image_id": 1, "annotations": [box]}},
    }
    for colour in ("rgb", "grey"):
        panoptic = {"image_id": 1, "file_name": f"ids_{colour}.png", "segments_info": segments}
        made[f"panoptic_{colour}"] = {"annotations": panoptic, "format": "coco_panoptic", "masks_path": folder}
    return {key: value for name in names for key, value in made[name].items()}


# ----------------------------------------------------------------------------------------------------------- outputs


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every array of a result, and every other value, with the way to it."""
    if hasattr(value, "items"):
        for key, part in value.items():
            yield from leaves(part, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)) and any(hasattr(v, "shape") or isinstance(v, (list, tuple)) for v in value):
        for index, part in enumerate(value):
            yield from leaves(part, f"{path}[{index}]")
    else:
        yield path, value


def as_array(value: Any) -> Any:
    """A tensor's or array's values as NumPy has them."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if "bfloat16" in str(value.dtype) else value
        return value.numpy()
    return np.asarray(value)


def digest(value: Any) -> list[str]:
    """`[type, hash or text]`: equal if and only if the values are."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        array = as_array(value)
        kind = "tensor" if hasattr(value, "detach") else "array"
        dtype = str(value.dtype).removeprefix("torch.")
        values = hashlib.sha1(np.ascontiguousarray(array).tobytes()).hexdigest()
        return [f"{kind} {dtype} {tuple(array.shape)}", values]
    if isinstance(value, PIL.Image.Image):
        return [f"image {value.mode} {value.size}", hashlib.sha1(value.tobytes()).hexdigest()]
    return [type(value).__name__, repr(value)[:300]]


def run(cls: Any, cases: list[dict[str, Any]], folder: Path, save: str | None) -> list[dict[str, Any]]:
    """Digests of the cases of a class, in their order."""
    answers: list[dict[str, Any]] = []
    arrays: dict[str, Any] = {}
    processors: dict[str, Any] = {}
    for index, case in enumerate(cases):
        random.seed(0), np.random.seed(0)
        try:
            key = json.dumps(case["init"], sort_keys=True)
            processor = processors[key] = processors.get(key) or cls(**case["init"])
            if "method" in case:
                result: Any = {"result": getattr(processor, case["method"])(*case["arguments"])}
            else:
                images = make(case["images"], folder)
                kwargs = case["kwargs"] | companions(case["beside"], images, folder)
                result = processor(images, **kwargs)
            outputs = dict(leaves(result))
            answers.append({"outputs": {path: digest(value) for path, value in outputs.items()}})
        except Exception as error:
            answers.append({"error": f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"})
            continue
        if save:
            arrays |= {f"{index} {p}": as_array(v) for p, v in outputs.items() if hasattr(v, "shape")}
    if save:
        np.savez(save, **arrays)
    return answers


# ------------------------------------------------------------------------------------------------------------- facts


def plain(name: str, value: Any) -> Any:
    """A default as JSON; filters by name, whether a class writes an enum or a number."""
    if "resample" in name and isinstance(value, int) and not isinstance(value, bool):
        return PIL.Image.Resampling(value).name
    if hasattr(value, "keys") or hasattr(value, "shortest_edge"):
        return {key: plain("", part) for key, part in dict(value).items() if part is not None}
    if isinstance(value, (list, tuple)):
        return [plain("", part) for part in value]
    return value if isinstance(value, (bool, int, float, str, type(None))) else repr(value)


def type_text(annotation: Any) -> str:
    """An annotation as one would write it."""
    if hasattr(annotation, "__metadata__"):
        return type_text(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return " | ".join(type_text(part) for part in typing.get_args(annotation)).replace("NoneType", "None")
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return annotation.__name__
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__forward_arg__", str(annotation))
    return re.sub(r"\b[A-Za-z_0-9]+\.(?=[a-zA-Z_])", "", text)


def code_of(function: Any) -> str:
    """A hash of what a function does: docstrings, annotations and decorators aside."""
    try:
        tree: Any = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return ""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            node.decorator_list = []
            if ast.get_docstring(node) is not None:
                node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    return hashlib.sha1(ast.unparse(tree).encode()).hexdigest()[:12]


def functions_of(module: Any) -> dict[str, str]:
    """The code of every function and method that a module defines."""
    found = {}
    for name, member in vars(module).items():
        if getattr(member, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(member):
            for method, function in vars(member).items():
                function = inspect.unwrap(getattr(function, "fget", None) or getattr(function, "__func__", function))
                if inspect.isfunction(function):
                    found[f"{name}.{method}"] = code_of(function)
        elif inspect.isfunction(inspect.unwrap(member)):
            found[name] = code_of(inspect.unwrap(member))
    return found


def values_compared(module: Any, names: set[str]) -> dict[str, list[str]]:
    """The texts that a module's code compares a keyword argument with: the values that it knows."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Compare):
            name = getattr(node.left, "attr", getattr(node.left, "id", ""))
            texts = [c.value for part in node.comparators for c in ast.walk(part) if isinstance(c, ast.Constant)]
            found.setdefault(name, set()).update(text for text in texts if isinstance(text, str))
    return {name: sorted(values) for name, values in found.items() if name in names and values}


def facts_of_class(cls: Any, common: dict[str, Any], bases: set[Any]) -> dict[str, Any]:
    """Defaults, keyword arguments, public methods and inputs of a class."""
    facts: dict[str, Any] = {"module": cls.__module__, "error": None}
    source = cls
    try:
        source = cls()
    except Exception as error:
        facts["error"] = f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
    declared = getattr(cls, "valid_kwargs", None)
    parameters = inspect.signature(cls.preprocess).parameters
    if declared is None:  # the old style: keyword arguments are the constructor's parameters
        keywords = {n: p.annotation for n, p in inspect.signature(cls.__init__).parameters.items()}
        source = cls if facts["error"] else source
    else:
        keywords = {**common, **declared.__annotations__}
        source = cls
    keywords = {n: type_text(t) for n, t in keywords.items() if n not in ("self", "args", "kwargs")}
    facts["keywords"] = keywords
    facts["defaults"] = {n: plain(n, getattr(source, n)) if hasattr(source, n) else "unset" for n in keywords}
    facts["defaults"]["model_input_names"] = list(cls.model_input_names)
    facts["inputs"] = [n for n in parameters if n not in ("self", "args", "kwargs", *keywords)]
    methods: dict[str, str] = {}
    for base in reversed([base for base in cls.__mro__ if base not in bases]):
        for name, member in vars(base).items():
            function = inspect.unwrap(getattr(member, "__func__", member))
            if inspect.isfunction(function) and not name.startswith("_"):
                signature = inspect.signature(function)
                bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
                methods[name] = str(inspect.Signature(bare))
    facts["methods"] = methods
    facts["values"] = values_compared(sys.modules[cls.__module__], set(keywords) - {"return_tensors"})
    return facts


def facts() -> dict[str, Any]:
    """Everything that a release says about its image processors without being run."""
    import importlib.metadata as metadata

    import transformers

    named = importlib.import_module("transformers.models.auto.image_processing_auto").IMAGE_PROCESSOR_MAPPING_NAMES
    base = importlib.import_module("transformers.image_processing_utils").BaseImageProcessor
    common = importlib.import_module("transformers.processing_utils").ImagesKwargs.__annotations__
    backends = importlib.import_module("transformers.image_processing_backends")
    bases = {*base.__mro__, getattr(backends, "TorchvisionBackend", None), getattr(backends, "PilBackend", None)}
    model_types = {t: {b: c for b, c in v.items() if c} for t, v in named.items()}
    names = {c for v in model_types.values() for c in v.values()}
    names |= {
        n for n in dir(transformers) if re.fullmatch(r"\w+ImageProcessor(Pil)?", n) and n[:4] not in ("Auto", "Base")
    }
    found: dict[str, Any] = {}
    for name in sorted(names):
        try:
            cls = getattr(transformers, name)
        except Exception as error:
            found[name] = {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"}
            continue
        if getattr(cls, "is_dummy", False):
            found[name] = {"error": "a dependency that it needs is not installed"}
        elif cls.__name__ == name and issubclass(cls, base):  # else another name, or a class of another kind
            found[name] = facts_of_class(cls, common, bases)
    modules = {facts["module"] for facts in found.values() if "module" in facts}
    modules |= {f"transformers.{name}" for name in SHARED_MODULES}
    return {
        "versions": {n: metadata.version(n) for n in ("transformers", "torch", "torchvision", "pillow", "numpy")}
        | {"python": ".".join(map(str, sys.version_info[:3]))},
        "model_types": model_types,
        "classes": found,
        "code": {m.removeprefix("transformers."): functions_of(importlib.import_module(m)) for m in sorted(modules)},
    }


# ---------------------------------------------------------------------------------------------------------- protocol


def serve(class_of: Callable[[str], Any], facts: Callable[[], dict[str, Any]]) -> None:
    """Answer requests until stdin ends; what libraries print goes to stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    warnings.filterwarnings("ignore")
    try:
        import torch

        torch.set_num_threads(1)
    except ImportError:
        pass
    for line in sys.stdin:
        request = json.loads(line)
        folder = Path(request.get("folder", "."))
        if request["do"] == "facts":
            answer: Any = facts()
        elif request["do"] == "files":
            answer = None
            write_files(folder)
        else:
            answer = run(class_of(request["class"]), request["cases"], folder, request.get("save"))
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    import transformers

    serve(lambda name: getattr(transformers, name), facts)

"""The cases on which releases are compared: inputs and options of a class, chosen from what the releases say of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Case = dict[str, Any]
"""`topic` groups cases in the report; the rest is read by `drift_probe.run`."""

HEIGHT, WIDTH = 97, 150
PLAIN = "PIL RGB"
SIZES = (
    (HEIGHT, WIDTH),
    (64, 96),
    (150, 101),
    (240, 320),
    (30, 30),
    (333, 500),
    (1021, 1533),
)  # the last is so large that sums of its pixels round
THIN = ((7, 200), (200, 7), (1, 64), (3, 3))
WITH_ALPHA = ("RGBA", "LA", "PA", "P+tRNS", "L+tRNS", "RGB+tRNS")
OPAQUE = ("L", "P", "1", "I;16", "CMYK")
ARRAYS = ("HWC1 uint8", "CHW1 uint8", "HWC2 uint8", "HW uint8", "HWC4 uint8", "CHW4 uint8", "HWC4 uint16")
TENSORS = ("CHW1 uint8", "CHW4 uint8", "CHW4 float32")
FILES = {
    "rgb.png": "RGB PNG", "turned.jpg": "JPEG with EXIF orientation", "rgba.png": "RGBA PNG",
    "palette.png": "palette PNG with tRNS", "deep.png": "16-bit PNG",
}  # fmt: skip

TOLD_AT_CONSTRUCTION = {"ImageGPT": {"clusters": [[level / 8 - 1] * 3 for level in range(16)]}}
TOLD_AT_CALL = {"LayoutLMv2": {"apply_ocr": False}, "LayoutLMv3": {"apply_ocr": False}}
PAIRED = {"SuperGlue", "LightGlue", "EfficientLoFTR"}
"""Families that take images two by two."""

NOT_TURNED = {"return_tensors", "data_format", "input_data_format", "device", "clusters", "apply_ocr", "format"}


def family_of(name: str) -> str:
    """`CLIP` of `CLIPImageProcessorPil`."""
    return name.partition("ImageProcessor")[0]


def cases(name: str, new: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> list[Case]:
    """The battery of a class.

    Args:
        name: of the class.
        new: what the new release says of it, as `drift_probe.facts_of_class`.
        old: the same of the old release; options that only one release has are left out.
    """
    family = family_of(name)
    init = TOLD_AT_CONSTRUCTION.get(family, {})
    always = TOLD_AT_CALL.get(family, {})
    needed = [beside for beside in ("boxes", "trimaps") if beside in new["inputs"]]
    found: list[Case] = []

    def add(topic: str, images: Any, beside: tuple[str, ...] = (), init: Any = init, **kwargs: Any) -> None:
        if family in PAIRED:
            images = [images, images] if not isinstance(images[0], list) else [[image, image] for image in images]
        kwargs = {"return_tensors": "pt", **always, **kwargs}
        found.append({"topic": topic, "images": images, "kwargs": kwargs, "init": init, "beside": [*needed, *beside]})

    for arguments in inputs():
        add(*arguments[:2], **arguments[2])
    first = pil(HEIGHT, WIDTH)
    add("with a segmentation map", first, ("segmentation_maps",)) if "segmentation_maps" in new["inputs"] else None
    if "annotations" in new["inputs"]:
        add("with detection annotations", first, ("annotations",))
        for colour in ("rgb", "grey"):
            add(f"with panoptic annotations, {colour} PNG", first, (f"panoptic_{colour}",))
    add("built with another image_mean", first, init={**init, "image_mean": [0.2, 0.3, 0.4]})
    for option, value in options(new, old):
        add(f"option {option}", first, **{option: value})
        if "pad" in option:
            add(f"option {option}", [first, pil(64, 96)], **{option: value})
    if "get_number_of_image_patches" in new["methods"]:
        found += [
            {
                "topic": "number of patches",
                "method": "get_number_of_image_patches",
                "arguments": [*size, {}],
                "init": init,
            }
            for size in (*SIZES, *THIN)
        ]
    return found


def pil(height: int, width: int, mode: str = "RGB") -> list[Any]:
    """The description of a Pillow image."""
    return ["pil", mode, height, width]


def inputs() -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Topic, images and options: what every class is given."""
    for size in SIZES:
        yield PLAIN, pil(*size), {}
    for size in THIN:
        yield "PIL RGB, thin", pil(*size), {}
    pair = [pil(HEIGHT, WIDTH), pil(64, 96)]
    yield "batch of PIL RGB", [pair[0], pair[0]], {}
    yield "batch of PIL RGB", pair, {}
    yield "batch of PIL RGB", [[pair[0]], pair[::-1]], {}
    for returned in (None, "np"):
        yield f"return_tensors={returned!r}", pair[0], {"return_tensors": returned}
        yield f"return_tensors={returned!r}", pair, {"return_tensors": returned}
    for layout in ("HWC3 uint8", "CHW3 uint8"):
        yield "RGB array", ["array", layout, HEIGHT, WIDTH], {}
    yield "RGB array, float", ["array", "HWC3 float32", HEIGHT, WIDTH], {"do_rescale": False}
    yield "RGB tensor", ["tensor", "CHW3 uint8", HEIGHT, WIDTH], {}
    yield "RGB tensor, float", ["tensor", "CHW3 float32", HEIGHT, WIDTH], {"do_rescale": False}
    for mode in (*WITH_ALPHA, *OPAQUE):
        yield f"PIL {mode}", pil(HEIGHT, WIDTH, mode), {}
    for mode in ("RGBA", "LA", "P+tRNS"):
        yield f"PIL {mode}, do_convert_rgb=True", pil(HEIGHT, WIDTH, mode), {"do_convert_rgb": True}
    for kind, layouts in (("array", ARRAYS), ("tensor", TENSORS)):
        for layout in layouts:
            yield f"{kind} {layout}", [kind, layout, HEIGHT, WIDTH], {}
            if layout[3:4] in "14":
                yield f"{kind} {layout}, do_convert_rgb=True", [kind, layout, HEIGHT, WIDTH], {"do_convert_rgb": True}
    for height in (4, 1):
        yield f"array ({height}, W, 3)", ["array", "HWC3 uint8", height, 64], {}
    for layout in ("channels_last", "channels_first"):
        yield f"PIL RGB, input_data_format={layout}", pil(HEIGHT, WIDTH), {"input_data_format": layout}
    yield (
        "array, input_data_format=channels_last",
        ["array", "HWC3 uint8", HEIGHT, WIDTH],
        {"input_data_format": "channels_last"},
    )
    for file, what in FILES.items():
        yield f"path of a {what}", ["file", file, HEIGHT, WIDTH], {}


def options(new: Mapping[str, Any], old: Mapping[str, Any] | None) -> Iterator[tuple[str, Any]]:
    """Every keyword argument that both releases have, with a value other than its default."""
    for name, annotation in new["keywords"].items():
        if name in NOT_TURNED or (old is not None and name not in old["keywords"]):
            continue
        default = new["defaults"].get(name)
        for value in other_values(name, annotation, default, new["values"].get(name, [])):
            yield name, value


def other_values(name: str, annotation: str, default: Any, known: list[str]) -> list[Any]:
    """Values to try for a keyword argument, given its type, its default and the texts its code compares it with."""
    if isinstance(default, bool) or annotation.startswith("bool"):
        return [default is not True]
    if name == "resample":
        return [index for index, text in enumerate(("NEAREST", "LANCZOS", "BILINEAR", "BICUBIC")) if text != default]
    if isinstance(default, dict):
        halves = {key: max(1, value // 2) for key, value in default.items() if isinstance(value, int)}
        return [halves] if halves else []
    if isinstance(default, int):
        return [max(1, default // 2), default * 2 or 1]
    if isinstance(default, float):
        return [default / 2]
    if name in ("image_mean", "image_std"):
        return [[0.2, 0.3, 0.4]]
    if name in ("size", "crop_size", "pad_size"):
        return [{"height": 112, "width": 112}]
    if isinstance(default, list) and default and all(isinstance(value, int) for value in default):
        return [[max(1, value // 2) for value in default]]
    return [value for value in known if value != default]

"""What a family is tried with, as data: `models/<folder>/cases.py` holds one `Cases` called `CASES`.

Nothing here runs anything or imports an array library: `battery` and the tests against the reference do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal


@dataclass(frozen=True)
class Picture:
    """An image to draw: waves and noise of `height x width`, the same each time.

    Args:
        mode: a Pillow mode; of arrays only the number of channels counts (L 1, LA 2, RGB 3, RGBA 4).
        kind: a Pillow image, or an array with its channels "last", "first" or, of one channel, "none".
        dtype: of an array; its values are `pixels * times + plus`.
        classes: values are the pixel values modulo this number, for label maps; 0 leaves them.
    """

    height: int
    width: int
    mode: str = "RGB"
    kind: Literal["pillow", "last", "first", "none"] = "pillow"
    dtype: str = "uint8"
    times: float = 1
    plus: float = 0
    classes: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Case:
    """One call: images (a `Picture`, or lists of them), options, and what stands beside images.

    Args:
        beside: label maps (pictures), annotations (plain data), texts: the positional arguments after the images.
        defaults: at the family's own defaults; else under its `small` options.
    """

    name: str
    images: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    beside: tuple[Any, ...] = ()
    defaults: bool = False


How = Literal["refused", "ours alone", "reference alone", "other values"]


@dataclass(frozen=True)
class Except:
    """Where the reference and we do not give the same, and why; one that is not needed any more fails.

    Args:
        case: the name of a case or several, or patterns (`size *`) all of whose cases need it.
        how: "refused" by both sides, given by "ours alone" or by the "reference alone", or "other values".
        reason: for people, with the number of the deviation if it has one.
        on: the one of the reference's classes that it concerns, with every backend that follows it, or one of those
            backends; "" for all.
        alone: on that backend only, not on those that follow the class of that name.
    """

    case: str | tuple[str, ...]
    how: How
    reason: str
    on: str = ""
    alone: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names and patterns."""
        return (self.case,) if isinstance(self.case, str) else self.case

    def covers(self, name: str, on: tuple[str, ...]) -> bool:
        """Whether it is about a case on a backend, given by its name and then the reference's class it follows."""
        return (not self.on or self.on in (on[:1] if self.alone else on)) and matches(name, self.names)


@dataclass(frozen=True)
class Cases:
    """The cases of one family, beside the common ones.

    Args:
        small: options under which outputs are small, so that many cases cost little.
        options: options worth trying, each under `small`; every option of the family's own at two values or more,
            its default counted.
        inputs: calls beyond the common ones.
        images: what the options are tried on.
        refused: names of cases (or patterns all of whose cases are) that neither side takes.
        exceptions: see `Except`.
        without: common cases that would say nothing of this family (patterns), each with its reason.
        at_construction: `small` and options go to the constructor, for the reference does not take them at a call.
        made: options that both constructors are always given.
        reference_only: options that the reference's constructor is given and ours is not.
        reference_class: which of the reference's classes each is held against, where it is not the one of that name.
        untried: options of the family's own that no case tries, each with its reason.
        rounding: how far the backends that promise exactness may be from the oracle, in rescaled values, with its
            reason beside it.
        own_types: floating-point outputs that `dtype` does not change, each with its reason.
        other_when_made: options that mean something else at construction than at a call, each with its reason.
        needs_pixels: options (as `describe` says them, or patterns) under which shapes follow from what is on an image,
            each with its reason.
        own_inputs: why images alone are no input (boxes are compulsory, images come in pairs): what is asked of one
            image is then asked of the first of `inputs`, and nothing of batches of single images.
        ids_of_pixels: integer outputs that say what is seen, each with its reason: whoever rounds a pixel otherwise may
            give another id.
        alike: whether the images of a batch come out as they do alone; False where they share something (a budget).
    """

    small: Mapping[str, Any] = field(default_factory=dict)
    options: Sequence[Mapping[str, Any]] = ()
    inputs: Sequence[Case] = ()
    images: Sequence[Any] = (Picture(37, 61), Picture(52, 44, kind="last"))
    refused: Sequence[str] = ()
    exceptions: Sequence[Except] = ()
    without: Mapping[str, str] = field(default_factory=dict)
    at_construction: bool = False
    made: Mapping[str, Any] = field(default_factory=dict)
    reference_only: Mapping[str, Any] = field(default_factory=dict)
    reference_class: Mapping[str, str] = field(default_factory=dict)
    untried: Mapping[str, str] = field(default_factory=dict)
    alike: bool = True
    own_inputs: str = ""
    rounding: float = 0.0
    own_types: Mapping[str, str] = field(default_factory=dict)
    other_when_made: Mapping[str, str] = field(default_factory=dict)
    needs_pixels: Mapping[str, str] = field(default_factory=dict)
    ids_of_pixels: Mapping[str, str] = field(default_factory=dict)

    def all(self) -> Iterator[Case]:
        """Every case: the common options and the family's on each of `images`, the common inputs and the family's."""
        options = {**COMMON_OPTIONS, **{describe(options): options for options in self.options}}
        for name, chosen in options.items():
            if not matches(name, self.without):
                yield from (Case(name, image, chosen) for image in self.images)
        for case in (*COMMON_INPUTS, *self.inputs):
            if not matches(case.name, self.without):
                yield case

    def settings(self, case: Case) -> dict[str, Any]:
        """The options of a case, its own over `small`."""
        return dict(case.options) if case.defaults else {**self.small, **case.options}

    def allowed(self, name: str, *on: str) -> frozenset[str]:
        """What may come of a case on a backend: "same", or what is known of it.

        Args:
            on: the backend, and the reference's class that it is held against.
        """
        own = self.own(name, *on)
        if own:
            return frozenset(own)
        return frozenset(entry.how for entry in COMMON_EXCEPTIONS if entry.covers(name, on)) or frozenset({"same"})

    def own(self, name: str, *on: str) -> set[str]:
        """What these cases themselves say of a case on a backend; it must be so for one of its images at least."""
        known: set[str] = {entry.how for entry in self.exceptions if entry.covers(name, on)}
        return known or ({"refused"} if matches(name, self.refused) else set())


def matches(name: str, patterns: Any) -> bool:
    """Whether a name is one of some patterns."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def describe(options: Mapping[str, Any]) -> str:
    """A name for options: `max_patches=4 crop_to_patches=True`, "default" for none."""
    return "default" if not options else " ".join(f"{name}={value}".replace(" ", "") for name, value in options.items())


COMMON_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "small": {},
    "no resize": {"do_resize": False},
    "no rescale": {"do_rescale": False},
    "no normalize": {"do_normalize": False},
    "bytes": {"do_rescale": False, "do_normalize": False},
    "rescale factor": {"rescale_factor": 1 / 127.5},
    "statistics": {"image_mean": [0.1, 0.2, 0.3], "image_std": (0.5, 0.4, 0.3)},
    "one statistic": {"image_mean": 0.5, "image_std": 0.25},
    "one statistic, listed": {"image_mean": [0.5], "image_std": (0.25,)},
    **{f"filter {value}": {"resample": value} for value in range(6)},
    "size int": {"size": 33},
    "size int, square": {"size": 33, "default_to_square": True},
    "size int, edge": {"size": 33, "default_to_square": False},
    "size pair": {"size": (33, 47)},
    "size box": {"size": {"height": 50, "width": 70}},
    "size shortest edge": {"size": {"shortest_edge": 45}},
    "size both edges": {"size": {"shortest_edge": 33, "longest_edge": 41}},
    "size longest edge": {"size": {"longest_edge": 41}},
    "size maximum": {"size": {"max_height": 33, "max_width": 35}},
    "size pixels": {"size": {"min_pixels": 1000, "max_pixels": 1500}},
    "crop inside": {"do_center_crop": True, "crop_size": 21},
    "crop outside": {"do_center_crop": True, "crop_size": {"height": 70, "width": 31}},
    "no crop": {"do_center_crop": False},
    "pad": {"do_pad": True},
    "pad to size": {"do_pad": True, "pad_size": {"height": 301, "width": 310}},
    "pad to a smaller size": {"do_pad": True, "pad_size": 20},
    "no pad": {"do_pad": False},
    "grouped": {"disable_grouping": False},
    "one by one": {"disable_grouping": True},
    "convert": {"do_convert_rgb": True},
    "no convert": {"do_convert_rgb": False},
    "ignored options": {"data_format": "channels_last", "device": "cpu"},
}

# What holds for every family whose own cases say nothing else; each is needed by one family at least.
COMMON_EXCEPTIONS: Sequence[Except] = (
    *(
        Except(f"filter {value}", "refused", "torch offers neither BOX nor HAMMING", "torchvision", True)
        for value in (4, 5)
    ),
    *(Except(f"filter {value}", "ours alone", "the core offers every filter", "native") for value in (4, 5)),
    Except("size pixels", "ours alone", "published Qwen2-VL files name the bounds so"),
    Except("one channel", "ours alone", "a grey array of two axes is plain"),
    Except("one statistic, listed", "ours alone", "as the reference's torchvision classes", "pil"),
    *(Except(name, "ours alone", "Q20: resized as floats", "pil") for name in ("fractions", "negative", "uint16")),
    *(
        Except(name, "other values", "integers in a wider type give what bytes give", "torchvision")
        for name in ("int64", "bool", "uint16")
    ),
    *(
        Except(
            ("mode L", "mode LA", "mode RGBA", "mode P", "mode I;16"), how, "a Pillow image gives what its file gives"
        )
        for how in ("ours alone", "other values")
    ),
)

_MAPS = {
    "uint8": Picture(37, 61, "L", "none", classes=5),
    "int64": Picture(37, 61, "L", "none", "int64", classes=5),
    "ignored classes": Picture(37, 61, "L", "none"),
    "picture": Picture(37, 61, "L"),
}


def label_cases(*options: Mapping[str, Any]) -> list[Case]:
    """Label maps of several kinds beside one image, under each set of options, and beside two images."""
    cases = [
        Case(
            f"map {name}, {describe(chosen)}, {tensors}",
            Picture(37, 61),
            {"return_tensors": tensors, **chosen},
            (label,),
        )
        for name, label in _MAPS.items()
        for chosen in options
        for tensors in ("np", None)
    ]
    pair = [Picture(37, 61), Picture(37, 61, kind="last", seed=1)]
    for chosen in options:
        maps = [_MAPS["uint8"], Picture(37, 61, "L", "none", classes=4, seed=1)]
        cases.append(Case(f"two maps, {describe(chosen)}", pair, chosen, (maps,)))
    return cases


_SQUARE = [[8.0, 9.0, 30.0, 9.0, 30.0, 25.0, 8.0, 25.0]]
_TARGET: Mapping[str, Any] = {
    "image_id": 7,
    "annotations": [
        {"category_id": 3, "area": 500.0, "bbox": [4.0, 5.0, 30.0, 20.0], "iscrowd": 0, "segmentation": _SQUARE},
        {"category_id": 8, "area": 90.0, "bbox": [50.0, 30.0, 40.0, 40.0], "iscrowd": 0, "segmentation": _SQUARE},
    ],
}
_CROWDED = {
    "image_id": 8,
    "annotations": [
        *_TARGET["annotations"],
        {"category_id": 1, "area": 90.0, "bbox": [1.0, 1.0, 5.0, 5.0], "iscrowd": 1, "segmentation": _SQUARE},
    ],
}


def annotation_cases(*options: Mapping[str, Any]) -> list[Case]:
    """COCO detection annotations beside one image and beside two, under each set of options."""
    two = [Picture(37, 61), Picture(60, 44, kind="last")]
    return [
        *(
            Case(
                f"annotated, {describe(chosen)}, {tensors}",
                Picture(37, 61),
                {"return_tensors": tensors, **chosen},
                (target,),
            )
            for chosen in options
            for tensors, target in (("np", _CROWDED), (None, _TARGET))
        ),
        *(Case(f"annotated pair, {describe(chosen)}", two, chosen, ([_TARGET, _CROWDED],)) for chosen in options),
        Case("no annotations", Picture(37, 61), {}, ({"image_id": 3, "annotations": []},)),
    ]


_ARRAY = Picture(40, 30, kind="last")
_BATCHES: dict[str, Any] = {
    "equal sizes": [Picture(40, 30), Picture(40, 30, kind="last", seed=1)],
    "mixed sizes": [Picture(40, 30), Picture(33, 51, kind="last")],
    "tuple": (Picture(40, 30), Picture(40, 30, kind="last", seed=1)),
    "samples of one": [[Picture(40, 30)], [Picture(33, 51)]],
    "samples": [[Picture(40, 30)], [Picture(40, 30, kind="last", seed=1), Picture(40, 30, seed=2)]],
    "strips": [Picture(1, 60), Picture(60, 1), Picture(64, 64)],
    "samples of mixed sizes": [[Picture(40, 30)], [Picture(33, 51), Picture(40, 30, seed=1), Picture(64, 64)]],
}
COMMON_INPUTS: Sequence[Case] = (
    *(Case(f"default {h}x{w}", Picture(h, w), defaults=True) for h, w in ((37, 211), (120, 90))),
    *(Case(f"{h}x{w}", Picture(h, w)) for h, w in ((1, 1), (2, 9), (1, 60), (60, 1), (37, 211), (1, 200))),
    *(
        Case(f"mode {mode}, converted", Picture(50, 41, mode), {"do_convert_rgb": True})
        for mode in ("L", "LA", "RGBA", "P", "1", "I;16", "I", "F", "CMYK", "YCbCr", "HSV")
    ),
    *(Case(f"mode {mode}", Picture(50, 41, mode)) for mode in ("L", "LA", "RGBA", "P", "I;16")),
    Case("channels first", Picture(40, 30, kind="first")),
    Case("channels last", _ARRAY),
    Case("ambiguous channels, told", Picture(3, 30, kind="last"), {"input_data_format": "channels_last"}),
    Case("one channel", Picture(40, 30, "L", kind="none"), {"do_convert_rgb": True}),
    Case("one channel last", Picture(40, 30, "L", kind="last"), {"do_convert_rgb": True}),
    Case("one channel first", Picture(40, 30, "L", kind="first"), {"do_convert_rgb": True}),
    Case("four channels", Picture(40, 30, "RGBA", kind="last"), {"do_convert_rgb": True}),
    Case("int64", Picture(40, 30, kind="last", dtype="int64")),
    Case("bool", Picture(40, 30, kind="last", dtype="bool", classes=2)),
    Case("float32 in 0..255", Picture(40, 30, kind="last", dtype="float32")),
    Case("float64 in 0..255", Picture(40, 30, kind="last", dtype="float64")),
    Case("float32 in 0..1", Picture(40, 30, kind="last", dtype="float32", times=1 / 255)),
    Case("fractions", Picture(40, 30, kind="last", dtype="float32", plus=0.25)),
    Case("negative", Picture(40, 30, kind="last", dtype="float32", plus=-100)),
    Case("uint16", Picture(40, 30, kind="last", dtype="uint16", times=257)),
    *(
        Case(f"{name}, {tensors}", images, {"return_tensors": tensors})
        for name, images in _BATCHES.items()
        for tensors in ("np", None)
    ),
)

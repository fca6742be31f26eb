"""Write `src/pixelprep/__init__.pyi`, which tells editors and type checkers what `pixelprep.__getattr__` offers.

`make docs` runs it, after a family is added or a public name changes. A call's keyword arguments are typed as what
users may write (a list of numbers where the schema keeps a tuple), so the types are made of the schemas, not imported.
"""

from __future__ import annotations

import enum
import inspect
import types
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pixelprep
from pixelprep.core.enums import PILImageResampling
from pixelprep.core.schema import DTYPES, TENSOR_TYPES, KwargsSchema
from pixelprep.core.sizes import SizeDict
from pixelprep.image_processing_backends import NativeBackend, PilBackend, TorchvisionBackend
from pixelprep.image_processing_utils import BaseImageProcessor
from pixelprep.ops import get_backend
from pixelprep.processing_utils import ImagesKwargs, VideosKwargs
from pixelprep.registry import FAMILIES, VIDEO_FAMILIES, written_families

PATH = Path(pixelprep.__file__).with_name("__init__.pyi")
BASES = (TorchvisionBackend, PilBackend, NativeBackend)
# The schema's type is `str`, and a check of its own says which.
TYPED = {"preprocess", "output_shapes"}
COMMON = {"Image": KwargsSchema.of(ImagesKwargs).types, "Video": KwargsSchema.of(VideosKwargs).types}
KWARGS = {"Image": "_Kwargs", "Video": "_VideoKwargs"}
INPUT = {"Image": "_ImageInput", "Video": "Any"}
WORDS = {"return_tensors": TENSOR_TYPES, "dtype": DTYPES}
HEAD = '''
class _Size:
    """A size, read as `SizeDict` and set in any style."""
    @overload
    def __get__(self, instance: None, owner: Any) -> Any: ...
    @overload
    def __get__(self, instance: object, owner: Any) -> SizeDict: ...
    def __set__(self, instance: Any, value: _SizeInput | None) -> None: ...

class _MaybeSize:
    """The same where the family sets none."""
    @overload
    def __get__(self, instance: None, owner: Any) -> Any: ...
    @overload
    def __get__(self, instance: object, owner: Any) -> SizeDict | None: ...
    def __set__(self, instance: Any, value: _SizeInput | None) -> None: ...
'''
# Which class a checkpoint names is known when it is read: every family's names are taken.
AUTO = """
class _AnyImageProcessor(BaseImageProcessor):
    size: _Size
    crop_size: _MaybeSize
    pad_size: _MaybeSize
    def __call__(self, images: _ImageInput = ..., *args: Any, **kwargs: Unpack[_AnyKwargs]) -> BatchFeature: ...
    def preprocess(self, images: _ImageInput = ..., *args: Any, **kwargs: Unpack[_AnyKwargs]) -> BatchFeature: ...

class AutoImageProcessor(_AutoImageProcessor):
    @overload
    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: Any, *, return_unused_kwargs: Literal[True], **kwargs: Any
    ) -> tuple[_AnyImageProcessor, dict[str, Any]]: ...
    @overload
    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: Any, *, trust_remote_code: Literal[True], **kwargs: Any
    ) -> BaseImageProcessor: ...
    @overload
    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: Any, **kwargs: Any) -> _AnyImageProcessor: ...
"""


def stubs() -> str:
    """The contents of `__init__.pyi`: every public name, and every family's class on the shipped backends."""
    families = [FAMILIES[name] for name in sorted(written_families(), key=str.lower)]
    videos = [VIDEO_FAMILIES[name] for name in sorted(VIDEO_FAMILIES, key=str.lower) if VIDEO_FAMILIES[name].written]
    public = {name: module for name, module in pixelprep._EXPORTS.items() if name != "AutoImageProcessor"}
    imports = [f"from .{module} import {name} as {name}" for name, module in public.items()]
    imports += [
        f"from {each.module.removeprefix('pixelprep')} import {each.class_name} as _{each.class_name}"
        for each in (*families, *videos)
    ]
    imports += [
        "from collections.abc import Mapping, Sequence",
        "from typing import Any, Literal, TypedDict, overload",
        "from .auto import AutoImageProcessor as _AutoImageProcessor",
        "from .core.enums import AnnotationFormat as _AnnotationFormat",
        "from .core.sizes import SizeInput as _SizeInput",
        "from .image_utils import ImageInput as _ImageInput",
        "from .plans.outputs import ArrayOutput as _ArrayOutput",
    ]
    loaded = {family.class_name: family.load() for family in (*families, *videos)}
    of_images = [family.load() for family in families]
    return "\n".join(
        (
            "# Written by `make docs`; do not edit.",
            "# ruff: noqa",
            "# fmt: off",
            '# mypy: disable-error-code="override, assignment, misc"',
            *sorted(imports),
            "",
            "__version__: str",
            "_EXPORTS: dict[str, str]",
            HEAD,
            *(line for kind, name in KWARGS.items() for line in typed_dict(name, "TypedDict", COMMON[kind])),
            *typed_dict("_AnyKwargs", "_Kwargs", any_kwargs(of_images)),
            AUTO,
            *(line for name, cls in loaded.items() for line in (*family_lines(name, cls), "")),
        )
    )


def family_lines(name: str, cls: type[BaseImageProcessor]) -> list[str]:
    """A family's options, its outputs, its class with typed calls, and its class on each backend."""
    options = {key: hint for key, hint in cls._schema().types.items() if key not in COMMON[cls.kind]}
    first, *others = list(inspect.signature(cls.preprocess).parameters.values())[1:]
    beside = [p for p in others if p.kind is p.POSITIONAL_OR_KEYWORD]
    spelled = [p for p in inspect.signature(cls.__init__).parameters.values() if p.kind is p.KEYWORD_ONLY]
    made = [
        "ops: Any = ...",
        *(f"{p.name}: {p.annotation if isinstance(p.annotation, str) else 'Any'} = ..." for p in spelled),
    ]
    taken = [
        f"{first.name}: {INPUT[cls.kind]}{optional(first, ' | None')}",
        *(f"{p.name}: Any{optional(p)}" for p in beside),
    ]
    lines, kwargs = [], KWARGS[cls.kind]
    if options:
        lines, kwargs = typed_dict(f"_{name}Kwargs", kwargs, options), f"_{name}Kwargs"
    called = {key: hint for key, hint in options.items() if key not in {p.name for p in beside}}
    of_calls = kwargs
    if called != options:  # what a call takes by position is no keyword argument of its rest
        lines, of_calls = [*lines, *typed_dict(f"_{name}CallKwargs", KWARGS[cls.kind], called)], f"_{name}CallKwargs"
    outputs = f"_{name}Outputs"
    names = dict.fromkeys((*cls.model_input_names, *cls.further_outputs))
    lines += [f"class {outputs}(BatchFeature):", *(f"    {key}: Any" for key in names), "    __getattr__: None"]
    lines.append(f"class _{name}Calls(_{name}):")
    schema, defaults = cls._schema(), cls._class_defaults()
    lines += [f"    {name}: Any" for name in sorted(schema.whole)]
    for size in sorted(schema.sizes - schema.whole):
        lines.append(f"    {size}: {'_MaybeSize' if defaults[size] is None else '_Size'}")
    lines.append(f"    def __init__(self, *, {', '.join(made)}, **kwargs: Unpack[{kwargs}]) -> None: ...")
    for method in ("__call__", "preprocess"):
        lines.append(f"    def {method}(self, {', '.join(taken)}, **kwargs: Unpack[{of_calls}]) -> {outputs}: ...")
    sizes = f"self, {'num_frames: int, ' if cls.kind == 'Video' else ''}height: int, width: int"
    lines.append(f"    def output_shapes({sizes}, **kwargs: Unpack[{kwargs}]) -> dict[str, _ArrayOutput]: ...")
    lines += untyped(cls)
    lines += [
        f"class {cls.public_name()}{get_backend(base.backend).suffix}(_{name}Calls, {base.__name__}): ..."
        for base in BASES
    ]
    return lines


def untyped(cls: type[BaseImageProcessor]) -> list[str]:
    """The family's further methods, which its own file does not type."""
    lines = []
    for method in sorted(name for name in dir(cls) if not name.startswith("_") and name not in TYPED):
        function = getattr(cls, method)
        if inspect.isfunction(function) and function.__module__.startswith("pixelprep.models."):
            parameters = list(inspect.signature(function).parameters.values())[1:]
            taken = [f"{p.name}: Any{optional(p)}" for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
            taken += ["*args: Any" for p in parameters if p.kind is p.VAR_POSITIONAL]
            named = [f"{p.name}: Any{optional(p)}" for p in parameters if p.kind is p.KEYWORD_ONLY]
            taken += [*(["*"] if named and "*args: Any" not in taken else []), *named]
            taken += ["**kwargs: Any" for p in parameters if p.kind is p.VAR_KEYWORD]
            lines.append(f"    def {method}({', '.join(['self', *taken])}) -> Any: ...")
    return lines


def optional(parameter: inspect.Parameter, also: str = "") -> str:
    """How a parameter's default is written behind its type; `also` is of the type where there is one."""
    return f"{also} = ..." if parameter.default is not parameter.empty else ""


def any_kwargs(families: Iterable[type[BaseImageProcessor]]) -> dict[str, Any]:
    """The options of all families, and what they take beside images; Any where they do not mean the same by a name."""
    found: dict[str, set[str]] = {}
    for cls in families:
        for name, hint in cls._schema().types.items():
            found.setdefault(name, set()).add(shown(name, hint))
        for parameter in list(inspect.signature(cls.preprocess).parameters.values())[1:]:
            if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.name != "images":
                found.setdefault(parameter.name, set()).add("Any")
    return {
        name: next(iter(texts)) if len(texts) == 1 else "Any"
        for name, texts in sorted(found.items())
        if name not in COMMON["Image"]
    }


def typed_dict(name: str, base: str, hints: Mapping[str, Any]) -> list[str]:
    """A TypedDict with these entries, none of them required."""
    return [f"class {name}({base}, total=False):", *(f"    {key}: {shown(key, hint)}" for key, hint in hints.items())]


def shown(name: str, hint: Any) -> str:
    """The type of what users may give for an option: None is "not given" in a call, and a value of many options."""
    if isinstance(hint, str):
        return hint
    words = f"Literal[{', '.join(map(repr, WORDS[name]))}]" if name in WORDS else given(hint)
    return words if words == "Any" or words.endswith("None") else f"{words} | None"


def given(hint: Any) -> str:
    """A schema's type as what `KwargsSchema.check` makes it of."""
    if hint is Any:
        return "Any"
    if hint is None or hint is types.NoneType:
        return "None"
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if SizeDict in arguments or PILImageResampling in arguments:  # which are all that a size or a filter is made of
            arguments = tuple(a for a in arguments if a in (SizeDict, PILImageResampling, types.NoneType))
        return " | ".join(sorted(map(given, arguments), key=lambda part: part == "None"))
    if origin is typing.Annotated:
        return given(arguments[0])
    if origin is typing.Literal:
        return f"Literal[{', '.join(map(repr, arguments))}]"
    if origin in (tuple, list):
        return f"Sequence[{given(arguments[0])}]"
    if origin is dict:
        return "Mapping[str, Any]"
    if hint is SizeDict:
        return "_SizeInput"
    if hint is PILImageResampling:
        return "PILImageResampling | int | str"
    if issubclass(hint, enum.StrEnum):
        public = "" if hint.__name__ in pixelprep._EXPORTS else "_"
        return f"{public}{hint.__name__} | Literal[{', '.join(repr(member.value) for member in hint)}]"
    return hint.__name__


if __name__ == "__main__":
    PATH.write_text(stubs())

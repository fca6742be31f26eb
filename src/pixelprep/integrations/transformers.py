"""pixelprep's image processors inside transformers: `install(backend="native")`, and pipelines use them.

transformers finds an image processor by the class name in the checkpoint, or by the model's configuration class. Both
ways lead to classes registered with its `AutoImageProcessor` under the name that it looks for, so that is what is
registered: a family on a backend, made a subclass of transformers' own base class as well.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from functools import cache
from typing import Any

import transformers
from transformers.image_processing_utils import BaseImageProcessor
from transformers.models.auto import configuration_auto, image_processing_auto

from ..ops import choose_backend, get_ops
from ..registry import FAMILIES, Family, family_of_model_type

# What transformers' loading passes on to the class it found, and no image processor needs; `dtype` is the model's.
_LOADING_ARGUMENTS = ("_from_auto", "_from_pipeline", "_commit_hash", "adapter_kwargs", "dtype")
_ABSENT = object()
_CONFIGS: Any = configuration_auto.CONFIG_MAPPING  # model type -> configuration class
_NAMES: dict[str, dict[str, str]] = image_processing_auto.__dict__["IMAGE_PROCESSOR_MAPPING_NAMES"]
_REGISTERED: dict[Any, Any] = image_processing_auto.IMAGE_PROCESSOR_MAPPING._extra_content
_before: list[tuple[dict[Any, Any], Any, Any]] = []
"""Tables of transformers that were changed: the table, the key, what stood there; the last change last."""


class _InTransformers:
    """What a class needs to pass for one of transformers'; comes before pixelprep's class in the order of bases."""

    family: Any
    backend: str

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: Any, **kwargs: Any) -> Any:
        """As everywhere in transformers, keyword arguments that are no settings are ignored."""
        for name in _LOADING_ARGUMENTS:
            kwargs.pop(name, None)
        wanted = kwargs.pop("return_unused_kwargs", False)
        load: Any = super().from_pretrained  # type: ignore[misc]
        processor, unused = load(pretrained_model_name_or_path, return_unused_kwargs=True, **kwargs)
        return (processor, unused) if wanted else processor

    def preprocess(self, *args: Any, **kwargs: Any) -> Any:
        """As in pixelprep; the outputs are transformers' `BatchFeature`."""
        outputs: Any = super().preprocess(*args, **kwargs)  # type: ignore[misc]
        return transformers.BatchFeature(dict(outputs)) if hasattr(outputs, "keys") else outputs

    def __reduce__(self) -> Any:
        return _restore, (type(self).family.__name__, self.backend, type(self).__name__, self.__dict__)


@cache
def _adapted(family: str, backend: str, name: str) -> type[Any]:
    """The class of a family on a backend, under the name by which transformers looks for it."""
    ours = FAMILIES[family].load().on(backend)
    members: dict[str, Any] = {"__doc__": ours.__doc__, "__module__": __name__, "family": ours.family}
    return type(name, (_InTransformers, ours, BaseImageProcessor), members)


def _restore(family: str, backend: str, name: str, state: dict[str, Any]) -> Any:
    cls = _adapted(family, backend, name)
    processor: Any = object.__new__(cls)
    processor.__dict__.update(state)
    return processor


def install(backend: str | None = None, model_types: Iterable[str] | None = None) -> list[str]:
    """Let transformers' `AutoImageProcessor`, and with it pipelines and processors, use pixelprep.

    It is then the backend that transformers uses unless told otherwise, and has a name there: `backend="native"`.
    Another call replaces the families that it names; `uninstall` undoes everything.

    Args:
        backend: one that can run here, the default one if None.
        model_types: whose image processors to replace, all that pixelprep has if None. transformers finds classes by
            name, so the other model types of the same family follow.

    Returns:
        The model types whose image processors are pixelprep's now.

    Raises:
        UnknownFamilyError: a model type has no image processor here. MissingBackendError: nothing can run here.
    """
    if backend is None:
        families = _families(model_types)
        return [name for family in families for name in _install(family, choose_backend(None, family.backend_order))]
    get_ops(backend)
    return [name for family in _families(model_types) for name in _install(family, backend)]


def _families(model_types: Iterable[str] | None) -> list[Family]:
    if model_types is None:
        return [family for family in FAMILIES.values() if family.written]
    names = [model_types] if isinstance(model_types, str) else model_types
    return list(dict.fromkeys(family_of_model_type(name) for name in names))


def _install(family: Family, backend: str) -> list[str]:
    installed = []
    plain = f"{family.name}ImageProcessor"
    classes = {name: _adapted(family.name, backend, plain) for name in ("torchvision", backend)}
    if backend == "pil":
        classes["pil"] = _adapted(family.name, backend, f"{plain}Pil")
    for model_type in family.model_types:
        names = _NAMES.get(model_type)
        if names is None:
            continue
        _change(_NAMES, model_type, {**names, **{k: v.__name__ for k, v in classes.items()}})
        if model_type in _CONFIGS:
            # Not through `AutoImageProcessor.register`, which merges: what is there must be replaced, and come back.
            _change(_REGISTERED, _CONFIGS[model_type], dict(classes))
        installed.append(model_type)
    return installed


def _change(table: dict[Any, Any], key: Any, value: Any) -> None:
    _before.append((table, key, table.get(key, _ABSENT)))
    table[key] = value


def uninstall() -> None:
    """Give transformers its own image processors back; what was loaded stays as it is."""
    while _before:
        table, key, value = _before.pop()
        if value is _ABSENT:
            with contextlib.suppress(KeyError):
                del table[key]
        else:
            table[key] = value

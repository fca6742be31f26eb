"""Classes from outside, as given to `register` of `AutoImageProcessor` and `AutoVideoProcessor`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..ops import DEFAULT_ORDER
from .families import Family
from .lookup import IMAGES, Catalogue

if TYPE_CHECKING:
    from ..image_processing_utils import BaseImageProcessor


_REGISTERED: dict[str, dict[str, dict[str, type[BaseImageProcessor]]]] = {"Image": {}, "Video": {}}
"""Kind -> model type -> backend -> class."""


def register_classes(
    model_type: str,
    classes: Mapping[str, type[BaseImageProcessor]],
    exist_ok: bool = False,
    catalogue: Catalogue = IMAGES,
) -> None:
    """Add the classes of a model type, one for each backend; see `AutoImageProcessor.register`."""
    from ..image_processing_utils import BaseImageProcessor

    kind = catalogue.kind
    if not classes:
        given = f"{kind.lower()}_processor_classes={{'pil': MyProcessor}}"
        raise ValueError(f"{model_type!r}: give at least one class, as {given}")
    for backend, cls in classes.items():
        if not (isinstance(cls, type) and issubclass(cls, BaseImageProcessor) and cls.kind == kind):
            raise TypeError(f"{model_type!r}, backend {backend!r}: {cls!r} is no subclass of Base{kind}Processor")
        if not cls.backend:
            raise TypeError(
                f"{model_type!r}, backend {backend!r}: {cls.__name__} is bound to no backend; inherit from "
                f"TorchvisionBackend, PilBackend, ..., or give {cls.__name__}.on('pil')"
            )
    present = _REGISTERED[kind].get(model_type, {})
    family = catalogue.model_types.get(model_type)
    taken = set(present) | (set(DEFAULT_ORDER) if family else set())
    if not exist_ok and taken & set(classes):
        names = ", ".join(sorted(taken & set(classes)))
        raise ValueError(f"{model_type!r} has a class for {names} already; pass exist_ok=True to replace it")
    merged = {**present, **classes}
    others = [family.load().on("pil")] if family and family.written else []
    _refuse_different_defaults(model_type, [*others, *merged.values()])
    _REGISTERED[kind][model_type] = merged


def _refuse_different_defaults(model_type: str, classes: list[type[BaseImageProcessor]]) -> None:
    from ..core.names import disagreements

    first, *rest = classes
    for other in rest:
        names = first.__name__, other.__name__
        reports = disagreements("default of", names, first._class_defaults(), other._class_defaults())
        if reports:
            raise ValueError(
                f"{model_type!r}: one configuration must mean the same on every backend, but the classes disagree: "
                + "; ".join(reports)
            )


def unregister_classes(model_type: str, catalogue: Catalogue = IMAGES) -> None:
    """Forget what was registered for a model type."""
    _REGISTERED[catalogue.kind].pop(model_type, None)


def registered_classes(
    model_type: str | None, family: Family | None = None, catalogue: Catalogue = IMAGES
) -> dict[str, type[BaseImageProcessor]]:
    """The registered classes of a model type; without one, of the type that a family is named after."""
    known = _REGISTERED[catalogue.kind]
    if model_type not in known and family is not None:
        named_after = family.model_types[0] if len(family.model_types) == 1 else family.folder
        model_type = named_after if model_type is None or model_type not in family.model_types else model_type
    return known.get(model_type or "", {})


def find_registered(class_name: str, catalogue: Catalogue = IMAGES) -> str | None:
    """The model type for which a class of that name is registered, with or without a backend's suffix."""
    for model_type, classes in _REGISTERED[catalogue.kind].items():
        if any(class_name in (cls.__name__, cls.plain_name()) for cls in classes.values()):
            return model_type
    return None

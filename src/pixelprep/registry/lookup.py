"""From a name in a file or a command to a family, of images or of videos."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from ..core.names import did_you_mean, nearest, shown
from ..ops import backend_of_suffix, get_backend
from .families import FAMILIES, MODEL_TYPES, Family, UnknownFamilyError
from .videos import VIDEO_FAMILIES, VIDEO_MODEL_TYPES

if TYPE_CHECKING:
    from ..image_processing_utils import BaseImageProcessor


# Other spellings in published files: of a class name before "ImageProcessor", and of a model type.
_SPELLINGS = {"Ernie4_5_VL_Moe": "Ernie4_5_VLMoe", "DINOv3": "DINOv3ViT"}
_MODEL_TYPE_SPELLINGS = {"ernie4_5_moe_vl": "ernie4_5_vl_moe"}


@dataclass(frozen=True, eq=False)
class Catalogue:
    """All processors of one kind.

    Attributes:
        kind: "Image" or "Video".
        endings: what stands behind a family's name in the names of classes.
        families: by name.
        model_types: by model type.
    """

    kind: str
    endings: tuple[str, ...]
    families: Mapping[str, Family]
    model_types: Mapping[str, Family]

    @property
    def what(self) -> str:
        """What one of them is called in messages."""
        return f"{self.kind.lower()} processor"


IMAGES = Catalogue("Image", ("ImageProcessor", "FeatureExtractor"), FAMILIES, MODEL_TYPES)
VIDEOS = Catalogue("Video", ("VideoProcessor",), VIDEO_FAMILIES, VIDEO_MODEL_TYPES)


@cache
def find_class(name: str, exact: bool = False, catalogue: Catalogue = IMAGES) -> tuple[Family, str | None]:
    """The family and the backend that a class name stands for.

    Args:
        name: `CLIPImageProcessor`, with any backend's suffix, with the older `Fast`, or the old
            `CLIPFeatureExtractor`. A plain name or `FeatureExtractor` leaves the backend open (None). A model type's
            own name, such as `SwinImageProcessor`, means the family that it uses.
        exact: a model type's own name means nothing; for checkpoints that bring code of that name along.
        catalogue: of images or of videos.

    Raises:
        UnknownFamilyError: no family has such a name; the message names the nearest.
    """
    for ending in catalogue.endings:
        stem, found, suffix = name.rpartition(ending) if catalogue.kind == "Video" else name.partition(ending)
        stem = _SPELLINGS.get(stem, stem)
        family = catalogue.families.get(stem)
        if family is None and not exact:
            family = _families_by_plain_type(catalogue).get(stem.lower().replace("_", ""))
        backend = ("torchvision" if suffix == "Fast" else backend_of_suffix(suffix)) if found and family else None
        if family and backend:
            return family, backend if suffix else None
    stem = re.split("(?<=.)(?:Image|Feature|VideoProc)", name)[0]
    close = nearest(stem, catalogue.families)
    hint = f"; did you mean {close + catalogue.endings[0]!r}?" if close else ""
    raise UnknownFamilyError(f"no {catalogue.what} is called {shown(name)}{hint}")


@cache
def _families_by_plain_type(catalogue: Catalogue) -> dict[str, Family]:
    types = catalogue.model_types
    return {name.replace("-", "").replace("_", "").replace(".", ""): family for name, family in types.items()}


def family_of_model_type(model_type: str, catalogue: Catalogue = IMAGES) -> Family:
    """The family that a model type uses, as `config.json` spells it.

    Raises:
        UnknownFamilyError: none is known; the message names the nearest.
    """
    family = catalogue.model_types.get(_MODEL_TYPE_SPELLINGS.get(model_type, model_type))
    if family is None:
        stem = re.sub("For[A-Z].*|Model$", "", model_type).lower()  # some files name the architecture's class
        hint = did_you_mean(stem, catalogue.model_types)
        raise UnknownFamilyError(f"no {catalogue.what} is known for the model type {shown(model_type)}{hint}")
    return family


def find_family(name: str, catalogue: Catalogue = IMAGES) -> Family:
    """The family of a model type (`qwen2_5_vl`), a folder (`qwen2_vl`) or a family or class name, in any case.

    Raises:
        UnknownFamilyError: nothing is called so; the message names the nearest.
    """
    if name in catalogue.model_types:
        return catalogue.model_types[name]
    wanted = name.lower().replace("-", "_")
    names = {key.lower(): family for family in catalogue.families.values() for key in (family.folder, family.name)}
    if wanted in names:
        return names[wanted]
    try:
        return find_class(name, catalogue=catalogue)[0]
    except UnknownFamilyError:
        hint = did_you_mean(wanted, [*names, *catalogue.model_types])
        raise UnknownFamilyError(f"no model type or {catalogue.what} is called {shown(name)}{hint}") from None


def image_processor_class(name: str, backend: str) -> type[BaseImageProcessor]:
    """The class of a family, given by any name that `find_family` takes, on a backend.

    Raises:
        UnknownFamilyError, UnknownBackendError: nothing is called so.
    """
    get_backend(backend)
    return find_family(name).load().on(backend)

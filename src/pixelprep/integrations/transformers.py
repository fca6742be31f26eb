"""pixelprep's processors of images and videos inside transformers: `install(backend="native")`, and pipelines and
servers use them.

transformers decides in three functions which class an image processor has: one resolves the backend, two turn a class
name or a model's configuration into a class; in one function and a table, which a video processor has. They are
wrapped, so that whoever asks for no backend gets pixelprep's class, made a subclass of transformers' own base class as
well; whoever asks for one of transformers' gets that.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import transformers
from transformers.image_processing_utils import BaseImageProcessor
from transformers.models.auto import image_processing_auto
from transformers.processing_utils import ProcessorMixin

from ..core.releases import nearest_release
from ..image_processing_utils import BaseImageProcessor as Ours
from ..images.decoding import fetch_images
from ..ops import choose_backend, get_ops
from ..registry.families import Family, UnknownFamilyError
from ..registry.lookup import IMAGES, VIDEOS, Catalogue, family_of_model_type
from ..video_processing_utils import BaseVideoProcessor as OurVideos
from .transformers_videos import Unasked, for_transformers, unasked_from_pretrained, video_auto, video_base, video_table

log = logging.getLogger(__name__)

# What transformers' loading passes on to the class it found, and no image processor needs; `dtype` is the model's.
_LOADING_ARGUMENTS = ("_from_auto", "_from_pipeline", "_commit_hash", "adapter_kwargs", "dtype")
_installed: dict[str, str] = {}
"""Name of a class, as transformers knows it -> the backend that serves it."""
_KINDS: dict[str, Catalogue] = {"ImageProcessor": IMAGES, "VideoProcessor": VIDEOS}
"""What such a name ends in, and where its family stands."""
_originals: list[tuple[Any, str, Any]] = []
"""What of transformers was replaced: the owner, the name, what stood there."""


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

    def fetch_images(self, images: Any, *args: Any, **kwargs: Any) -> Any:
        """What is no image yet as Pillow images, for processors hand them to functions of transformers' own."""
        return fetch_images(images)

    def preprocess(self, *args: Any, **kwargs: Any) -> Any:
        """As in pixelprep; the outputs are transformers' `BatchFeature`.

        A device that the backend does not work on is where the outputs go: servers pass the model's.
        """
        device = kwargs.get("device")
        here: tuple[str, ...] | None = getattr(get_ops(self.backend), "devices", ("cpu",))
        elsewhere = here is not None and device is not None and str(device).partition(":")[0] not in here
        if elsewhere:
            kwargs["device"] = None
        outputs: Any = super().preprocess(*args, **kwargs)  # type: ignore[misc]
        if not hasattr(outputs, "keys"):
            return outputs.to(device) if elsewhere and hasattr(outputs, "to") else outputs
        batch = transformers.BatchFeature({name: for_transformers(name, value) for name, value in outputs.items()})
        return batch.to(device) if elsewhere and kwargs.get("return_tensors") == "pt" else batch

    def __reduce__(self) -> Any:
        return _restore, (_source(type(self)), type(self).__name__, self.__dict__)


@cache
def _adapted(ours: Any, name: str) -> type[Any]:
    """A class of pixelprep's under the name by which transformers knows it."""
    members: dict[str, Any] = {"__doc__": ours.__doc__, "__module__": __name__, "family": ours.family, "ours": ours}
    members["reference"] = nearest_release(transformers.__version__)  # users keep the pixels of what they installed
    base = video_base() if issubclass(ours, OurVideos) else BaseImageProcessor
    return type(name, (_InTransformers, ours, base), members)


def _of_name(name: str, backend: str) -> Any:
    """pixelprep's class for the name of one of transformers'; None if there is none."""
    for ending, catalogue in _KINDS.items():
        family, found, _ = name.partition(ending)
        if found and family in catalogue.families and catalogue.families[family].written:
            return catalogue.families[family].load().on(backend)
    return None


def _source(cls: Any) -> Any:
    """What a class is found by again: its name and backend if it is pixelprep's own, else the class itself."""
    return (cls.__name__, cls.backend) if _of_name(cls.__name__, cls.backend) is cls.ours else cls.ours


def _restore(source: Any, name: str, state: dict[str, Any]) -> Any:
    ours: Any = _of_name(*source) if isinstance(source, tuple) else source
    processor: Any = object.__new__(_adapted(ours, name))
    processor.__dict__.update(state)
    return processor


def adapted(processor: Any) -> Any:
    """The same processor as one of transformers'; what is no processor of pixelprep's stays as it is."""
    if not isinstance(processor, Ours) or isinstance(processor, BaseImageProcessor):
        return processor
    ours: Any = type(processor)
    twin: Any = object.__new__(_adapted(ours, ours.plain_name()))
    twin.__dict__.update(processor.__dict__)
    return twin


def install(backend: str | None = None, model_types: Iterable[str] | None = None) -> list[str]:
    """Let transformers' `AutoImageProcessor` and `AutoVideoProcessor`, and with them pipelines, processors and servers,
    use pixelprep.

    It serves wherever no backend is asked for, and has a name there: `backend="native"`; `backend="torchvision"` and
    `"pil"` still give transformers' own. Processors that are made take pixelprep's own, too. Another
    call replaces the families that it names; `uninstall` undoes everything.

    Args:
        backend: one that can run here, the default one if None.
        model_types: whose processors to replace, all that pixelprep has if None. transformers finds classes by name, so
            the other model types of the same family follow.

    Returns:
        The model types whose image processors or video processors are pixelprep's now.

    Raises:
        UnknownFamilyError: a model type has no processor here. MissingBackendError: nothing can run here.
    """
    if backend is not None:
        get_ops(backend)
    names = [model_types] if isinstance(model_types, str) else model_types
    found = _families(None if names is None else list(names))
    chosen = {family.name + ending: backend or choose_backend(None, family.backend_order) for ending, family in found}
    _wrap()
    _installed.update(chosen)
    known = {**image_processing_auto.__dict__["IMAGE_PROCESSOR_MAPPING_NAMES"]}
    known.update(getattr(video_auto(), "VIDEO_PROCESSOR_MAPPING_NAMES", {}))
    types = [model_type for _, family in found for model_type in family.model_types if model_type in known]
    return list(dict.fromkeys(types))


def uninstall() -> None:
    """Give transformers its own image processors back; what was loaded stays as it is."""
    _installed.clear()
    while _originals:
        owner, name, original = _originals.pop()
        setattr(owner, name, original)


def _families(names: list[str] | None) -> list[tuple[str, Family]]:
    """The families of model types, each with the ending of its class's name."""
    if names is None:
        return [(end, family) for end, kind in _KINDS.items() for family in kind.families.values() if family.written]
    found: dict[tuple[str, Family], None] = {}
    for name in names:
        errors = []
        for ending, catalogue in _KINDS.items():
            try:
                family = family_of_model_type(name, catalogue=catalogue)
            except UnknownFamilyError as error:
                errors.append(error)
                continue
            if family.written:
                found.setdefault((ending, family))
        if len(errors) == len(_KINDS):
            raise errors[0]
    return list(found)


def _served(names: Iterable[Any], backend: str) -> type[Any] | None:
    """The class that serves those of some names, where the backend is this one or nobody asked for any."""
    for name in map(str, names):
        ending = next((ending for ending in _KINDS if ending in name), "")
        known = name.partition(ending)[0] + ending if ending else ""
        served = _installed.get(known)
        if served is not None and (isinstance(backend, Unasked) or backend == served):
            return _adapted(_of_name(known, served), known)
    return None


def _wrap() -> None:
    """Wrap what transformers asks for classes, once."""
    if _originals:
        return

    def wrap(owner: Any, name: str, make: Callable[[Any], Any], plain: bool = False) -> None:
        original = owner.__dict__[name]
        _originals.append((owner, name, original))
        setattr(owner, name, make(original) if plain else functools.wraps(original)(make(original)))

    def resolve(original: Any) -> Any:
        def resolved(backend: Any, use_fast: Any, *args: Any) -> Any:
            found = original(backend, use_fast, *args)
            # `use_fast` is a wish for speed, which the torchvision backend's pixels meet wherever they come from.
            meant = use_fast is None or (use_fast is False) == ("pil" in _installed.values())
            return Unasked(found) if backend is None and meant else found

        return resolved

    def by_name(original: Any) -> Any:
        def load(base_class_name: Any, backend: Any, *args: Any, **kwargs: Any) -> Any:
            found = _served([base_class_name], backend)
            return original(base_class_name, backend, *args, **kwargs) if found is None else found

        return load

    def by_table(original: Any) -> Any:
        def load(mapping: Any, backend: Any) -> Any:
            names = [value.__name__ if isinstance(value, type) else value for value in mapping.values()]
            found = _served(names, backend)
            return original(mapping, backend) if found is None else found

        return load

    def with_ours(original: Any) -> Any:
        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            original(self, *map(adapted, args), **{name: adapted(value) for name, value in kwargs.items()})

        return init

    wrap(image_processing_auto, "_resolve_backend", resolve)
    wrap(image_processing_auto, "_load_backend_class", by_name)
    wrap(image_processing_auto, "_load_class_with_fallback", by_table)
    wrap(ProcessorMixin, "__init__", with_ours)
    auto: Any = video_auto()
    if hasattr(auto, "_load_backend_class"):  # releases before 5.19 know no backends of videos
        wrap(auto, "_load_backend_class", by_name)
        wrap(auto, "VIDEO_PROCESSOR_MAPPING", lambda table: video_table(table, _served), plain=True)
        wrap(auto.AutoVideoProcessor, "from_pretrained", unasked_from_pretrained, plain=True)

"""Image files in, one file of tensors out: what the command line does when nobody is watching."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from . import __version__

if TYPE_CHECKING:
    import numpy as np

    from .image_processing_utils import BaseImageProcessor


class Format(StrEnum):
    """The formats that can be written."""

    SAFETENSORS = "safetensors"
    NPZ = "npz"


@dataclass
class Processed:
    """What became of the images of one command.

    Attributes:
        tensors: each output, or each image's part of it, by the name under which it is stored.
        notes: what describes them, as JSON text: outputs that hold no numbers (words, for example).
        images: the names of the images that are in `tensors`, in order.
        failures: image and reason, for each that is not.
    """

    tensors: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    images: list[str] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)

    def add(self, outputs: Mapping[str, Any], suffix: str = "") -> None:
        """Add the outputs of one call."""
        for name, value in outputs.items():
            self._add(f"{name}{suffix}", value)

    def _add(self, name: str, value: Any) -> None:
        """One array where the entries agree in shape, else one for each entry: `name.0`, `name.1`."""
        from .image_processing_outputs import converter

        if isinstance(value, Mapping):
            for key, entry in value.items():
                self._add(f"{name}.{key}", entry)
            return
        try:
            array = converter("np")(value)
        except ValueError:  # different shapes
            array = None
        if array is not None and array.dtype.kind in "biufV":
            self.tensors[name] = array
        elif isinstance(value, (list, tuple)) and not all(isinstance(entry, str) for entry in value):
            for index, entry in enumerate(value):
                self._add(f"{name}.{index}", entry)
        else:
            self.notes[name] = json.dumps(value)


def process_images(processor: BaseImageProcessor, images: Iterable[str], *, each: bool = False) -> Processed:
    """Process images in one call, or one call for each, and go on when some of them cannot be processed.

    Args:
        processor: any image processor.
        images: paths or URLs.
        each: call the processor for each image alone, so that only one is in memory; outputs get `.0`, `.1`, ...

    Raises:
        TypeError, ValueError: nothing about one image, but the settings or the combination cannot work.
    """
    result = Processed()
    waiting: list[tuple[str, Any]] = []
    for source in images:
        name = _label(source)
        try:
            image = processor.fetch_images(source)
            if each:
                result.add(processor([image], return_tensors=None), f".{len(result.images)}")
        except (ValueError, TypeError, ImportError) as error:
            result.failures.append((getattr(error, "source", name), reason_of(error)))
            continue
        result.images.append(name)
        if not each:
            waiting.append((name, image))
    if waiting:
        try:
            result.add(processor([image for _, image in waiting], return_tensors=None))
        except (ValueError, TypeError):
            reasons = {index: _refusal(processor, image) for index, (_, image) in enumerate(waiting)}
            refused = {index: reason for index, reason in reasons.items() if reason is not None}
            if not refused or (len(set(reasons.values())) == 1 and len(waiting) > 1):
                raise  # not about one image
            result.failures += [(waiting[index][0], reason) for index, reason in refused.items()]
            waiting = [entry for index, entry in enumerate(waiting) if index not in refused]
            result.images = [name for name, _ in waiting]
            if waiting:
                result.add(processor([image for _, image in waiting], return_tensors=None))
    return result


def _label(source: str) -> str:
    """A source's name fit for messages and files: of a URL neither user, password, query nor content."""
    if not re.match(r"https?://|data:", source, re.IGNORECASE):
        return source
    return re.sub(r"//[^/]*@", "//", re.split(r"[?#,]", source, maxsplit=1)[0])


def _refusal(processor: BaseImageProcessor, image: Any) -> str | None:
    try:
        processor([image], return_tensors=None)
    except (ValueError, TypeError) as error:
        return reason_of(error)
    return None


def reason_of(error: BaseException) -> str:
    """An error's message in one line, without the name of the image, which the report gives anyway."""
    text = " ".join(str(getattr(error, "reason", error)).split())
    return re.sub(r"^image 0( of sample 0)?: ", "", text) or type(error).__name__


def encode(result: Processed, processor: BaseImageProcessor, format: Format) -> bytes:
    """The file's content: the tensors, and as metadata the images' names and the processor's settings.

    Raises:
        ValueError: the format has no such pixel type (bfloat16 in npz).
    """
    metadata = {
        **result.notes,
        "images": json.dumps(result.images),
        "image_processor": json.dumps(processor.to_dict(), sort_keys=True),
        "backend": type(processor).backend,
        "pixelprep": __version__,
    }
    if format is Format.SAFETENSORS:
        from safetensors.numpy import save

        return bytes(save(result.tensors, metadata))
    import io

    import numpy as np

    foreign = {str(array.dtype) for array in result.tensors.values() if array.dtype.kind == "V"}
    if foreign:
        raise ValueError(f"an npz file cannot hold {' or '.join(sorted(foreign))}; write a safetensors file")
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {**result.tensors, "metadata": np.array(json.dumps(metadata))}
    np.savez(buffer, **arrays)
    return buffer.getvalue()

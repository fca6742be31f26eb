"""Files of tensors, written while images are processed, and the reports of what did not fit into them."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from ..core.errors import bare_reason
from ..core.safetensors import TYPES, head
from ..core.version import __version__

if TYPE_CHECKING:
    import numpy as np

    from ..image_processing_utils import BaseImageProcessor

    Array = np.ndarray[Any, Any]


class Format(StrEnum):
    """The formats that can be written."""

    SAFETENSORS = "safetensors"
    NPZ = "npz"

    def writer(self, file: BinaryIO) -> TensorFile:
        """What writes tensors of this format into a file."""
        return SafetensorsFile(file) if self is Format.SAFETENSORS else NpzFile(file)


@dataclass(frozen=True)
class Tensor:
    """What is told of a tensor in a file."""

    shape: tuple[int, ...]
    dtype: str
    nbytes: int


class TensorFile(ABC):
    """A file that takes one array after the other, and keeps none; left without `finish`, it is let go quietly."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.tensors: dict[str, Tensor] = {}

    def add(self, name: str, array: Array) -> None:
        """Write an array.

        Raises:
            ValueError: the format has no such type. OSError: the file cannot be written.
        """
        self.tensors[name] = Tensor(array.shape, str(array.dtype), array.nbytes)
        self._write(name, array)

    @abstractmethod
    def _write(self, name: str, array: Array) -> None: ...

    def __enter__(self) -> Self:
        return self

    @abstractmethod
    def __exit__(self, *error: object) -> None: ...

    @abstractmethod
    def finish(self, metadata: Mapping[str, str]) -> None:
        """Write what stands around the arrays."""


class NpzFile(TensorFile):
    """NumPy's archive of arrays, not compressed; the metadata is a text in JSON called `metadata`."""

    def __init__(self, file: BinaryIO) -> None:
        import zipfile

        super().__init__(file)
        self._archive = zipfile.ZipFile(file, "w", allowZip64=True)

    def _write(self, name: str, array: Array) -> None:
        import numpy as np

        if array.dtype.kind == "V":
            raise ValueError(f"an npz file cannot hold {array.dtype}; write a safetensors file")
        with self._archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
            np.lib.format.write_array(entry, array, allow_pickle=False)

    def finish(self, metadata: Mapping[str, str]) -> None:
        import numpy as np

        self._write("metadata", np.array(json.dumps(dict(metadata))))
        self._archive.close()

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(OSError, ValueError):  # no room, or in the middle of an array
            self._archive.close()


class SafetensorsFile(TensorFile):
    """A safetensors file. Its header comes first and tells of all arrays, so they wait in a file of their own.

    The format's own library writes arrays that are all in memory, which is just what `--each` must not need.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        folder = Path(file.name).parent if isinstance(file.name, str) else None
        self._waiting = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed by `__exit__`)
        self._header: dict[str, Any] = {}

    def _write(self, name: str, array: Array) -> None:
        import numpy as np

        start = self._waiting.tell()
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<") if array.dtype.kind in "iuf" else None)
        self._waiting.write(little.reshape(-1).view(np.uint8).data if array.size else b"")
        self._header[name] = {
            "dtype": TYPES[str(array.dtype.newbyteorder("="))],
            "shape": array.shape,
            "data_offsets": [start, self._waiting.tell()],
        }

    def finish(self, metadata: Mapping[str, str]) -> None:
        self.file.write(head(metadata, self._header))
        self._waiting.seek(0)
        shutil.copyfileobj(self._waiting, self.file, 1 << 20)

    def __exit__(self, *error: object) -> None:
        self._waiting.close()


@dataclass
class Processed:
    """What became of the images of one command.

    Attributes:
        file: takes each output, or each image's part of it, by the name under which it is stored.
        notes: what describes them, as JSON text: outputs that hold no numbers (words, for example).
        videos: what is known of each video, and which frames were taken.
        images: the names of the images that are in the file, in order.
        failures: image and reason, for each that is not.
    """

    file: TensorFile
    notes: dict[str, str] = field(default_factory=dict)
    images: list[str] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    videos: list[dict[str, Any]] = field(default_factory=list)

    @property
    def tensors(self) -> dict[str, Tensor]:
        """What the file holds."""
        return self.file.tensors

    def add(self, outputs: Mapping[str, Any], suffix: str = "") -> None:
        """Add the outputs of one call."""
        for name, value in outputs.items():
            if name == "video_metadata":
                self.videos += map(_told, value)
            else:
                self._add(f"{name}{suffix}", value)

    def _add(self, name: str, value: Any) -> None:
        """One array where the entries agree in shape, else one for each entry: `name.0`, `name.1`."""
        from ..image_processing_outputs import converter

        if isinstance(value, Mapping):
            for key, entry in value.items():
                self._add(f"{name}.{key}", entry)
            return
        try:
            array = converter("np")(value)
        except ValueError:  # different shapes
            array = None
        if array is not None and array.dtype.kind in "biufV":
            self.file.add(name, array)
        elif isinstance(value, (list, tuple)) and not all(isinstance(entry, str) for entry in value):
            for index, entry in enumerate(value):
                self._add(f"{name}.{index}", entry)
        else:
            self.notes[name] = json.dumps(value)

    def finish(self, processor: BaseImageProcessor) -> None:
        """End the file: the images' names and the processor's settings are its metadata."""
        kind = processor.kind.lower()
        if self.videos:
            self.notes["video_metadata"] = json.dumps(self.videos)
        self.file.finish(
            {
                **self.notes,
                f"{kind}s": json.dumps(self.images),
                f"{kind}_processor": json.dumps(processor.to_dict(), sort_keys=True),
                "backend": type(processor).backend,
                "pixelprep": __version__,
            }
        )


def _told(metadata: Any) -> dict[str, Any]:
    """What is known of a video, as JSON values."""
    timed = metadata.frame_times is not None or metadata.fps is not None
    return {**metadata, "timestamps": [round(time, 6) for time in metadata.timestamps] if timed else None}


def process_images(
    processor: BaseImageProcessor,
    images: Iterable[str],
    file: TensorFile,
    *,
    each: bool,
    load: Callable[[str], Any] | None = None,
    options: Callable[[int], Mapping[str, Any]] | None = None,
) -> Processed:
    """Process images in one call, or one call for each, and go on when some of them cannot be processed.

    Args:
        processor: any image processor.
        images: paths or URLs.
        file: takes the outputs.
        each: call the processor for each image alone, so that only one is in memory; outputs get `.0`, `.1`, ...
        load: what an image is made of its source with; the processor's own way if None.
        options: of a call with so many images.

    Raises:
        TypeError, ValueError: nothing about one image, but the settings or the combination cannot work.
    """
    result = Processed(file)
    load, options = load or processor.fetch_images, options or (lambda count: {})
    waiting: list[tuple[str, Any]] = []
    for source in images:
        name = _label(source)
        try:
            image = load(source)
            outputs = processor([image], return_tensors=None, **options(1)) if each else {}
        except (ValueError, TypeError, ImportError) as error:
            result.failures.append((name, reason_of(error)))
            continue
        result.add(outputs, f".{len(result.images)}")
        result.images.append(name)
        if not each:
            waiting.append((name, image))
    if not waiting:
        return result
    failures: list[tuple[str, str]] = []
    outputs = {}
    while waiting:
        try:
            outputs = processor([image for _, image in waiting], return_tensors=None, **options(len(waiting)))
            break
        except (ValueError, TypeError) as error:
            index = _index(error)
            if index is None:
                raise  # not about one image
            failures.append((waiting.pop(index)[0], reason_of(error)))
            if not waiting and len(failures) > 1 and len({reason for _, reason in failures}) == 1:
                raise  # nor is this, though the first image met it
    result.failures += failures
    result.images = [name for name, _ in waiting]
    result.add(outputs)
    return result


def _index(error: BaseException) -> int | None:
    """Which image of a flat list an error names; where samples are named, one of both numbers is 0."""
    numbers = re.findall(r"\d+", getattr(error, "position", None) or "")
    return sum(map(int, numbers)) if numbers else None


def _label(source: str) -> str:
    """A source's name fit for messages and files: of a URL neither user, password, query nor content."""
    if not re.match(r"https?://|data:", source, re.IGNORECASE):
        return source
    return re.sub(r"//[^/]*@", "//", re.split(r"[?#,]", source, maxsplit=1)[0])


def reason_of(error: BaseException) -> str:
    """An error's message in one line, without the name of the image, which the report gives anyway."""
    return " ".join(bare_reason(error).split()) or type(error).__name__

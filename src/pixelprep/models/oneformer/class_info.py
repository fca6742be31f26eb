"""The names of a data set's classes, and which of them are things: what OneFormer's texts are made of."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

HELP = (
    'the names of the classes, a JSON file {"0": {"name": "wall", "isthing": 0}, ...}; pass class_info_file as a path, '
    "an open file or that mapping"
)
PHRASES = {"semantic": "a semantic photo", "instance": "an instance photo", "panoptic": "an panoptic photo"}


def read_class_info(source: Any, folder: str | None) -> dict[str, Any]:
    """The mapping that a class file holds.

    Args:
        source: a path, absolute or in `folder`, an open file, or the mapping itself.
        folder: a local folder, or the name of a repository that the file is fetched from.

    Raises:
        ValueError: there is none, or it holds something else.
    """
    if source is None:
        raise ValueError(f"OneFormer needs {HELP}")
    if isinstance(source, Mapping):
        info: Any = source
    elif hasattr(source, "read"):
        info = json.load(source)
    else:
        info = json.loads(_read_text(os.fspath(source), folder))
    good = isinstance(info, Mapping) and all(_is_class(*pair) for pair in info.items())
    if not good:
        raise ValueError(f"class_info_file holds {str(info)[:80]!r}; it must hold {HELP}")
    # By number: saved configurations sort their keys as text, 10 before 2.
    return {str(key): dict(info[key]) for key in sorted(info, key=int)}


def _is_class(key: Any, entry: Any) -> bool:
    return str(key).isdigit() and isinstance(entry, Mapping) and "name" in entry


def _read_text(name: str, folder: str | None) -> str:
    for path in (os.path.join(folder or "", name), name):
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                return file.read()
    reason = "there is no such file"
    if folder and not os.path.isdir(folder) and folder.count("/") <= 1:
        try:
            from huggingface_hub import hf_hub_download

            with open(hf_hub_download(folder, name, repo_type="dataset"), encoding="utf-8") as file:
                return file.read()
        except Exception as error:  # no network, no repository, no library: the user needs one way out of all
            reason = f"it could not be fetched ({type(error).__name__}: {str(error)[:100]})"
    raise ValueError(f"class_info_file {name!r}, repo_path {folder!r}: {reason}. It holds {HELP}")


def metadata_of(info: Mapping[str, Any]) -> dict[str, Any]:
    """The names by id (text), and the lists `thing_ids` and `class_names`."""
    names = {key: entry["name"] for key, entry in info.items()}
    things = [int(key) for key, entry in info.items() if entry.get("isthing")]
    return {**names, "thing_ids": things, "class_names": list(names.values())}


def texts(task: str, classes: Sequence[int], metadata: Mapping[str, Any], count: int, image: int) -> list[str]:
    """What an image is said to show: one text for each object, in the order of classes, then the task's own phrase.

    Raises:
        ValueError: a class without a name.
    """
    unknown = [label for label in classes if str(label) not in metadata]
    if unknown:
        raise ValueError(
            f"image {image} holds class {unknown[0]}, of which class_info_file has no name; it knows "
            f"{len(metadata['class_names'])} classes. Void pixels are left out by ignore_index={unknown[0]}"
        )
    found = Counter(metadata[str(label)] for label in classes)
    shown = [f"a photo with a {name}" for name in metadata["class_names"] for _ in range(found[name])]
    return [*shown[:count], *[PHRASES[task]] * (count - len(shown))]

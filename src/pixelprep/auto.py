"""From a checkpoint to its image processor: find the configuration, the family and the backend."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .ops import choose_backend
from .registry import MODEL_TYPES, UnknownFamilyError, find_class
from .utils import write_atomically

if TYPE_CHECKING:
    from .image_processing_utils import BaseImageProcessor

PREPROCESSOR = "preprocessor_config.json"
PROCESSOR = "processor_config.json"
CONFIG = "config.json"
FILES = (PROCESSOR, PREPROCESSOR, CONFIG)
MAX_CONFIG_BYTES = 16 * 2**20
HUB_ARGUMENTS = ("revision", "token", "cache_dir", "local_files_only", "force_download")


class ConfigError(ValueError):
    """A configuration file cannot be used; the message names the file."""


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint's files say about image processing, read from one state of the repository."""

    source: str
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def settings(self) -> Mapping[str, Any]:
        """The image processor's own settings: nested in `processor_config.json`, else `preprocessor_config.json`."""
        nested = self.files.get(PROCESSOR, {}).get("image_processor")
        if isinstance(nested, Mapping) and nested:
            return nested
        return self.files.get(PREPROCESSOR, {})

    @property
    def class_names(self) -> list[str]:
        """Class names in the order in which they decide, the first that is known being taken."""
        found = []
        for settings in (self.settings, self.files.get(PREPROCESSOR, {}), self.files.get(CONFIG, {})):
            for key in ("image_processor_type", "feature_extractor_type"):
                name = settings.get(key)
                if isinstance(name, str):
                    found.append(name)
        return found

    @property
    def remote_code(self) -> Any:
        """The reference to code in the checkpoint that would make its image processor, if there is one."""
        for settings in (self.settings, self.files.get(CONFIG, {})):
            table = settings.get("auto_map")
            if isinstance(table, Mapping) and table.get("AutoImageProcessor"):
                return table["AutoImageProcessor"]
        return None


def read_checkpoint(
    source: str | os.PathLike[str], *, subfolder: str = "", filename: str | None = None, **hub: Any
) -> Checkpoint:
    """Read the configuration files of a folder, a single JSON file, or a repository on the hub.

    Args:
        source: folder, path of a JSON file, or hub id such as "openai/clip-vit-base-patch32".
        subfolder: folder inside the source.
        filename: another name of `preprocessor_config.json`.
        hub: `revision`, `token`, `cache_dir`, `local_files_only`, `force_download` for the hub client.

    Raises:
        FileNotFoundError: nothing is there, locally or on the hub. ConfigError: a file is no JSON object.
    """
    preprocessor = filename or PREPROCESSOR
    for name in (subfolder, preprocessor):
        if os.path.isabs(name) or ".." in Path(name).parts:
            raise ValueError(f"{name!r} leaves the checkpoint; give a path inside it")
    path = Path(source)
    if path.is_file():
        return Checkpoint(str(source), {PREPROCESSOR: _read_json(path)})
    if path.is_dir():
        folder = path / subfolder
    elif _is_hub_id(str(source)):
        folder = (
            _download(str(source), [str(Path(subfolder) / f) for f in (PROCESSOR, preprocessor, CONFIG)], hub)
            / subfolder
        )
    else:
        raise FileNotFoundError(f"{os.fspath(source)!r} is no folder, no JSON file and no hub id such as 'owner/name'")
    files = {
        key: _read_json(folder / name)
        for key, name in ((PROCESSOR, PROCESSOR), (PREPROCESSOR, preprocessor), (CONFIG, CONFIG))
        if (folder / name).is_file()
    }
    if not files:
        raise FileNotFoundError(f"{os.fspath(source)!r} has none of {preprocessor}, {PROCESSOR}, {CONFIG}")
    return Checkpoint(str(source), files)


def _is_hub_id(text: str) -> bool:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils._validators import validate_repo_id

    try:
        validate_repo_id(text)
    except HFValidationError:
        return False
    return True


def _download(repo_id: str, patterns: list[str], hub: dict[str, Any]) -> Path:
    """The folder of one commit's snapshot, with the wanted files in it."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

    hub = {name: value for name, value in hub.items() if value is not None}
    try:
        return Path(snapshot_download(repo_id, allow_patterns=patterns, **hub))
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise FileNotFoundError(
            f"the hub has no {repo_id!r}"
            + (f" at revision {hub['revision']!r}" if "revision" in hub else "")
            + "; check the name, or pass token=... if it is private"
        ) from error
    except LocalEntryNotFoundError as error:
        raise FileNotFoundError(
            f"{repo_id!r} is no local folder, is not in the cache, and the hub cannot be reached: {error}"
        ) from error


def _read_json(path: Path) -> Mapping[str, Any]:
    if path.stat().st_size > MAX_CONFIG_BYTES:
        raise ConfigError(f"{path} is larger than {MAX_CONFIG_BYTES // 2**20} MiB; that is no configuration")
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path} must hold a JSON object, not a {type(content).__name__}")
    return content


class AutoImageProcessor:
    """The image processor of any checkpoint."""

    def __init__(self) -> None:
        raise TypeError("use AutoImageProcessor.from_pretrained(source)")

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: str | os.PathLike[str], **kwargs: Any
    ) -> BaseImageProcessor:
        """The image processor that a checkpoint describes.

        Args:
            pretrained_model_name_or_path: a folder, a JSON file, or a hub id.
            kwargs: `backend` names the backend, else the environment variable `PIXELPREP_BACKEND`, else torchvision,
                native or pil, whichever is installed first. `revision`, `token`, `cache_dir`, `local_files_only`,
                `force_download` and `subfolder` choose what is read from the hub. Any other name replaces a setting
                of the file, as at construction.

        Raises:
            FileNotFoundError: there is no such checkpoint. ConfigError: a file cannot be used.
            UnknownFamilyError: the checkpoint names no image processor that is known.
            TypeError, ValueError: a setting has the wrong name, type or value.
        """
        return load_image_processor(pretrained_model_name_or_path, kwargs)


def load_image_processor(
    source: str | os.PathLike[str], kwargs: dict[str, Any], cls: type[BaseImageProcessor] | None = None
) -> BaseImageProcessor:
    """Read a checkpoint and make its processor: of the class given, else of the class that the files name."""
    hub = {name: kwargs.pop(name) for name in HUB_ARGUMENTS if name in kwargs}
    backend = kwargs.pop("backend", None)
    checkpoint = read_checkpoint(
        source, subfolder=kwargs.pop("subfolder", ""), filename=kwargs.pop("image_processor_filename", None), **hub
    )
    if cls is None or not cls.backend:
        family = find_checkpoint_class(checkpoint) if cls is None else cls
        cls = family.on(choose_backend(backend))
    try:
        return cls.from_dict(checkpoint.settings, **kwargs)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{checkpoint.source}: {error}") from error


def find_checkpoint_class(checkpoint: Checkpoint) -> type[BaseImageProcessor]:
    """The family that a checkpoint's files name, by class or by model type.

    Raises:
        UnknownFamilyError: they name none that is known; the message says what was found.
    """
    names = checkpoint.class_names
    for name in names:
        try:
            return find_class(name)[0].load()
        except UnknownFamilyError:
            continue
    remote = checkpoint.remote_code
    model_type = checkpoint.files.get(CONFIG, {}).get("model_type")
    if remote is None and isinstance(model_type, str) and model_type in MODEL_TYPES:
        return MODEL_TYPES[model_type].load()
    found = [f"image processor {name!r}" for name in names] + ([f"model type {model_type!r}"] if model_type else [])
    message = f"{checkpoint.source}: no known image processor; the files name {', '.join(found) or 'none'}"
    if remote is not None:
        message += f". It would run code of the checkpoint, {remote!r}, which this version does not do"
    raise UnknownFamilyError(message)


def save_image_processor(
    processor: BaseImageProcessor, folder: str | os.PathLike[str], push_to_hub: bool, hub: dict[str, Any]
) -> list[str]:
    """Write `preprocessor_config.json` into a folder, and upload the folder if asked."""
    target = Path(folder)
    if target.is_file():
        raise NotADirectoryError(f"{os.fspath(folder)!r} is a file; give a folder to save into")
    target.mkdir(parents=True, exist_ok=True)
    path = target / PREPROCESSOR
    write_atomically(path, processor.to_json_string().encode())
    if push_to_hub:
        from huggingface_hub import HfApi

        api = HfApi(token=hub.get("token"))
        repo_id = api.create_repo(hub.get("repo_id") or target.name, private=hub.get("private"), exist_ok=True).repo_id
        api.upload_file(
            path_or_fileobj=path,
            path_in_repo=PREPROCESSOR,
            repo_id=repo_id,
            revision=hub.get("revision"),
            commit_message=hub.get("commit_message", "Upload image processor"),
        )
    return [str(path)]

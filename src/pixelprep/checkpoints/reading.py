"""What a checkpoint's files say of images and videos, read from a folder, a file, or one commit on the hub."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PREPROCESSOR = "preprocessor_config.json"
VIDEO_PREPROCESSOR = "video_preprocessor_config.json"
PROCESSOR = "processor_config.json"
CONFIG = "config.json"
TOKENIZER = "tokenizer_config.json"
TOKENIZER_JSON = "tokenizer.json"
CHAT_TEMPLATE = "chat_template.jinja"
FILES = (PROCESSOR, PREPROCESSOR, CONFIG)
MAX_CONFIG_BYTES = 16 * 2**20
LONGEST_NAME = 1024
MAX_NESTING = 64  # levels of lists and objects; published files have fewer than ten
HUB_ARGUMENTS = ("revision", "token", "cache_dir", "local_files_only", "force_download", "proxies")


class ConfigError(ValueError):
    """A configuration file cannot be used; the message names the file."""


@dataclass(frozen=True)
class Checkpoint:
    """The files of a checkpoint, and where they came from.

    Attributes:
        source: what the user gave.
        files: contents by file name; those that exist.
        folder: where the files lie, None for a model configuration in memory.
        hub: arguments for the hub client with which more files of the same commit can be fetched; None for a folder.
        subfolder: where in the repository `folder` is.
        kind: "Image" or "Video": which of the checkpoint's processors is asked for.
    """

    source: str
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    folder: Path | None = None
    hub: Mapping[str, Any] | None = None
    subfolder: str = ""
    kind: str = "Image"

    @property
    def settings(self) -> Mapping[str, Any]:
        """The processor's own settings: nested in `processor_config.json`, else in a file of its own.

        A video processor without one has the image processor's.
        """
        nested = self.files.get(PROCESSOR, {}).get(f"{self.kind.lower()}_processor")
        if isinstance(nested, Mapping) and nested:
            return nested
        if self.kind == "Video":
            return self.files.get(VIDEO_PREPROCESSOR, self.files.get(PREPROCESSOR, {}))
        if PREPROCESSOR not in self.files and self.is_timm:
            return {name: self.config[name] for name in ("architecture", "pretrained_cfg") if name in self.config}
        return self.files.get(PREPROCESSOR, {})

    @property
    def says_settings(self) -> bool:
        """Whether a file is there that holds settings: of its own, of the whole processor, or timm's."""
        if self.kind == "Video":
            return bool(self.settings) or VIDEO_PREPROCESSOR in self.files or PREPROCESSOR in self.files
        return PREPROCESSOR in self.files or PROCESSOR in self.files or self.is_timm

    @property
    def config(self) -> Mapping[str, Any]:
        """The model's configuration."""
        return self.files.get(CONFIG, {})

    @property
    def is_timm(self) -> bool:
        """Whether the model's configuration is one that timm publishes."""
        return isinstance(self.config.get("pretrained_cfg"), Mapping) and "architecture" in self.config

    @property
    def model_type(self) -> str | None:
        """The model type that `config.json` names."""
        found = self.config.get("model_type")
        return found if isinstance(found, str) else "timm_wrapper" if self.is_timm else None

    @property
    def class_names(self) -> list[str]:
        """Class names in the order in which they decide, the first that is known being taken."""
        key, found = f"{self.kind.lower()}_processor_type", []
        if self.kind == "Video":
            named = [self.settings.get(key), self.config.get(key)]
            if named[0] is None:  # an image processor's settings: the video processor of that name, if there is one
                named[0] = _of_videos(self.settings.get("image_processor_type"))
        else:
            places = (self.settings, self.files.get(PREPROCESSOR, {}), self.config)
            named = [settings.get(name) for settings in places for name in (key, "feature_extractor_type")]
        for name in named:
            if isinstance(name, str) and name not in found:
                found.append(name)
        return found

    @property
    def names_another_class(self) -> bool:
        """Whether the settings name their class outright, so that a model type says nothing against it."""
        return self.kind == "Video" and isinstance(self.settings.get("video_processor_type"), str)

    @property
    def remote_code(self) -> Any:
        """The reference to code in the checkpoint that would make its processor, if there is one."""
        for settings in (self.settings, self.config):
            table = settings.get("auto_map")
            if not isinstance(table, Mapping):
                continue
            found = table.get(f"Auto{self.kind}Processor")
            if not found and self.kind == "Video" and settings is self.settings:
                own = "video_processor_type" in settings
                found = None if own else _of_videos(table.get("AutoImageProcessor"))
            elif not found and "image_processor_type" not in settings and self.kind == "Image":
                found = table.get("AutoFeatureExtractor")  # beside a named image processor it is one of sounds
            if found:
                return found
        return None


def _of_videos(name: Any) -> Any:
    """The name that a video processor beside an image processor of this name has, in whatever holds names."""
    if isinstance(name, str):
        return name.replace("ImageProcessor", "VideoProcessor")
    if isinstance(name, Mapping):
        return {key: _of_videos(entry) for key, entry in name.items()}
    return [_of_videos(entry) for entry in name] if isinstance(name, list) else name


def config_checkpoint(config: Any, kind: str = "Image") -> Checkpoint:
    """The checkpoint that a model configuration object stands for: its model type, and no settings.

    Raises:
        TypeError: this is no model configuration.
    """
    return Checkpoint(type(config).__name__, {CONFIG: config_values(config)}, kind=kind)


def config_values(config: Any) -> Mapping[str, Any]:
    """The contents of a model configuration: a mapping, or an object with `to_dict` or with attributes.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(config, Mapping):
        return config
    if hasattr(config, "model_type"):
        values = config.to_dict() if callable(getattr(config, "to_dict", None)) else dict(vars(config))
        return {**values, "model_type": config.model_type}
    raise TypeError(
        f"a checkpoint is a folder, a JSON file, a hub id or a model configuration with a `model_type`, not {config!r}"
    )


def read_checkpoint(
    source: str | os.PathLike[str],
    *,
    subfolder: str = "",
    filename: str | None = None,
    kind: str = "Image",
    **hub: Any,
) -> Checkpoint:
    """Read the configuration files of a folder, a single JSON file, or a repository on the hub.

    Args:
        source: folder, path of a JSON file, or hub id such as "openai/clip-vit-base-patch32".
        subfolder: folder inside the source.
        filename: another name of `preprocessor_config.json`, for videos of `video_preprocessor_config.json`.
        kind: "Image" or "Video".
        hub: `revision`, `token`, `cache_dir`, `local_files_only`, `force_download`, `proxies` for the hub client.

    Raises:
        FileNotFoundError: nothing is there, locally or on the hub. ConfigError: a file is no JSON object.
        ValueError: `subfolder` or `filename` leaves the checkpoint.
    """
    own = VIDEO_PREPROCESSOR if kind == "Video" else PREPROCESSOR
    preprocessor = filename or own
    for name in (subfolder, preprocessor):
        if os.path.isabs(name) or ".." in Path(name).parts:
            raise ValueError(f"{name[:LONGEST_NAME]!r} leaves the checkpoint; give a path inside it")
        if len(name) > LONGEST_NAME:
            raise ValueError(f"{name[:40]!r}... is {len(name)} characters long; that is no path")
    text = os.fspath(source)
    if not text:
        raise FileNotFoundError("the name of the checkpoint is empty; for the current folder pass '.'")
    path = Path(text)
    # Of os.path, for it says no to names that no file can have: too long, or with a null byte.
    if os.path.isfile(path):
        return Checkpoint(text, {own: _read_json(path)}, path.parent, kind=kind)
    wanted = {PROCESSOR: PROCESSOR, PREPROCESSOR: PREPROCESSOR, own: preprocessor, CONFIG: CONFIG}
    fetch = None
    if os.path.isdir(path):
        root = path
    elif is_hub_id(text):
        root = download(text, [str(Path(subfolder) / name) for name in wanted.values()], hub)
        # The snapshot's folder is named after its commit: what is fetched later comes from the same state.
        fetch = {**hub, "revision": root.name}
    else:
        raise FileNotFoundError(f"{text!r} is no folder, no JSON file and no hub id such as 'owner/name'")
    folder = root / subfolder
    files = {key: _read_json(folder / name) for key, name in wanted.items() if os.path.isfile(folder / name)}
    if not files:
        names = ", ".join(dict.fromkeys((preprocessor, *wanted.values())))
        raise FileNotFoundError(f"{text!r} has none of {names}")
    return Checkpoint(text, files, folder, fetch, subfolder, kind)


def file_beside(checkpoint: Checkpoint, name: str) -> Path | None:
    """Another file of a checkpoint, of the same commit; None if there is none.

    Raises:
        FileNotFoundError: the hub cannot be reached.
    """
    if checkpoint.folder is None:
        return None
    if checkpoint.hub is not None:
        download(checkpoint.source, [str(Path(checkpoint.subfolder) / name)], checkpoint.hub)
    path = checkpoint.folder / name
    return path if path.is_file() else None


def read_beside(checkpoint: Checkpoint, name: str) -> Mapping[str, Any]:
    """Another JSON file of a checkpoint; empty if there is none.

    Raises:
        FileNotFoundError: the hub cannot be reached. ConfigError: the file is no JSON object.
    """
    path = file_beside(checkpoint, name)
    return {} if path is None else _read_json(path)


def is_hub_id(text: str) -> bool:
    """Whether this can be the name of a repository on the hub."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils._validators import validate_repo_id

    try:
        validate_repo_id(text)
    except HFValidationError:
        return False
    return True


def download(repo_id: str, patterns: list[str], hub: Mapping[str, Any]) -> Path:
    """The folder of one commit's snapshot, with the wanted files in it.

    Args:
        repo_id: "owner/name".
        patterns: files to fetch; `*` matches.
        hub: as in `read_checkpoint`.

    Raises:
        FileNotFoundError: the hub has no such repository or revision, or cannot be reached.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    hub = {name: value for name, value in hub.items() if value is not None}
    proxies = hub.pop("proxies", None)
    try:
        with _proxied(proxies):
            return Path(snapshot_download(repo_id, allow_patterns=patterns, **hub))
    except GatedRepoError as error:
        raise FileNotFoundError(
            f"access to {repo_id!r} is restricted; accept its terms on the hub, then log in or pass token=..."
        ) from error
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
    except HfHubHTTPError as error:
        raise FileNotFoundError(f"the hub did not give {repo_id!r}: {error}") from error


_proxy_lock = threading.Lock()


@contextmanager
def _proxied(proxies: Mapping[str, str] | None) -> Iterator[None]:
    """Let the hub client use proxies, `{"https": "http://host:port"}`: it reads them from the environment alone."""
    if not proxies:
        yield
        return
    import huggingface_hub

    close = getattr(huggingface_hub, "close_session", lambda: None)  # clients that keep no connection have none
    names = {f"{scheme.partition(':')[0].upper()}_PROXY": url for scheme, url in proxies.items()}
    with _proxy_lock:
        before = {name: os.environ.get(name) for name in names}
        os.environ.update(names)
        close()
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
            close()


def _read_json(path: Path) -> Mapping[str, Any]:
    if path.stat().st_size > MAX_CONFIG_BYTES:
        raise ConfigError(f"{path} is larger than {MAX_CONFIG_BYTES // 2**20} MiB; that is no configuration")
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path} must hold a JSON object, not a {type(content).__name__}")
    layer: list[Any] = [content]
    for _ in range(MAX_NESTING):
        layer = [
            entry
            for parent in layer
            for entry in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(entry, (dict, list))
        ]
        if not layer:
            return content
    raise ConfigError(f"{path} nests more than {MAX_NESTING} levels deep; that is no configuration")

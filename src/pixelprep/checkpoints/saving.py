"""The write side: a processor's settings, and the code of one that came as code, into a folder and to the hub."""

from __future__ import annotations

import ast
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.callers import warn_caller
from ..core.files import write_atomically
from ..core.names import unknown_names
from .reading import PREPROCESSOR, VIDEO_PREPROCESSOR

if TYPE_CHECKING:
    from ..image_processing_utils import BaseImageProcessor


def save_image_processor(
    processor: BaseImageProcessor, folder: str | os.PathLike[str], push_to_hub: bool, hub: dict[str, Any]
) -> list[str]:
    """Write `preprocessor_config.json` into a folder, with the code of a class that came as code; upload them if asked.

    A video processor's file is `video_preprocessor_config.json`.

    Args:
        processor: what to save.
        folder: made if absent; its name is the repository's if `hub` has no `repo_id`.
        push_to_hub: also upload.
        hub: `repo_id`, `token`, `private`, `revision`, `commit_message`, `commit_description`, `create_pr`.

    Raises:
        NotADirectoryError: the folder is a file. TypeError: an unknown name in `hub`. ValueError: the class's code
            cannot be saved.
    """
    allowed = {"repo_id", "token", "private", "revision", "commit_message", "commit_description", "create_pr"}
    if unknown := hub.keys() - allowed:
        raise TypeError(unknown_names(sorted(unknown), allowed, "save_pretrained"))
    target = Path(folder)
    if target.is_file():
        raise NotADirectoryError(f"{os.fspath(folder)!r} is a file; give a folder to save into")
    target.mkdir(parents=True, exist_ok=True)
    path = target / (VIDEO_PREPROCESSOR if processor.kind == "Video" else PREPROCESSOR)
    settings, code = processor.to_dict(), code_of(type(processor))
    if code:
        settings["auto_map"] = _auto_map(processor, settings.get("auto_map"))
    write_atomically(path, (json.dumps(settings, indent=2, sort_keys=True) + "\n").encode())
    beside = [Path(getattr(processor, name) or "") for name in processor.files_beside]
    beside = [file for file in beside if file.is_file()]
    copies = {**code, **{file.name: file for file in beside}}
    paths = [path, *(_copied(file, target / name) for name, file in copies.items())]
    if push_to_hub:
        from huggingface_hub import HfApi

        api = HfApi(token=hub.get("token"))
        name = hub.get("repo_id") or target.resolve().name
        repo_id = api.create_repo(name, private=hub.get("private"), exist_ok=True).repo_id
        rest = {key: hub[key] for key in ("revision", "commit_description", "create_pr") if key in hub}
        message = hub.get("commit_message", f"Upload {processor.kind.lower()} processor")
        for file in paths:
            place = file.relative_to(target).as_posix()
            api.upload_file(path_or_fileobj=file, path_in_repo=place, repo_id=repo_id, commit_message=message, **rest)
    return [str(file) for file in paths]


def code_of(cls: type[BaseImageProcessor]) -> dict[str, Path]:
    """The source files that a class must be saved with, by their place in the folder; none for a class of a package.

    Those are the files of a class that came as code from a checkpoint, and of one that `register_for_auto_class` named.

    Raises:
        ValueError: a module of it has no file, or imports from packages above its own.
    """
    if cls.__module__.startswith(f"{__package__}.remote_code."):
        from .remote_code import files_of

        return files_of(cls)
    if cls._auto_class is None:
        return {}
    if cls.__module__ == "__main__":
        warn_caller(f"{cls.__name__} is written in the script that runs: its code is not saved; put it in a module")
        return {}
    source = getattr(sys.modules.get(cls.__module__), "__file__", None)
    if source is None:
        raise ValueError(f"the code of {cls.__name__} cannot be saved: its module {cls.__module__!r} has no file")
    waiting, found = [Path(source)], dict[str, Path]()
    while waiting:
        file = waiting.pop()
        if found.setdefault(file.name, file) is file:
            waiting += _imported_beside(file)
    return found


def _imported_beside(file: Path) -> Iterator[Path]:
    """The modules of its own folder that a source file imports: those of a package are found beside it once saved."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        if node.level > 1 or "." in (node.module or ""):
            raise ValueError(
                f"{file} cannot be saved: line {node.lineno} imports from {'.' * node.level}{node.module or ''}, and "
                "only modules of the same folder come along; import what is there by its full name"
            )
        names = [node.module] if node.module else [alias.name for alias in node.names]
        yield from (path for name in names if (path := file.with_name(f"{name}.py")).is_file())


def _auto_map(processor: BaseImageProcessor, known: Any) -> dict[str, Any]:
    """What leads from the settings to the class: the entry that a checkpoint came with, if its code is all here."""
    cls, table = type(processor), dict(known) if isinstance(known, dict) else {}
    name = cls._auto_class or f"Auto{cls.kind}Processor"
    entry = table.get(name)
    if entry is None or "--" in str(entry):  # of another repository, and now here
        table[name] = getattr(cls, "_loaded_as", f"{cls.__module__.rpartition('.')[2]}.{cls.__name__}")
    return table


def _copied(source: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    if not (target.exists() and target.samefile(source)):
        shutil.copyfile(source, target)
    return target

"""Files and folders here and behind URLs: local ones by themselves, all others through fsspec."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from ..core.errors import place
from ..core.extras import required
from ..core.files import open_atomically

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(::|://)")
_UNFINISHED = re.compile(r"\.shard-.+\.[0-9a-f]{12}|\.waiting-.+")
"""What `open_atomically` calls a shard that has not got its name yet, and folders of what waits for one."""


def is_url(path: str) -> bool:
    """Whether a path is for fsspec."""
    return _SCHEME.match(path) is not None and not path.startswith("file://")


def local(path: str | os.PathLike[str]) -> str:
    """A path as text, without `file://`."""
    return os.fspath(path).removeprefix("file://")


def _file_system(url: str) -> tuple[Any, str]:
    fsspec = required("fsspec", f"{url.partition(':')[0]}: URLs need fsspec; a data set there")
    try:
        found: tuple[Any, str] = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:  # a protocol that needs one more package, or that nobody knows
        raise ValueError(f"{url!r} cannot be reached: {error}") from error
    return found


def glob(pattern: str) -> list[str]:
    """The files that a pattern names, by name; `**` goes in depth."""
    if not is_url(pattern):
        import glob as globbing

        return sorted(path for path in globbing.glob(local(pattern), recursive=True) if os.path.isfile(path))
    system, path = _file_system(pattern)
    return sorted(system.unstrip_protocol(found) for found in system.glob(path))


def walk(folder: str) -> Iterator[str]:
    """All files of a folder, in depth and by name; those that start with a point, and what is in such folders, not."""
    if is_url(folder):
        system, path = _file_system(folder)
        yield from sorted(system.unstrip_protocol(found) for found in system.find(path) if "/." not in found)
        return

    def refuse(error: OSError) -> None:
        raise error

    for root, folders, names in os.walk(local(folder), onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(root, name) for name in sorted(names) if not name.startswith("."))


def is_folder(path: str) -> bool:
    """Whether there is such a folder."""
    if is_url(path):
        system, inner = _file_system(path)
        return bool(system.isdir(inner))
    return os.path.isdir(local(path))


def stamp(path: str) -> list[Any]:
    """What tells that a file has changed: name, size, and its time or what the store has for it.

    Raises:
        OSError: there is no such file.
    """
    if is_url(path):
        system, inner = _file_system(path)
        facts = system.info(inner)
        told = next((facts[name] for name in ("ETag", "etag", "mtime", "LastModified", "created") if name in facts), "")
        return [path, facts.get("size"), str(told)]
    facts = os.stat(local(path))
    return [path, facts.st_size, facts.st_mtime_ns]


@contextlib.contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """A file to read, that can be sought in."""
    if is_url(path):
        system, inner = _file_system(path)
        with system.open(inner, "rb") as file:
            yield file
        return
    with open(local(path), "rb") as file:
        yield file


def joined(folder: str, name: str) -> str:
    """A file's path in a folder."""
    return f"{folder.rstrip('/')}/{name}" if is_url(folder) else os.path.join(local(folder), name)


def make_folder(path: str) -> None:
    """A folder that files can be written into.

    Raises:
        OSError: it cannot be made, or not be written into.
    """
    if is_url(path):
        system, inner = _file_system(path)
        system.makedirs(inner, exist_ok=True)
        return
    os.makedirs(local(path), exist_ok=True)
    try:
        with tempfile.TemporaryFile(dir=local(path)):
            pass
    except OSError as error:
        place(error, f"the destination {path!r} cannot be written into")
        raise


@contextlib.contextmanager
def written_whole(path: str) -> Iterator[BinaryIO]:
    """A file to write, that can be sought in and is there when all is well and not before."""
    if not is_url(path):
        with open_atomically(local(path)) as file:
            yield file
        return
    system, inner = _file_system(path)
    with tempfile.TemporaryDirectory(prefix="pixelprep-") as folder:
        name = Path(folder) / "shard"
        with name.open("w+b") as file:
            yield file
        system.put_file(str(name), inner)


def remove(path: str) -> None:
    """Remove a file, if it is there."""
    if is_url(path):
        system, inner = _file_system(path)
        if system.exists(inner):
            system.rm_file(inner)
        return
    with contextlib.suppress(FileNotFoundError):
        os.unlink(local(path))


def remove_unfinished(folder: str) -> None:
    """Remove what a killed process left half written in a local folder."""
    if not is_url(folder):
        for entry in os.scandir(local(folder)):
            if _UNFINISHED.fullmatch(entry.name) and entry.is_dir():
                shutil.rmtree(entry.path, ignore_errors=True)
            elif _UNFINISHED.fullmatch(entry.name):
                remove(entry.path)


def read_text(path: str) -> str | None:
    """A small file's text; None if there is none."""
    try:
        with opened(path) as file:
            return file.read().decode()
    except FileNotFoundError:
        return None

"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file whole or not at all; see `open_atomically`.

    Raises:
        OSError: it cannot be written.
    """
    with open_atomically(path) as file:
        file.write(content)


@contextlib.contextmanager
def open_atomically(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file to write, which takes its name when all is well and is gone when not.

    What is written goes into a new neighbour of the file first. Of a link the file behind it is replaced; a device or a
    FIFO is never replaced but written into, when everything is there to be written.

    Raises:
        OSError: it cannot be written.
    """
    target = Path(os.path.realpath(path))
    special = is_special(target)
    folder = None if special else target.parent
    file, name = _temporary(folder, target.name)
    try:
        with file:
            yield file
            if special:
                file.flush()
                file.seek(0)
                _pour(file, target)
        if not special:
            os.replace(name, target)
            name = ""
    finally:
        if name:
            with contextlib.suppress(OSError):
                os.unlink(name)


def is_special(path: str | os.PathLike[str]) -> bool:
    """Whether a path leads to something that is there and is neither a file nor a folder: a device, a FIFO."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _temporary(folder: Path | None, name: str) -> tuple[BinaryIO, str]:
    """A new file that the user's umask opens to others or not, as it does any file."""
    if folder is None:
        import tempfile

        folder = Path(tempfile.gettempdir())
    while True:
        path = str(folder / f".{name[:100]}.{secrets.token_hex(6)}")
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        except FileExistsError:
            continue
        os.close(descriptor)
        return open(path, "r+b"), path  # with its name, for what belongs beside it


def _pour(file: BinaryIO, target: Path) -> None:
    import shutil

    with open(target, "wb") as special:
        shutil.copyfileobj(file, special)

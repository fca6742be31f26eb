"""Two releases of transformers side by side: environments, one process for each, and the page of what changed.

The processes answer class by class (`drift_probe.serve`): first digests of every case, then, for the cases whose values
differ, the arrays. So nothing is kept but findings, and memory and disk hold one class at a time.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any

import numpy as np

from .drift_battery import Case, cases, family_of
from .drift_report import VALUES, Comparison, changed, findings, page

PROBE = Path(__file__).with_name("drift_probe.py")
OUR_BACKENDS = {"": "torchvision", "Native": "native", "Pil": "pil"}
"""Suffix of our classes -> backend; `Native` is held against the reference's class without a suffix."""

Say = Callable[[str], None]


class DriftError(RuntimeError):
    """Two releases cannot be compared: an environment cannot be made, or is another than was asked for."""


# ------------------------------------------------------------------------------------------------------- environments


def default_cache() -> Path:
    """The folder for environments, in the platform's place for what can be made again."""
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "pixelprep" / "drift"


def pinned() -> list[str]:
    """torch and torchvision as this project's `reference` extra pins them."""
    try:
        lines = requires("pixelprep") or []
    except PackageNotFoundError:
        raise DriftError("pixelprep is not installed, so its pins of torch are unknown: pip install -e .") from None
    found = [re.split(r"[;\s]", line)[0] for line in lines if re.search(r"extra\s*==\s*['\"]reference['\"]", line)]
    return [line for line in found if line.startswith("torch")]


def environment(version: str, cache: Path, extra: Sequence[str], say: Say) -> Path:
    """The interpreter of an environment with a release, made unless it is there; a half-made one is removed.

    Raises:
        DriftError: it cannot be made.
    """
    packages = [f"transformers=={version}", *pinned(), "pillow", *extra]
    python = f"py{sys.version_info.major}.{sys.version_info.minor}"
    folder = cache / re.sub(r"[^\w.=+-]+", "-", "_".join([*packages, python]))
    executable = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = folder / "ready"
    if ready.is_file():
        return executable
    say(f"making an environment in {folder}: {' '.join(packages)}")
    cache.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        for command in (
            [sys.executable, "-m", "venv", str(folder)],
            [str(executable), "-I", "-m", "pip", "install", "--disable-pip-version-check", "--quiet", *packages],
        ):
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            if done.returncode:
                raise DriftError(f"{' '.join(command)} failed:\n{done.stderr.strip()[-1500:]}")
        ready.touch()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return executable


# ---------------------------------------------------------------------------------------------------------- processes


class Worker:
    """A process that answers requests; it is started on the first one, and anew after it died."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self.command, self.log = list(command), log
        self.process: subprocess.Popen[str] | None = None

    def ask(self, **request: Any) -> None:
        """Send a request; `answer` waits for what comes back."""
        if self.process is None:
            variables = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
            with self.log.open("w") as log:
                # A session of its own: Ctrl-C reaches this process alone, which then ends the others.
                self.process = subprocess.Popen(
                    self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                    env=variables, start_new_session=True,
                )  # fmt: skip
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()

    def answer(self) -> Any:
        """The answer to the last request.

        Raises:
            DriftError: the process died.
        """
        assert self.process is not None
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.end()
            last = " ".join(self.log.read_text(errors="replace").split())[-300:]
            raise DriftError(f"{self.command[0]} died: {last or 'it said nothing'}")
        return json.loads(line)

    def end(self) -> None:
        """End the process, if there is one."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


def serve_ours() -> None:
    """The process of pixelprep's own classes."""
    from importlib import import_module

    from ..registry import written_families
    from .drift_probe import serve

    names = [f"{family}ImageProcessor{suffix}" for family in written_families() for suffix in OUR_BACKENDS]
    package = import_module(__name__.partition(".")[0])
    serve(lambda name: getattr(package, name), lambda: {"classes": names})


# --------------------------------------------------------------------------------------------------------- comparison


def read_arrays(files: Sequence[Path], indices: Sequence[int]) -> dict[int, dict[str, tuple[Any, Any]]]:
    """Case -> output -> its values on both sides, of outputs that both have with one shape."""
    found: dict[int, dict[str, tuple[Any, Any]]] = {}
    with ExitStack() as stack, suppress(zipfile.BadZipFile):
        first, second = (stack.enter_context(np.load(file)) for file in files)
        for key in first.files:
            position, _, path = key.partition(" ")
            if key in second.files:
                pair = first[key], second[key]
                if pair[0].shape == pair[1].shape:
                    found.setdefault(indices[int(position)], {})[path] = pair
    return found


def compare_class(
    into: Comparison,
    names: tuple[str, str],
    battery: list[Case],
    workers: tuple[Worker, Worker],
    folder: Path,
    kinds: bool,
) -> None:
    """Run a battery in two processes at once and note what differs under the second class's name."""

    def both(cases: list[Case], save: list[Path] | None = None) -> tuple[Any, Any]:
        for index, (worker, name) in enumerate(zip(workers, names, strict=True)):
            kept = {"save": str(save[index])} if save else {}
            worker.ask(**{"do": "run", "class": name, "cases": cases, "folder": str(folder), **kept})
        failures: list[DriftError] = []
        answers: list[Any] = []
        for worker in workers:  # both are read in any case, or the next answer would be taken for this one
            try:
                answers.append(worker.answer())
            except DriftError as error:
                failures.append(error)
        if failures:
            raise failures[0]
        return answers[0], answers[1]

    name = names[1]
    try:
        old, new = both(battery)
        differing = [i for i, pair in enumerate(zip(old, new, strict=True)) if changed(*pair, kinds) == VALUES]
        arrays: dict[int, dict[str, tuple[Any, Any]]] = {}
        if differing:
            files = [folder / "first.npz", folder / "second.npz"]
            both([battery[index] for index in differing], files)
            arrays = read_arrays(files, differing)
    except DriftError as error:
        into.problems[name] = str(error)
        return
    if all("error" in answer for answer in (*old, *new)):
        into.problems[name] = f"every case raises: {new[0]['error']}"
        return
    into.classes.append(name)
    into.compared += len(battery)
    into.raised_in_both += sum("error" in one and "error" in other for one, other in zip(old, new, strict=True))
    into.topics |= {case["topic"]: None for case in battery}
    into.findings += findings(name, battery, old, new, arrays, kinds)


def pairs_of_releases(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Classes of both releases."""
    for name in sorted(set(old["classes"]) & set(new["classes"])):
        if "keywords" in old["classes"][name] and "keywords" in new["classes"][name]:
            yield name, name


def pairs_of_ours(ours: Sequence[str], new: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The reference's class and each of ours that is held against it."""
    for name in ours:
        reference = name.removesuffix("Native")
        if "keywords" in new["classes"].get(reference, {}):
            yield reference, name


@contextmanager
def working_folder() -> Iterator[Path]:
    """A folder for answers that is gone afterwards, come what may."""
    with tempfile.TemporaryDirectory(prefix="pixelprep-drift-") as folder:
        yield Path(folder)


def drift(
    old: str,
    new: str,
    pythons: Sequence[Path],
    only: Sequence[str],
    run: Sequence[str],
    battery: bool,
    ours: bool,
    say: Say,
) -> str:
    """Compare two releases, and pixelprep with the newer one.

    Args:
        old, new: versions of transformers.
        pythons: their interpreters.
        only: families to compare, all if empty.
        run: families to run, of these; all if empty.
        battery: whether to run anything, not only to list facts.
        ours: whether to compare pixelprep too.
        say: told what goes on.

    Returns:
        The page, Markdown.
    """
    with working_folder() as folder, ExitStack() as stack:
        commands = [[str(python), "-I", str(PROBE)] for python in pythons]
        commands.append([sys.executable, "-c", "from pixelprep.testing.drift import serve_ours; serve_ours()"])
        workers = [Worker(command, folder / f"{index}.log") for index, command in enumerate(commands)]
        for worker in workers:
            stack.callback(worker.end)
            worker.ask(do="facts")
        say("reading what the releases say of their classes")
        before, after, own = (worker.answer() for worker in workers)
        for version, facts, python in zip((old, new), (before, after), pythons, strict=True):
            if facts["versions"]["transformers"] != version:
                raise DriftError(f"{python} has transformers {facts['versions']['transformers']}, not {version}")
        if only:
            keep(only, before, after)
        workers[1].ask(do="files", folder=str(folder))
        workers[1].answer()
        results: list[Comparison | None] = [None, None]
        todo = [
            (pairs_of_releases(before, after), (workers[0], workers[1]), before["classes"], battery),
            (pairs_of_ours(own["classes"], after), (workers[1], workers[2]), {}, battery and ours),
        ]
        for index, (pairs, sides, earlier, wanted) in enumerate(todo):
            if wanted:
                result = results[index] = Comparison()
                listed = [names for names in pairs if not run or family_of(names[0]) in run]
                for position, names in enumerate(listed, 1):
                    say(f"{('releases', 'pixelprep')[index]}: {names[1]} ({position} of {len(listed)})")
                    made = cases(names[0], after["classes"][names[0]], earlier.get(names[0]))
                    compare_class(result, names, made, sides, folder, kinds=index == 0)
        return page(before, after, results[0], results[1], own["classes"])


def keep(only: Sequence[str], *sides: dict[str, Any]) -> None:
    """Leave only some families in the facts of releases.

    Raises:
        DriftError: there is no such family.
    """
    known = {family_of(name) for side in sides for name in side["classes"]}
    unknown = sorted(set(only) - known)
    if unknown:
        raise DriftError(f"--only: no family is called {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    for side in sides:
        side["classes"] = {name: facts for name, facts in side["classes"].items() if family_of(name) in only}
        side["model_types"] = {
            name: classes
            for name, classes in side["model_types"].items()
            if any(family_of(c) in only for c in classes.values())
        }
        modules = {facts.get("module", "").removeprefix("transformers.") for facts in side["classes"].values()}
        side["code"] = {name: code for name, code in side["code"].items() if name in modules}

"""Check what `make wheels` built: each archive has its files, its licences and its pins. Fails with what is missing."""

from __future__ import annotations

import re
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Distribution:
    """What is built in a folder, and what has to be in it."""

    name: str
    folder: Path
    package: Path
    tag: str
    compiled: str  # pattern of the file that is no source
    licences: tuple[str, ...]
    expression: str
    needs: tuple[str, ...]

    def faults(self, built: Path) -> list[str]:
        """What is wrong with the one sdist and the one wheel of it in a folder."""
        (sdist,), (wheel,) = built.glob(f"{self.name}-*.tar.gz"), built.glob(f"{self.name}-*.whl")
        found = [] if re.search(self.tag, wheel.name) else [f"{wheel.name} is not tagged {self.tag}"]
        with tarfile.open(sdist) as archive:
            held = {file.name.partition("/")[2] for file in archive if file.isfile()}
        found += [f"{sdist.name} lacks {file}" for file in sorted(self._sources() - held)]
        found += [f"{sdist.name} holds {file}" for file in sorted(held) if file.startswith(("build/", ".venv"))]
        with zipfile.ZipFile(wheel) as archive:
            return found + [f"{wheel.name} {fault}" for fault in self._wheel_faults(archive)]

    def _wheel_faults(self, wheel: zipfile.ZipFile) -> list[str]:
        names = set(wheel.namelist())
        info = f"{'-'.join(Path(str(wheel.filename)).name.split('-')[:2])}.dist-info"
        wanted = {f"{self.name}/{file}" for file in files(self.package)}
        found = [f"lacks {file}" for file in sorted(wanted - names)]
        found += [
            f"holds {file}"
            for file in sorted(names - wanted)
            if not file.startswith(f"{info}/") and not (self.compiled and re.fullmatch(self.compiled, file))
        ]
        if self.compiled and not any(re.fullmatch(self.compiled, file) for file in names):
            found.append(f"lacks {self.compiled}")
        for licence in self.licences:
            file = f"{info}/licenses/{licence}"
            source = ROOT / licence if licence == "LICENSE" else self.folder / licence
            if file not in names or wheel.read(file) != source.read_bytes():
                found.append(f"lacks the text of {source.name} as {file}")
        metadata = HeaderParser().parsestr(wheel.read(f"{info}/METADATA").decode())
        if metadata["License-Expression"] != self.expression:
            found.append(f"says License-Expression {metadata['License-Expression']}, not {self.expression}")
        needed = metadata.get_all("Requires-Dist", [])
        return found + [f"does not need {one}" for one in self.needs if one not in needed]

    def _sources(self) -> set[str]:
        tests = {f"tests/{file}" for file in files(self.folder / "tests")}
        package = self.package.relative_to(self.folder).as_posix()
        top = {"pyproject.toml", "README.md", *self.licences}
        native = {f"src/{file}" for file in files(self.folder / "src")} | {"CMakeLists.txt"} if self.compiled else set()
        return top | tests | native | {f"{package}/{file}" for file in files(self.package)}


def files(folder: Path) -> set[str]:
    """The files of a checkout's folder, without what running it leaves behind."""
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {file for file in found if not re.search(r"(^|/)(__pycache__|\.[^/]*)/|\.(pyc|so|pyd)$", file)}


DISTRIBUTIONS = (
    Distribution(
        "pixelprep",
        ROOT,
        ROOT / "src" / "pixelprep",
        tag=r"-py3-none-any\.",
        compiled="",
        licences=("LICENSE",),
        expression="Apache-2.0",
        needs=("pixelprep-native==0.1.*; extra == 'native'",),
    ),
    Distribution(
        "pixelprep_native",
        ROOT / "native",
        ROOT / "native" / "python" / "pixelprep_native",
        tag=r"-cp311-abi3-",
        compiled=r"pixelprep_native/_core\.(abi3\.so|pyd)",
        licences=("LICENSE", "LICENSE.nanobind"),
        expression="Apache-2.0 AND BSD-3-Clause",
        needs=("pixelprep==0.1.*",),
    ),
)

if __name__ == "__main__":
    sys.exit("\n".join(fault for one in DISTRIBUTIONS for fault in one.faults(Path(sys.argv[1]))) or 0)

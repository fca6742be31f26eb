"""`python -m benchmarks.data`: data sets into shards, beside decoding alone and `datasets.map` with the reference.

JPEG files of mixed sizes up to 1800x1200, CLIP and Qwen2VL, `--workers` threads or processes, all in one run. Each row
is a process of its own, whose peak memory is told too; shards go into memory where there is such a file system, so that
no disk is measured. Prints a table; `--page` puts it into docs/data.md.
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from .cases import photograph

PAGE = Path(__file__).parent.parent / "docs" / "data.md"
MEMORY = "/dev/shm"
FAMILIES = ("CLIP", "Qwen2VL")

# What each row runs: a program that is given the folder, the family, the number of workers and a folder to write to.
_START = """
import resource, sys, time
from pathlib import Path
folder, family, workers, out = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
paths = sorted(map(str, Path(folder).glob("*.jpg")))
"""
_END = """
children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(seconds, max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, children) / 1024)
"""
ROWS = {
    "decoding alone (libjpeg-turbo)": """
from concurrent.futures import ThreadPoolExecutor
import simplejpeg
def decode(path):
    simplejpeg.decode_jpeg(open(path, "rb").read())
start = time.perf_counter()
with ThreadPoolExecutor(workers) as pool:
    for _ in pool.map(decode, paths):
        pass
seconds = time.perf_counter() - start
""",
    "pixelprep map, native, to parquet": """
from pixelprep import data
start = time.perf_counter()
data.map(family.lower().replace("2vl", "2_vl"), folder, out, workers=workers, shard=100)
seconds = time.perf_counter() - start
""",
    "datasets.map, transformers on torchvision": """
import datasets, transformers
transformers.utils.logging.set_verbosity_error()
datasets.disable_progress_bars()
import torch
torch.set_num_threads(1)
processor = getattr(transformers, f"{family}ImageProcessor")()
def call(batch):
    return {"pixel_values": [processor(image, return_tensors="np")["pixel_values"] for image in batch["image"]]}
rows = datasets.Dataset.from_dict({"image": paths}).cast_column("image", datasets.Image())
start = time.perf_counter()
rows.map(call, batched=True, batch_size=16, writer_batch_size=16, num_proc=workers, remove_columns=["image"],
         cache_file_name=out + "/cache.arrow")
seconds = time.perf_counter() - start
""",
}
STATS = """
from pixelprep import data
data.stats("qwen2_vl", folder)
start = time.perf_counter()
data.stats("qwen2_vl", folder)
seconds = time.perf_counter() - start
"""


def make_files(folder: Path, count: int) -> None:
    """JPEG files of sizes from 200x150 to 1800x1200, upright and lying, drawn alike each time."""
    rng = random.Random(0)
    for number in range(count):
        long, ratio = rng.randint(200, 1800), rng.uniform(0.5, 1)
        size = (long, max(100, min(1200, round(long * ratio))))
        photograph(*(size if rng.random() < 0.7 else size[::-1])).save(folder / f"{number:05d}.jpg", quality=88)


def measured(code: str, *arguments: object) -> tuple[float, float]:
    """Seconds, and MiB at the peak of the largest process."""
    with tempfile.TemporaryDirectory(dir=MEMORY if Path(MEMORY).is_dir() else None) as out:
        command = [sys.executable, "-c", _START + code + _END, *map(str, arguments), out]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(told[-2]), float(told[-1])


def main(argv: list[str] | None = None) -> None:
    """Measure, and print or write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.data", description=__doc__)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--page", action="store_true", help="write the table into docs/data.md")
    arguments = parser.parse_args(argv)
    lines = [
        f"{arguments.images} JPEG files, {arguments.workers} threads or processes.\n",
        "| work | model | images a second | against decoding alone | peak MiB |",
        "|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        make_files(Path(folder), arguments.images)
        for family in FAMILIES:
            alone = 0.0
            for work, code in ROWS.items():
                seconds, peak = measured(code, folder, family, arguments.workers)
                alone = alone or seconds
                speed = arguments.images / seconds
                lines.append(f"| {work} | {family} | {speed:.0f} | {alone / seconds:.2f} | {peak:.0f} |")
        seconds, peak = measured(STATS, folder, "Qwen2VL", arguments.workers)
        lines.append(f"| headers for `stats`, warm | Qwen2VL | {arguments.images / seconds:.0f} | | {peak:.0f} |")
    table = "\n".join(lines)
    print(table)
    if arguments.page:
        page = re.sub(r"(<!-- measured -->\n).*?(<!-- end -->)", rf"\1{table}\n\2", PAGE.read_text(), flags=re.DOTALL)
        PAGE.write_text(page)


if __name__ == "__main__":
    main()

"""What type checkers tell whoever calls a processor: names and values that are wrong, and nothing of what is right."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from needs import ROOT, needs

# Lines that end in `# wrong` are the errors of this script, and all of them.
SCRIPT = """
import pixelprep
from pixelprep import (
    AutoImageProcessor, BatchFeature, CLIPImageProcessor, DetrImageProcessorPil, Qwen2VLImageProcessor, SizeDict
)


def show(batch: BatchFeature) -> None:
    print(batch["pixel_values"], batch.keys())


qwen = Qwen2VLImageProcessor(min_pixels=3136, patch_size=14)
out = qwen(
    ["a.png", b"...", {"bytes": b""}], return_tensors="pt", max_pixels=5000, resample="bicubic", dtype="float16",
    size={"shortest_edge": 3136, "longest_edge": 5000}, image_mean=[0.5, 0.5, 0.5], do_rescale=None,
    input_data_format="channels_last",
).to("cuda")
print(out.pixel_values, out["image_grid_thw"], {**out})
show(out)
size: SizeDict = qwen.size
qwen.size = {"shortest_edge": 3136, "longest_edge": 6000}
qwen.crop_size = 20
print(qwen.size.longest_edge, qwen.size["shortest_edge"] + 1, qwen.output_shapes(30, 40, max_pixels=9000))
detr = DetrImageProcessorPil.from_pretrained("facebook/detr-resnet-50", format="coco_panoptic")
print(detr("a.png", annotations=[{}], return_segmentation_masks=True, masks_path="masks").labels[0].boxes)
detr.post_process_object_detection({}, threshold=0.5)
auto = AutoImageProcessor.from_pretrained("folder", backend="pil")
show(auto("a.png", return_tensors="np", min_pixels=3136, annotations=[{}]))
print(auto.size.height, auto("a.png").pixel_values, auto.patch_size)
loaded, unused = AutoImageProcessor.from_pretrained("folder", return_unused_kwargs=True, other=1)
print(loaded(["a.png"]), unused["other"], CLIPImageProcessor(**qwen.to_dict()), pixelprep.__version__)

qwen("a.png", return_tensor="pt")  # wrong
qwen("a.png", return_tensors="tf")  # wrong
qwen("a.png", do_resize="yes")  # wrong
qwen("a.png", size="large")  # wrong
qwen("a.png", dtype="float64")  # wrong
qwen("a.png", "pt")  # wrong
qwen.size = "large"  # wrong
print(qwen.size.heigth)  # wrong
print(qwen("a.png").pixel_value)  # wrong
Qwen2VLImageProcessor(min_pixel=3136)  # wrong
Qwen2VLImageProcessor(patch_size="14")  # wrong
CLIPImageProcessor()("a.png", min_pixels=3136)  # wrong
detr("a.png", annotation=[{}])  # wrong
auto("a.png", return_tensor="pt")  # wrong
auto("a.png", return_tensors="tf")  # wrong
""".lstrip()
WRONG = {number for number, line in enumerate(SCRIPT.splitlines(), 1) if line.endswith("# wrong")}


def told(command: list[str], folder: Path, **environment: str) -> str:
    """What a checker says of the script; it runs in a folder of its own, without this project's configuration."""
    (folder / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "-m", *command, "script.py"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def test_mypy(tmp_path: Path) -> None:
    needs("mypy")
    # What torch and NumPy say of their arrays is not looked at: reading them takes most of the time.
    skipped = "\n".join(f"[mypy-{name}.*]\nfollow_imports = skip" for name in ("torch", "numpy", "PIL", "torchvision"))
    (tmp_path / "mypy.ini").write_text(f"[mypy]\nstrict = true\n{skipped}\n")
    text = told(["mypy", "--config-file", "mypy.ini", "--cache-dir", "cache"], tmp_path, MYPYPATH=str(ROOT / "src"))
    found = {int(number) for number in re.findall(r"^script\.py:(\d+): error", text, re.MULTILINE)}
    assert found == WRONG, text


def test_pyright(tmp_path: Path) -> None:
    needs("pyright")
    settings = {"extraPaths": [str(ROOT / "src")], "pythonVersion": "3.11", "typeCheckingMode": "standard"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    text = told(["pyright", "--outputjson"], tmp_path)
    report = json.loads(text)["generalDiagnostics"]
    found = {entry["range"]["start"]["line"] + 1 for entry in report if entry["severity"] == "error"}
    assert found == WRONG, text

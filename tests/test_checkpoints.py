"""All published configurations beside the repository: whatever the reference loads loads, and the rest is decided here.

Pixels are compared family by family elsewhere; this looks at which class is taken and what it puts out.
"""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest

from oracle import SHARED, compared_backends
from pixelprep import AutoImageProcessor
from pixelprep.auto import UntrustedCodeError
from pixelprep.registry import UnknownFamilyError

CONFIGS = SHARED / "configs"
INDEX: list[dict[str, Any]] = json.loads((CONFIGS / "index.json").read_text()) if CONFIGS.is_dir() else []
BACKENDS = compared_backends()

# What the reference does not load, or loads as a class that cannot be called: our family, or our error.
DECIDED: dict[str, str | tuple[type[Exception], str]] = {
    # An old name in the new key, a file beside an empty entry, a list of one number.
    "real/convnext-01": "ConvNext",
    "real/clip-11": "CLIP",
    "real/clip-12": "CLIP",
    "real/vit-08": "ViT",
    "variant/untyped-01": "CLIP",
    "variant/vit-01": "ViT",
    "variant/paddleocrvl-03": "PaddleOCRVL",
    # Names that never were, of models that are known.
    "real/swin-01": "ViT",
    "embedded/dinov3-01": "DINOv3ViT",
    "real/ernie4-5-moe-vl-01": "Ernie4_5_VLMoe",
    # Only code.
    "real/blip3-01": (UntrustedCodeError, "Blip3ImageProcessor"),
    "real/locateanything-01": (UntrustedCodeError, "LocateAnythingImageProcessor"),
    "real/locateanything-02": (UntrustedCodeError, "LocateAnythingImageProcessor"),
    "real/bailingmm-01": (UntrustedCodeError, "BailingMMImageProcessor"),
    "real/bailingmm2-01": (UntrustedCodeError, "BailingMM2ImageProcessor"),
    "real/bailingmm2-02": (UntrustedCodeError, "BailingMM2ImageProcessor"),
    "real/molmo-01": (UntrustedCodeError, "MolmoImageProcessor"),
    "real/minicpmv-01": (UntrustedCodeError, "MiniCPMVImageProcessor"),
    "real/minicpmv-02": (UntrustedCodeError, "MiniCPMVImageProcessor"),
    "real/eagle3-vl-01": (UntrustedCodeError, "Eagle3_VLImageProcessorFast"),
    "real/untyped-02": (UntrustedCodeError, "Vedika56VisionProcessor"),
    "variant/nosuch-01": (UntrustedCodeError, "NoSuchImageProcessor"),
    # Nothing that could be known.
    "real/infimm-zephyr-01": (UnknownFamilyError, "model type 'infimm-zephyr'"),
    "real/untyped-01": (UnknownFamilyError, "neither a class nor a model type"),
    "real/transformers-01": (UnknownFamilyError, "'transformers.FeatureExtractor'"),
    "real/base-01": (UnknownFamilyError, "'ImageProcessor'"),
    "real/mineru2-01": (UnknownFamilyError, "'Mineru2ImageProcessor'"),
    "real/segformerforsemanticsegmentation-01": (UnknownFamilyError, "did you mean 'segformer'"),
    "variant/base-01": (UnknownFamilyError, "'BaseImageProcessorFast'"),
}


def load(folder: str, backend: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        try:
            return AutoImageProcessor.from_pretrained(CONFIGS / folder, backend=backend)
        except UnknownFamilyError as error:
            if "not written yet" in str(error):
                return None
            raise


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("entry", INDEX, ids=lambda entry: entry["folder"])
def test_published_configurations(entry: dict[str, Any], backend: str) -> None:
    folder, expected = entry["folder"], entry["reference"][backend]
    decided = DECIDED.get(folder)
    if isinstance(decided, tuple):
        with pytest.raises(decided[0], match=decided[1]) as caught:
            load(folder, backend)
        assert type(caught.value) is decided[0]
        return
    processor = load(folder, backend)
    if processor is None:
        return
    assert expected["error_at"] != "load" or decided, f"not decided: {expected['error']}"
    name = f"{decided}ImageProcessor" if decided else expected["class"].removesuffix("Pil")
    assert processor.plain_name() == name
    if expected["error"]:
        return
    shapes = {name: (list(out.shape), out.dtype) for name, out in processor.output_shapes(427, 640).items()}
    outputs = expected["outputs"]
    if "<returned directly>" in outputs:  # Idefics gives its one output without a dictionary around it
        outputs = {"pixel_values": outputs["<returned directly>"]}
    assert shapes.keys() == outputs.keys()
    for key, output in outputs.items():
        # The index has no shape where the reference gives plain lists.
        assert output["shape"] is None or shapes[key] == (output["shape"], output["dtype"]), key


def test_the_table_names_folders_that_are_there() -> None:
    assert not INDEX or DECIDED.keys() <= {entry["folder"] for entry in INDEX}

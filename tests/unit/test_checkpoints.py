"""All published configurations beside the repository: whatever the reference loads loads, and the rest is decided here.

Pixels are compared family by family elsewhere; this looks at which class is taken and what it puts out.
"""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from typing import Any

import PIL.Image
import pytest

from oracle import compared_backends
from pixelprep import AutoImageProcessor
from published import CONFIGS, DECIDED, INDEX, WARNED

BACKENDS = compared_backends()


def load(folder: str, backend: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        with pytest.warns(UserWarning, match=WARNED[folder]) if folder in WARNED else nullcontext():
            return AutoImageProcessor.from_pretrained(CONFIGS / folder, backend=backend)


def outputs_of(processor: Any, call: dict[str, Any]) -> dict[str, tuple[list[int], str]]:
    """Shape and dtype of each output for one image of 427x640: without pixels, unless the call takes more than that."""
    if call == {"images": "image"}:
        return {name: (list(out.shape), out.dtype) for name, out in processor.output_shapes(427, 640).items()}
    image = PIL.Image.new("RGB", (640, 427))
    given = {
        "boxes": [[[10.0, 20.0, 300.0, 200.0]]],
        "task_inputs": ["semantic"],
    }
    images, *beside = (
        given.get(name, image if value == "image" else [image] * int(value.removesuffix(" items")))
        for name, value in call.items()
    )
    outputs = processor(images, **dict(zip(list(call)[1:], beside, strict=True)), return_tensors="np")
    return {  # lists have no shape in the index either
        name: (list(out.shape), str(out.dtype)) if hasattr(out, "shape") else ([], "") for name, out in outputs.items()
    }


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("entry", INDEX, ids=lambda entry: entry["folder"])
def test_published_configurations(entry: dict[str, Any], backend: str) -> None:
    folder, expected = entry["folder"], entry["reference"][backend]
    decided = DECIDED.get(folder)
    if decided and decided.error:
        with pytest.raises(decided.error[0], match=decided.error[1]) as caught:
            load(folder, backend)
        assert type(caught.value) is decided.error[0]
        return
    processor = load(folder, backend)
    family = decided.family if decided else ""
    assert expected["error_at"] != "load" or decided, f"not decided: {expected['error']}"
    name = f"{family}ImageProcessor" if family else expected["class"].removesuffix("Pil")
    assert processor.plain_name() == name
    if expected["error"]:
        return
    shapes = outputs_of(processor, expected.get("call", {"images": "image"}))
    outputs = expected["outputs"]
    if "<returned directly>" in outputs:  # Idefics gives its one output without a dictionary around it
        outputs = {"pixel_values": outputs["<returned directly>"]}
    assert shapes.keys() == outputs.keys()
    for key, output in outputs.items():
        # The index has no shape where the reference gives plain lists.
        assert output["shape"] is None or shapes[key] == (output["shape"], output["dtype"]), key


def test_the_table_names_folders_that_are_there() -> None:
    assert not INDEX or DECIDED.keys() <= {entry["folder"] for entry in INDEX}

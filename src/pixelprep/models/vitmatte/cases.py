"""What VitMatte is tried with."""

from typing import Any

from ...testing.family import Case, Cases, Except, Picture, describe

WHY = "trimaps are compulsory: cases of its own have them"
IMAGE, TRIMAP = Picture(37, 61), Picture(37, 61, "L")
OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"size_divisor": 7},
    {"do_pad": False},
    {"do_rescale": False},
    {"do_normalize": False},
    {"do_rescale": False, "do_normalize": False},
    {"rescale_factor": 1 / 127.5},
    {"image_mean": [0.1, 0.2, 0.3], "image_std": (0.5, 0.4, 0.3)},
    {"do_convert_rgb": True},
    {"return_tensors": None},
)

CASES = Cases(
    own_inputs="trimaps are compulsory",
    without={"[!t]*": WHY, "tuple*": WHY},
    inputs=[
        *(Case(f"trimap, {describe(options)}", IMAGE, options, (TRIMAP,)) for options in OPTIONS),
        Case("trimap of bytes", IMAGE, {}, (Picture(37, 61, "L", "none"),)),
        Case("trimap of floats", IMAGE, {}, (Picture(37, 61, "L", "none", "float32"),)),
        Case("trimaps", [IMAGE, Picture(37, 61, kind="last", seed=1)], {}, ([TRIMAP, Picture(37, 61, "L", "none")],)),
        Case("trimap of another size", IMAGE, {}, (Picture(30, 61, "L"),)),
        Case("trimap too few", [IMAGE, IMAGE], {}, (TRIMAP,)),
        Case("trimap, default 64x96", Picture(64, 96), {}, (Picture(64, 96, "L"),)),
    ],
    refused=["trimap of another size"],
    exceptions=[
        Except("trimap too few", "reference alone", "the number of trimaps is checked", "pil"),
        Except("trimap too few", "refused", "the number of trimaps is checked", "torchvision"),
    ],
)

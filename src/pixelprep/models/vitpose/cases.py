"""What VitPose is tried with."""

from typing import Any

from ...testing.family import Case, Cases, Picture, describe

WHY = "boxes are compulsory: cases of its own have them"
IMAGE = Picture(37, 61)
BOXES = [[[8.0, 5.0, 30.0, 20.0], [-4.5, 10.25, 17.3, 40.0]]]
OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"do_affine_transform": False},
    {"normalize_factor": 150.0},
    {"size": {"height": 30, "width": 60}},
    {"do_rescale": False},
    {"do_normalize": False},
    {"do_rescale": False, "do_normalize": False},
    {"rescale_factor": 1 / 127.5},
    {"image_mean": [0.1, 0.2, 0.3], "image_std": (0.5, 0.4, 0.3)},
    {"return_tensors": None},
)

CASES = Cases(
    own_inputs="boxes are compulsory",
    small={"size": {"height": 48, "width": 36}},
    without={"[!o]*": WHY, "one*": WHY},
    inputs=[
        *(Case(f"of people, {describe(options)}", IMAGE, options, (BOXES,)) for options in OPTIONS),
        Case("of people, floats", Picture(37, 61, kind="last", dtype="float32"), {}, (BOXES,)),
        Case("of people, default", Picture(120, 90), {}, (BOXES,), True),
        Case("of people on two images", [IMAGE, Picture(60, 44, kind="last")], {}, ([*BOXES, [[1, 2, 30, 40]]],)),
        Case("of the whole image", IMAGE, {}, ([[[0, 0, 61, 37]]],)),
        Case("of people beyond the image", IMAGE, {}, ([[[50.0, 30.0, 40.0, 40.0]]],)),
    ],
)

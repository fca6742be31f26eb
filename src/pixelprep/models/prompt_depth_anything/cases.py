"""What PromptDepthAnything is tried with."""

from ...testing.family import Case, Cases, Except, Picture
from ..dpt.cases import OWN

_PROMPTS = {
    "millimetres": Picture(19, 25, "L", "none", "uint16", times=9),
    "integers": Picture(19, 25, "L", "none", "int64", times=9),
    "bytes": Picture(19, 25, "L", "none"),
    "floats": Picture(19, 25, "L", "none", "float32", times=9.7),
    "constant": Picture(19, 25, "L", "none", "float32", classes=1),
    "constant bytes": Picture(19, 25, "L", "none", classes=1),
    "picture": Picture(19, 25, "I;16"),
    "picture of floats": Picture(19, 25, "F"),
}

CASES = Cases(
    small={"size": {"height": 48, "width": 40}},
    options=(*OWN, {"prompt_scale_to_meter": 0.5}),
    inputs=[
        *(Case(f"prompt of {name}", Picture(37, 61), {}, (prompt,)) for name, prompt in _PROMPTS.items()),
        Case("prompt in metres", Picture(37, 61), {"prompt_scale_to_meter": 1.0}, (_PROMPTS["floats"],)),
        Case("two prompts", [Picture(37, 61), Picture(60, 44)], {}, ([_PROMPTS["millimetres"]] * 2,)),
        Case(
            "prompts of several sizes",
            [Picture(37, 61), Picture(60, 44)],
            {"return_tensors": None},
            ([_PROMPTS["millimetres"], Picture(12, 9, "L", "none")],),
        ),
    ],
    refused=[
        "size int, edge",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
        "size pixels",
    ],
    exceptions=[
        Except("pad to size", "other values", "the reference ignores `pad_size`"),
        Except("pad to a smaller size", "reference alone", "the reference ignores `pad_size`"),
        Except(
            (
                "mode L, converted",
                "mode LA, converted",
                "mode RGBA, converted",
                "mode P, converted",
                "mode 1, converted",
                "mode I;16, converted",
                "mode I, converted",
                "mode CMYK, converted",
                "one channel last",
                "one channel first",
                "four channels",
            ),
            "ours alone",
            "Q54: images are converted when asked",
        ),
        Except("mode F, converted", "other values", "Q54: images are converted when asked", "torchvision"),
        Except("mode F, converted", "ours alone", "Q54: images are converted when asked", "pil"),
        Except(
            ("mode YCbCr, converted", "mode HSV, converted"), "other values", "Q54: images are converted when asked"
        ),
        Except("float64 in 0..255", "other values", "N6: float64, the last bits", "native"),
    ],
)

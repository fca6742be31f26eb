"""What ZoeDepth is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"height": 48, "width": 40}},
    options=[{"keep_aspect_ratio": False}, {"ensure_multiple_of": 16}, {"ensure_multiple_of": 0.5}],
    refused=[
        "filter 0",
        "filter 1",
        "size int, edge",
        "size shortest edge",
        "size both edges",
        "size longest edge",
        "size maximum",
        "size pixels",
        "mixed sizes, np",
        "samples of one, np",
        "strips, np",
        "samples of mixed sizes, np",
    ],
    exceptions=[
        Except("no rescale", "other values", "Q31: bytes are resized as floats and not rounded", "pil"),
        Except("no rescale", "ours alone", "Q31: bytes are resized as floats and not rounded", "torchvision"),
        Except("bytes", "other values", "Q31: bytes are resized as floats and not rounded"),
        Except(("filter 4", "filter 5"), "refused", "only BILINEAR and BICUBIC align corners", "native"),
        Except(("filter 4", "filter 5"), "refused", "only BILINEAR and BICUBIC align corners", "pil"),
        Except("ensure_multiple_of=0.5", "ours alone", "the default is a fraction, and so may others be"),
        Except(
            ("1x1", "2x9", "1x60", "60x1", "ambiguous channels, told", "strips, None"),
            "ours alone",
            "images are mirrored as often as the border needs",
            "torchvision",
        ),
        Except("1x200", "ours alone", "images are mirrored as often as the border needs"),
        Except("float64 in 0..255", "other values", "float64 becomes float32", "torchvision"),
        Except(("filter 4", "filter 5"), "refused", "only BILINEAR and BICUBIC align corners", "mlx"),
    ],
)

"""What Vivit is tried with."""

from ...testing.family import Cases, Except
from ..videomae.cases import CASES as VIDEOMAE

CASES = Cases(
    small=VIDEOMAE.small,
    options=[{"offset": False}, {"offset": False, "do_rescale": False}],
    refused=[*VIDEOMAE.refused, "no rescale", "bytes"],
    exceptions=[
        Except("size int, square", "other values", "`default_to_square` is honoured; the reference drops it"),
        Except("size both edges", "other values", "the longest edge is honoured; the reference drops it"),
        Except("size maximum", "ours alone", "one image of at most that size"),
        Except("ignored options", "other values", "channels come first, as in every family; here the reference asks"),
        Except(
            ("1x1", "1x60", "1x200", "strips, np", "strips, None"),
            "ours alone",
            "the reference reads an image of one pixel's height as a grey one",
        ),
        Except(
            ("mode L, converted", "mode P, converted", "mode 1, converted", "mode I*, converted", "mode F, converted"),
            "ours alone",
            "the reference's old-style class takes three channels only, and knows no `do_convert_rgb`",
        ),
        Except(
            ("mode LA, converted", "mode RGBA, converted", "mode CMYK, converted", "four channels"),
            "ours alone",
            "the reference's old-style class takes three channels only, and knows no `do_convert_rgb`",
        ),
        Except(
            ("mode YCbCr, converted", "mode HSV, converted"),
            "other values",
            "three bands that are not RGB are never taken for RGB",
        ),
        Except(("one channel last", "one channel first"), "ours alone", "one channel is repeated"),
        Except(
            ("samples, np", "samples of mixed sizes, np"), "reference alone", "videos of several lengths make no array"
        ),
    ],
    reference_class={"torchvision": "", "pil": "torchvision"},
)

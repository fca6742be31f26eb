"""What UnlimitedOcr is tried with."""

from ...testing.family import Cases, Except, Picture
from ..deepseek_ocr2.cases import CASES as DEEPSEEKOCR2

CASES = Cases(
    small={"size": {"height": 64, "width": 80}, "tile_size": 48, "max_patches": 9},
    options=[
        {"crop_to_patches": False},
        {"crop_to_patches": False, "maximum_pad_value": 79},
        {"min_patches": 3, "max_patches": 5},
        {"tile_size": 64},
        {"background_color": [10, 20, 30]},
    ],
    images=(Picture(40, 60), Picture(130, 90, kind="last")),
    refused=DEEPSEEKOCR2.refused,
    exceptions=[
        Except("1x200", "ours alone", "Q36: no side of an image vanishes"),
    ],
    at_construction=True,
)

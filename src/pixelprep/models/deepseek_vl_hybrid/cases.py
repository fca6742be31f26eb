"""What DeepseekVLHybrid is tried with."""

from ...testing.family import Cases, Except
from ..deepseek_vl.cases import CASES as DEEPSEEKVL

CASES = Cases(
    small={"size": {"height": 40, "width": 40}, "high_res_size": {"height": 90, "width": 90}},
    options=[
        {"min_size": 30},
        {"min_size": 1},
        {"high_res_size": {"height": 70, "width": 70}},
        {"high_res_resample": 0},
        {"high_res_resample": 2},
        {"high_res_image_mean": [0.1, 0.2, 0.3]},
        {"high_res_image_std": [0.5, 0.6, 0.7]},
    ],
    refused=DEEPSEEKVL.refused,
    exceptions=[
        Except(("no resize", "no pad"), "ours alone", "Q25: each step can be left out", "torchvision"),
        Except(("filter 0", "high_res_resample=0"), "other values", "Q14: nearest is the nearest pixel", "pil"),
        Except("float32 in 0..1", "ours alone", "Q20: resized as floats", "pil"),
    ],
    reference_only={
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "high_res_image_mean": [0.48145466, 0.4578275, 0.40821073],
    },
    other_when_made={"high_res_image_mean": "Q2: the colour of the padding follows from it"},
)

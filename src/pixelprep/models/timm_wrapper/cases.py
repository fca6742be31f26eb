"""What TimmWrapper is tried with; test_timm.py holds it to the transforms of timm, for its class takes images alone."""

from ...testing.family import Cases

CASES = Cases(
    small={"crop_size": {"height": 36, "width": 32}},
    options=[
        {"crop_mode": "squash"},
        {"crop_mode": "border", "crop_pct": 0.7},
        {"crop_mode": "center", "crop_pct": 1.0},
        {"crop_pct": 1.2},
    ],
    refused=["size longest edge", "size pixels"],
    reference_class={"torchvision": "", "pil": ""},
    untried={
        "pretrained_cfg": "what it means is set at construction, where test_timm.py tries it",
        "architecture": "kept, without effect",
    },
)

"""What Tvp is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={
        "size": {"longest_edge": 44},
        "crop_size": {"height": 40, "width": 42},
        "pad_size": {"height": 48, "width": 52},
    },
    options=[
        {"do_flip_channel_order": False},
        {"constant_values": 0.5},
        {"constant_values": [0.1, 0.2, 0.3]},
        {"pad_mode": "reflect"},
        {"pad_mode": "replicate"},
        {"do_center_crop": False, "pad_mode": "symmetric"},
    ],
    refused=["size pixels", "crop outside", "pad to a smaller size"],
    exceptions=[
        Except("constant_values=?0.1,0.2,0.3?", "ours alone", "one value for each channel is honoured", "pil"),
        Except(
            ("pad_mode=reflect", "pad_mode=replicate", "do_center_crop=False pad_mode=symmetric"),
            "other values",
            "Q51: `pad_mode` is honoured",
            "torchvision",
        ),
        Except(("1x60", "60x1", "1x200", "strips, np", "strips, None"), "ours alone", "no side vanishes"),
        Except(
            ("samples, np", "samples of mixed sizes, np"), "reference alone", "videos of several lengths make no array"
        ),
    ],
)

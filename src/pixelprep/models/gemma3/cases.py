"""What Gemma3 is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={"size": {"height": 56, "width": 56}},
    options=[
        {
            "do_pan_and_scan": True,
            "pan_and_scan_min_crop_size": 16,
            "pan_and_scan_max_num_crops": 4,
            "pan_and_scan_min_ratio_to_activate": 1.2,
        },
        {
            "do_pan_and_scan": True,
            "pan_and_scan_min_crop_size": 16,
            "pan_and_scan_max_num_crops": 2,
            "pan_and_scan_min_ratio_to_activate": 1.2,
        },
        {
            "do_pan_and_scan": True,
            "pan_and_scan_min_crop_size": 60,
            "pan_and_scan_max_num_crops": 4,
            "pan_and_scan_min_ratio_to_activate": 1.2,
        },
        {
            "do_pan_and_scan": True,
            "pan_and_scan_min_crop_size": 16,
            "pan_and_scan_max_num_crops": 4,
            "pan_and_scan_min_ratio_to_activate": 2.0,
        },
        {"size": {"shortest_edge": 40}},
        {"size": 40},
        {"size": {"max_height": 40, "max_width": 50}},
    ],
    refused=["size longest edge", "size pixels"],
)

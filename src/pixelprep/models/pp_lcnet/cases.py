"""What PPLCNet is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={"resize_short": 45, "crop_size": 40},
    options=[{"resize_short": 21}, {"resize_short": 50}, {"size_divisor": 32}, {"size_divisor": 7}],
    refused=[],
)

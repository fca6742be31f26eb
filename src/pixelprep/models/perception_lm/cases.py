"""What PerceptionLM is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={"tile_size": 32, "max_num_tiles": 9},
    options=[
        {"max_num_tiles": 1},
        {"max_num_tiles": 16},
        {"tile_size": 24},
        {"vision_input_type": "thumb"},
        {"vision_input_type": None},
    ],
    refused=["mixed sizes, np", "samples of one, np", "strips, np", "samples of mixed sizes, np"],
    at_construction=True,
)

"""What Glmga is tried with."""

from ...testing.family import Cases, Except, Picture
from ..glm4v.cases import CASES as GLM4V

CASES = Cases(
    small={"size": {"shortest_edge": 6272, "longest_edge": 18000}},
    options=[
        {"patch_size": 16},
        {"patch_size": 8},
        {"merge_size": 1},
        {"merge_size": 3},
        {"temporal_patch_size": 1},
        {"temporal_patch_size": 3},
        {"patch_expand_factor": 2},
        {"patch_expand_factor": 3},
    ],
    images=(Picture(56, 84), Picture(37, 61, kind="last")),
    refused=GLM4V.refused,
    exceptions=[
        Except(
            ("patch_expand_factor=2", "patch_expand_factor=3"),
            "other values",
            "Q13: the reference's PIL classes ignore it",
            "pil",
        ),
    ],
)

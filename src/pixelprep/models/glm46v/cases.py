"""What Glm46V is tried with."""

from ...testing.family import Cases, Picture
from ..glm4v.cases import CASES as GLM4V

CASES = Cases(
    small={"size": {"shortest_edge": 6272, "longest_edge": 18000}},
    options=GLM4V.options,
    images=(Picture(56, 84), Picture(37, 61, kind="last")),
    refused=GLM4V.refused,
)

"""What Idefics2 is tried with."""

from ...testing.family import Cases

CASES = Cases(
    small={"size": {"shortest_edge": 30, "longest_edge": 70}},
    options=[{"do_image_splitting": True}, {"size": {"height": 40, "width": 50}}],
    refused=["size int", "size int, edge", "size shortest edge", "size longest edge", "size maximum", "size pixels"],
)

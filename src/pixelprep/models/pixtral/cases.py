"""What Pixtral is tried with."""

from ...testing.family import Cases, Except

CASES = Cases(
    small={"size": {"longest_edge": 96}, "patch_size": 14},
    options=[{"patch_size": {"height": 16, "width": 8}}, {"size": {"height": 40, "width": 120}}],
    refused=["size int, edge", "size shortest edge", "size maximum", "size pixels"],
    exceptions=[Except("1x200", "ours alone", "the reference shrinks a side to nothing")],
)

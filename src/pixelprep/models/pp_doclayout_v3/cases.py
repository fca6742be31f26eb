"""What PPDocLayoutV3 is tried with."""

from ...testing.family import Cases, Except
from ..pp_doclayout_v2.cases import CASES as PPDOCLAYOUTV2

CASES = Cases(
    small={"size": {"height": 64, "width": 48}},
    refused=PPDOCLAYOUTV2.refused,
    exceptions=[
        Except(("filter 1", "filter 4", "filter 5"), "refused", "these filters are not there without antialias", "pil"),
        Except(("filter 1", "filter 4", "filter 5"), "refused", "these filters are not there without antialias", "mlx"),
        Except("filter 1", "ours alone", "the core smooths", "native"),
        Except("filter 1", "refused", "torch has no LANCZOS without antialias", "torchvision", alone=True),
    ],
)

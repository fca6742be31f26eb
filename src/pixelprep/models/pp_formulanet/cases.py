"""What PPFormulaNet is tried with."""

from ...testing.family import Cases, Except
from ..nougat.cases import CASES as NOUGAT

CASES = Cases(
    small={"size": {"height": 44, "width": 44}},
    options=NOUGAT.options,
    refused=NOUGAT.refused,
    exceptions=[
        Except(("1x60", "60x1", "1x200", "strips*"), "ours alone", "Q36: no side of a page vanishes"),
        Except(("uint16", "bool"), "ours alone", "torch has no least and greatest of these", "torchvision"),
    ],
)

"""What LightGlue is tried with: it takes pairs as SuperGlue does."""

from ..superglue.cases import CASES as CASES

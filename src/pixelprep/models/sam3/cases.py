"""What Sam3 is tried with: it takes prompts as Sam2 does."""

from ..sam2.cases import CASES as CASES

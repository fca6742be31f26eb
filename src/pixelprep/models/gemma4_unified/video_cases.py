"""What Gemma 4 unified's videos are tried with: what those of Gemma 4 are."""

from ..gemma4.video_cases import CASES as CASES

"""What MiniCPM-OCR's videos are tried with."""

from dataclasses import replace

from ..minicpmv4_6.video_cases import CASES as MINICPMV

CASES = replace(MINICPMV, small={"scale_resolution": 32, "patch_size": 4})

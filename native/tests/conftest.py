"""Runs of these tests state the instruction set in use."""

from __future__ import annotations

import pixelprep_native


def pytest_report_header() -> str:
    return f"pixelprep-native: {pixelprep_native.isa()}, {pixelprep_native.num_threads()} threads"

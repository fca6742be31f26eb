# ruff: noqa - written as published code is, older spellings included
"""Imported by the image processor beside it."""

MEAN = [0.48, 0.46, 0.41]
STD = [0.27, 0.26, 0.28]

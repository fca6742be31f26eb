# ruff: noqa - written as published code is, older spellings included
"""Imported by the image processor beside it."""


def cut(image, tile):
    _, height, width = image.shape
    return [image[:, y : y + tile, x : x + tile] for y in range(0, height, tile) for x in range(0, width, tile)]

from __future__ import annotations

from ... import geometry
from ...processing_utils import SizeDict
from ...utils import auto_docstring
from .._tiles import PositiveInt
from ..idefics3.image_processing_idefics3 import Idefics3, Idefics3ImageProcessorKwargs


class UltraVBertImageProcessorKwargs(Idefics3ImageProcessorKwargs, total=False):
    """
    max_image_tiles (`int`):
        Most tiles of one image, the whole image not counted.
    """

    max_image_tiles: PositiveInt


@auto_docstring
class UltraVBert(Idefics3):
    """UltraVBert: as Idefics3, with a longer side that shrinks tile by tile until the tiles are few enough.

    Small images grow to the longer side first, so that an icon has as many tiles as a page.
    """

    valid_kwargs = UltraVBertImageProcessorKwargs

    size = {"longest_edge": 3072}
    max_image_size = {"longest_edge": 512}
    max_image_tiles = 27

    def resize(self, image, size, resample, do_image_splitting, max_image_size, max_image_tiles):
        if do_image_splitting and size.longest_edge:
            shape, edge = image.shape[-2:], size.longest_edge
            tile = max_image_size.longest_edge
            while edge > tile and _tiles(*shape, edge, tile) > max_image_tiles:
                edge -= tile
            size = SizeDict(longest_edge=edge)
        return super().resize(image, size, resample)


def _tiles(height: int, width: int, longest: int, tile: int) -> int:
    """How many tiles an image is cut into whose longer side becomes `longest`."""
    height, width = geometry.grow_to_tiles(*geometry.longest_edge_even(height, width, longest), tile)
    return height // tile * (width // tile)

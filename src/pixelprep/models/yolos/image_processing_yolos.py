from __future__ import annotations

from ...processing_utils import SizeDict
from ...utils import auto_docstring
from .._coco import CocoImageProcessor

MULTIPLE = 16  # the model's patch


@auto_docstring
class Yolos(CocoImageProcessor):
    """YOLOS (arXiv:2106.00666): DETR's images and annotations, sides cut to multiples of 16."""

    def resize(self, image, size, resample):
        if size.shortest_edge:
            longest = size.longest_edge or float("inf")
            size = SizeDict.parse(yolos_size(*image.shape[-2:], size.shortest_edge, longest))
        return super().resize(image, size, resample)

    def post_process_object_detection(self, outputs, threshold=0.5, target_sizes=None, pixel_mask=None):
        """Boxes above a score, each with its best class; see `postprocess.object_detection`."""
        from ...postprocess import object_detection

        return object_detection(outputs, threshold, target_sizes, pixel_mask)


def yolos_size(height: int, width: int, shortest: int, longest: float) -> tuple[int, int]:
    """The size of an image whose short side becomes `shortest`, or less where the long one would pass `longest`.

    Both sides are cut to multiples of 16, to 16 at least.
    """
    short, exact = shortest, float(shortest)
    if max(height, width) / min(height, width) * shortest > longest:
        exact = longest * min(height, width) / max(height, width)
        short = round(exact)
    if width < height:
        sides = int(exact * height / width), short
    elif height == short:
        sides = height, width
    else:
        sides = short, int(exact * width / height)
    height, width = (max(side - side % MULTIPLE, MULTIPLE) for side in sides)
    return height, width

from __future__ import annotations

from ...utils import auto_docstring
from ..nougat.image_processing_nougat import Nougat


@auto_docstring
class PPFormulaNet(Nougat):
    """PP-FormulaNet (arXiv:2503.18382): as Nougat, on a square."""

    size = {"height": 768, "width": 768}
    image_mean = (0.7931, 0.7931, 0.7931)
    image_std = (0.1738, 0.1738, 0.1738)

"""Results on a photograph, for the pages of families: outputs as an ideal model would give them, post-processed, drawn.

`RESULTS` says for each family how; a family that is not in it has no such picture.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from pixelprep import visualize

# What is to be seen on the photograph: corner boxes in pixels, their classes, their names.
BOXES = np.array([(136, 83, 208, 148), (295, 110, 343, 165), (232, 226, 292, 266)], np.float32)
CLASSES = (0, 0, 1)
NAMES = ("eye", "nose", "cat")
SCORES = (4.0, 3.0, 2.0)  # logits


def _detection(processor: Any, image: Image.Image, square: bool = False) -> Image.Image:
    outputs = {"logits": _logits(), "pred_boxes": _centred(image, square)}
    result = processor.post_process_object_detection(outputs, 0.5, target_sizes=[image])[0]
    return visualize.draw_boxes(image, result, NAMES, scale=1)


def _square(processor: Any, image: Image.Image) -> Image.Image:
    return _detection(processor, image, square=True)


def _layout(processor: Any, image: Image.Image) -> Image.Image:
    order = np.triu(np.full((1, 3, 3), 9, np.float32))
    outputs = {"logits": _logits(), "order_logits": order, "out_masks": _planes(image, 200, 200)[None] * 18 - 9}
    outputs |= {"pred_boxes": _centred(image), "relative_order_logits": order, "successor_order_logits": order - 12}
    if type(processor).plain_name() == "PPDocLayoutV4ImageProcessor":
        centres, (width, height) = outputs["pred_boxes"][..., :2], outputs["pred_boxes"][0, :, 2:].T
        signs = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) / 2
        offsets = signs[None] * np.stack([width, height], axis=-1)[:, None] + 0.5
        outputs["pred_boxes"] = np.concatenate([centres, offsets.reshape(1, 3, 8)], axis=-1).astype(np.float32)
    result = processor.post_process_object_detection(outputs, 0.5, target_sizes=[image])[0]
    return visualize.draw_layout(image, result, NAMES, scale=1)


def _semantic(processor: Any, image: Image.Image) -> Image.Image:
    planes = _planes(image, 75, 113)
    logits = np.stack([planes[:2].max(0), planes[2], np.full_like(planes[0], 0.5)])[None]
    result = processor.post_process_semantic_segmentation({"logits": logits}, target_sizes=[image])[0]
    return visualize.draw_segmentation(image, result, NAMES, scale=1)


RESULTS: dict[str, Callable[[Any, Image.Image], Image.Image]] = {
    **dict.fromkeys(("Detr", "ConditionalDetr", "DeformableDetr", "RTDetr", "RfDetr", "Yolos"), _detection),
    **dict.fromkeys(("GroundingDino", "OwlViT"), _detection),
    "Owlv2": _square,
    **dict.fromkeys(("PPDocLayoutV2", "PPDocLayoutV3", "PPDocLayoutV4"), _layout),
    **dict.fromkeys(("Segformer", "Beit", "MobileNetV2", "MobileViT"), _semantic),
}


def _logits() -> np.ndarray[Any, Any]:
    """(1, 3, 3) of three queries; the last class is "no object", or one that is not there."""
    logits = np.full((1, 3, 3), -9, np.float32)
    logits[0, range(3), CLASSES] = SCORES
    return logits


def _centred(image: Image.Image, square: bool = False) -> np.ndarray[Any, Any]:
    """The boxes (1, 3, 4) as a model gives them: centres and sides in 0..1 of the image or of the square around it."""
    width, height = [max(image.size)] * 2 if square else image.size
    x0, y0, x1, y1 = BOXES.T
    sides = np.stack([x0 + x1, y0 + y1, 2 * (x1 - x0), 2 * (y1 - y0)], axis=-1) / 2
    return (sides / np.array([width, height, width, height], np.float32))[None].astype(np.float32)


def _planes(image: Image.Image, height: int, width: int) -> np.ndarray[Any, Any]:
    """Ellipses in the boxes, 1 inside and 0 outside: (3, height, width)."""
    y, x = (np.mgrid[:height, :width] + 0.5) * np.array([image.height / height, image.width / width])[:, None, None]
    return np.stack(
        [
            (((x - (a + c) / 2) / (c - a)) ** 2 + ((y - (b + d) / 2) / (d - b)) ** 2 <= 0.25).astype(np.float32)
            for a, b, c, d in BOXES
        ]
    )

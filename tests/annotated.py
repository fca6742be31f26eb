"""COCO annotations made up for tests: detection and panoptic."""

from __future__ import annotations

import numpy as np
import PIL.Image


def detection_target(seed, size, keypoints=False, crowds=False):
    """Boxes inside, across and outside the image's edges, some of them empty."""
    rng = np.random.default_rng(seed)
    height, width = size
    objects = []
    for index in range(int(rng.integers(3, 9))):
        x, y = rng.uniform(-0.2, 1.1, 2) * (width, height)
        w, h = rng.uniform(0, 0.6, 2) * (width, height) * (rng.random(2) > 0.1)
        polygons = [rng.uniform(0, 1, (int(rng.integers(3, 7)), 2)) * (width, height) for _ in range(1 + index % 2)]
        record = {
            "id": index,
            "category_id": int(rng.integers(0, 91)),
            "area": float(rng.uniform(0, 1e5)),
            "bbox": [float(x), float(y), float(w), float(h)],
            "segmentation": [polygon.ravel().tolist() for polygon in polygons],
        }
        if keypoints:
            record["keypoints"] = rng.integers(0, min(size) + 1, 51).tolist()
        if index % 3:
            record["iscrowd"] = int(crowds and index % 3 == 1)
        objects.append(record)
    return {"image_id": seed + 10**10, "annotations": objects}


def panoptic_target(seed, size, folder, mode="RGB"):
    rng = np.random.default_rng(seed)
    ids = rng.integers(1, 2**24, 6)
    blocks = ids[rng.integers(0, 5, (4, 5))]  # the last id has no pixel
    segment_map = np.asarray(PIL.Image.fromarray(blocks.astype(np.int32)).resize(size[::-1], 0))
    pixels = np.stack([segment_map & 255, segment_map >> 8 & 255, segment_map >> 16 & 255], -1).astype(np.uint8)
    image = PIL.Image.fromarray(pixels)
    image.convert(mode).save(folder / f"{seed}.png")
    segments = [
        {
            "id": int(segment_id),
            "category_id": int(rng.integers(0, 200)),
            "iscrowd": int(rng.integers(0, 2)),
            "area": int(rng.integers(1, 2**28)),
        }
        for segment_id in ids
    ]
    return {"image_id": seed, "file_name": f"{seed}.png", "segments_info": segments}

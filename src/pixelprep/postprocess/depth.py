"""Depth maps and surface normals from the outputs of dense prediction models, at the sizes of the images.

What a value means is the model's affair: a distance in metres (the larger, the farther) for metric models, a relative
inverse distance (the larger, the nearer) for the others; each family's page says which.
"""

from __future__ import annotations

import math
from typing import Any

from ._arrays import Array, is_torch, like, namespace, output, outputs_of_images, resize_maps, sizes_or_none

NEAREST_DEPTH, FARTHEST_DEPTH = 1e-4, 1e4  # the inverse of depth is kept within these, in 1/m (Bochkovskii et al. 2024)


def depth_estimation(
    outputs: Any, target_sizes: Any = None, mode: str = "bicubic", align_corners: bool = False
) -> list[dict[str, Array]]:
    """Depth maps at the sizes asked for.

    Args:
        outputs: with `predicted_depth` (B, H, W), or a list of maps (H, W) of several sizes.
        target_sizes: as `semantic_segmentation` takes them; None leaves maps as they are.
        mode: "bilinear" or "bicubic".
        align_corners: lay the centres of the corner pixels on each other.

    Returns:
        for each image `predicted_depth` (height, width), float32 for half precision.

    Raises:
        ValueError: not one target size per image.
    """
    maps = outputs_of_images(outputs, "predicted_depth")
    sizes = sizes_or_none(target_sizes, len(maps))
    return [
        {"predicted_depth": depth if size is None else _resized(depth, size, mode, align_corners)}
        for depth, size in zip(maps, sizes, strict=True)
    ]


def padded_depth_estimation(
    outputs: Any,
    source_sizes: Any = None,
    target_sizes: Any = None,
    outputs_flipped: Any = None,
    remove_padding: bool = True,
) -> list[dict[str, Array]]:
    """Depth of images that were given a mirrored border of `3 * sqrt(side / 2)` pixels (ZoeDepth, Bhat et al. 2023).

    Args:
        outputs: with `predicted_depth` (B, H, W), or a list of maps (H, W) of several sizes.
        source_sizes: one (height, width) per image, before the border was added; maps are resized (bicubic) to it.
        target_sizes: to which maps are resized (bicubic) in the end; None leaves them.
        outputs_flipped: what the model says of the same images mirrored left to right; both are averaged.
        remove_padding: takes the border off, for which `source_sizes` are needed.

    Returns:
        as `depth_estimation`.

    Raises:
        ValueError: not one size per image, sizes that are missing, or outputs of two shapes.
    """
    maps = outputs_of_images(outputs, "predicted_depth")
    if remove_padding and source_sizes is None:
        raise ValueError(
            "taking the border off needs `source_sizes`, one (height, width) per image as it was before preprocessing; "
            "pass them, or do_remove_padding=False"
        )
    if outputs_flipped is not None:
        flipped = outputs_of_images(outputs_flipped, "predicted_depth")
        shapes = [[tuple(depth.shape) for depth in some] for some in (maps, flipped)]
        if shapes[0] != shapes[1]:
            raise ValueError(f"`outputs` and `outputs_flipped` must have one shape, not {shapes[0]} and {shapes[1]}")
        maps = [(depth + namespace(depth).flip(other, axis=-1)) / 2 for depth, other in zip(maps, flipped, strict=True)]
    results = []
    sources, targets = (sizes_or_none(sizes, len(maps)) for sizes in (source_sizes, target_sizes))
    for depth, source, target in zip(maps, sources, targets, strict=True):
        if source is not None:
            rows, columns = (int(math.sqrt(side / 2) * 3) if remove_padding else 0 for side in source)
            depth = _resized(depth, (source[0] + 2 * rows, source[1] + 2 * columns), "bicubic")
            depth = depth[rows : rows + source[0], columns : columns + source[1]]
        results.append({"predicted_depth": depth if target is None else _resized(depth, target, "bicubic")})
    return results


def metric_depth_estimation(
    outputs: Any,
    target_sizes: Any = None,
    mode: str = "bilinear",
    field_of_view: Any = None,
    focal_length: Any = None,
) -> list[dict[str, Array | None]]:
    """Metric depth from a canonical inverse depth (Depth Pro, Bochkovskii et al. 2024).

    Metres need the focal length: the one that is given, else the model's `field_of_view`, which is applied where there
    are `target_sizes`, for it counts in pixels of their width. Without any of them depth is up to a scale.

    Args:
        outputs: with `predicted_depth` (B, H, W), an inverse, and `field_of_view` (B,), degrees across, or None.
        target_sizes: as `depth_estimation` takes them: the sizes of the photographs.
        mode: "bilinear", "bicubic" or "nearest".
        field_of_view: degrees across, known from the camera: one, or one per image.
        focal_length: in pixels of the photograph's width, known from the camera: one, or one per image. Needs
            `target_sizes`.

    Returns:
        for each image `predicted_depth` (height, width) in metres, 0.0001 to 10000, the larger, the farther;
        `field_of_view` and `focal_length` that were applied, or None.

    Raises:
        ValueError: not one size or angle per image, both an angle and a length, or a length without sizes.
    """
    maps = outputs_of_images(outputs, "predicted_depth")
    sizes = sizes_or_none(target_sizes, len(maps))
    if field_of_view is not None and focal_length is not None:
        raise ValueError("give `field_of_view` or `focal_length`, not both: one follows from the other")
    if focal_length is not None and target_sizes is None:
        raise ValueError("`focal_length` counts in pixels of the photograph: pass its `target_sizes` too")
    known = field_of_view is not None
    views = _one_each(field_of_view, maps) if known else _estimated_views(outputs, maps)
    results: list[dict[str, Array | None]] = []
    for index, (depth, view, size) in enumerate(zip(maps, views, sizes, strict=True)):
        length = None
        if focal_length is not None:
            length = _one_each(focal_length, maps)[index]
            view = _degrees(size, length)
        elif view is not None and size is not None:
            length = 0.5 * size[1] / namespace(view).tan(0.5 * (view * (math.pi / 180)))
        if length is not None and size is not None:
            depth = depth * size[1] / length
        elif known:
            depth = depth * (2 * namespace(view).tan(0.5 * (view * (math.pi / 180))))
        if size is not None:
            depth = _resized(depth, size, mode)
        depth = 1.0 / namespace(depth).clip(depth, NEAREST_DEPTH, FARTHEST_DEPTH)
        results.append({"predicted_depth": depth, "field_of_view": view, "focal_length": length})
    return results


def normal_estimation(outputs: Any, target_sizes: Any = None) -> list[dict[str, Array]]:
    """Surface normals at the sizes asked for: brought to length one, then resized (bilinear).

    Args:
        outputs: with `normals` (B, 3, H, W).
        target_sizes: as `depth_estimation` takes them.

    Returns:
        for each image `normals` (3, height, width); between normals that differ, the length is below one.

    Raises:
        ValueError: not one target size per image.
    """
    normals = output(outputs, "normals")
    if is_torch(normals):  # its sum of squares is fused
        from torch.nn.functional import normalize

        normals = normalize(normals, dim=1)
    else:
        xp = namespace(normals)
        lengths = xp.sqrt(xp.sum(normals * normals, axis=1, keepdims=True))
        normals = normals / xp.where(lengths > 1e-12, lengths, 1e-12)
    sizes = sizes_or_none(target_sizes, normals.shape[0])
    return [
        {"normals": normal if size is None else resize_maps(normal, size, "bilinear")}
        for normal, size in zip(normals, sizes, strict=True)
    ]


def _resized(depth: Array, size: tuple[int, int], mode: str, align_corners: bool = False) -> Array:
    return resize_maps(depth[None], size, mode, align_corners)[0]


def _estimated_views(outputs: Any, maps: list[Array]) -> list[Any]:
    try:
        return list(output(outputs, "field_of_view"))
    except ValueError:
        return [None] * len(maps)


def _one_each(values: Any, maps: list[Array]) -> list[Array]:
    """A number, or one for each map, as arrays beside the maps.

    Raises:
        ValueError: another number of them, or one that is not positive.
    """
    numbers = values.tolist() if hasattr(values, "tolist") else values
    numbers = list(numbers) if isinstance(numbers, (list, tuple)) else [numbers] * len(maps)
    if len(numbers) != len(maps) or not all(float(number) > 0 for number in numbers):
        raise ValueError(f"give one positive number, or one for each of {len(maps)} images, not {values!r}")
    return [like(float(number), depth, depth.dtype) for number, depth in zip(numbers, maps, strict=True)]


def _degrees(size: Any, length: Array) -> Array:
    """The field of view across an image `(height, width)` of a focal length in its pixels."""
    return namespace(length).atan(0.5 * size[1] / length) * (2 * 180 / math.pi)

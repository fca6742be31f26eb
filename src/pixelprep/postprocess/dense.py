"""Maps of several channels back on the image: normals, points, mattes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..geometry import fit_within
from ..image_utils import is_pil_image, make_flat_list_of_images
from ._arrays import Array, image_sizes, is_torch, like, namespace, output, sizes_or_none, to_numpy
from ._resizing import resize_planes


def maps_of_images(
    maps: Array,
    size: tuple[int, int],
    source_sizes: Any = None,
    target_sizes: Any = None,
    do_remove_padding: bool | None = None,
) -> list[Array]:
    """Maps (B, C, H, W) without the padding around their images, at the size of these (bilinear).

    Args:
        maps: at the size that the model sees.
        size: (height, width) that images were fitted into, in the middle.
        source_sizes: (height, width) of each image as it came; with them padding is removed.
        target_sizes: (height, width) of the results, instead of `source_sizes`.
        do_remove_padding: None for whether there are `source_sizes`.

    Raises:
        ValueError: padding is to be removed without `source_sizes`, or not one size per image.
    """
    count = maps.shape[0]
    remove = source_sizes is not None if do_remove_padding is None else do_remove_padding
    if remove and source_sizes is None:
        raise ValueError(
            "padding is removed by `source_sizes`, the (height, width) of each image as it came; pass them"
        )
    sources, targets = sizes_or_none(source_sizes, count), sizes_or_none(target_sizes, count)
    results = []
    for planes, source, target in zip(maps, sources, targets, strict=True):
        if remove and source is not None:
            inside = fit_within(*source, *size)
            (top, rows), (left, columns) = (
                ((whole - part) // 2 if part < whole else 0, min(part, whole))
                for part, whole in zip(inside, size, strict=True)
            )
            planes = planes[:, top : top + rows, left : left + columns]
        results.append(resize_planes(planes, target or source, planes.shape[0]))
    return results


def upscaled_images(outputs: Any, source_sizes: Any, seen: Callable[[tuple[int, int]], tuple[int, int]]) -> list[Array]:
    """Images that a model made larger, without what had been added below and to the right of the ones it saw.

    Args:
        outputs: with `reconstruction` (B, C, H, W), in 0..1.
        source_sizes: (height, width) of each image as it came.
        seen: the size that the model saw of an image of a size.

    Returns:
        for each image (C, scale * height, scale * width), where the scale follows from H and W; values as they came.

    Raises:
        ValueError: not one size per image, or an image that was not seen at the size that H and W tell of.
    """
    images = output(outputs, "reconstruction")
    results = []
    for index, (image, size) in enumerate(zip(images, image_sizes(source_sizes, images.shape[0]), strict=True)):
        height, width = (int(side) for side in size)
        wide = seen((height, width))
        scales = [made / side for made, side in zip(image.shape[-2:], wide, strict=True)]
        if scales[0] != scales[1] or not scales[0].is_integer():
            raise ValueError(
                f"image {index} of {height}x{width} was seen as {wide[0]}x{wide[1]}, and its result is "
                f"{image.shape[-2]}x{image.shape[-1]} (height x width), no whole multiple; pass the sizes of the images"
            )
        results.append(image[:, : height * int(scales[0]), : width * int(scales[0])])
    return results


def unit_normals(outputs: Any) -> Array:
    """`normals` (B, 3, H, W) of length 1."""
    normals = output(outputs, "normals")
    if is_torch(normals):
        from torch.nn.functional import normalize

        return normalize(normals, p=2, dim=1, eps=1e-8)
    xp = namespace(normals)
    return normals / xp.clip(xp.sqrt(xp.sum(normals * normals, axis=1, keepdims=True)), min=1e-8)


def scaled_points(outputs: Any) -> Array:
    """`pointmaps` (B, 3, H, W), divided by `scales` (B, 1) if the model gives them: metric then."""
    points = output(outputs, "pointmaps")
    scales = outputs.get("scales") if hasattr(outputs, "get") else getattr(outputs, "scales", None)
    return points if scales is None else points / output(outputs, "scales")[:, :, None, None]


def image_matting(outputs: Any, target_sizes: Any = None, backgrounds: Any = None) -> list[dict[str, Any]]:
    """Foregrounds and how much they cover, and what they look like on other backgrounds.

    Args:
        outputs: with `foregrounds` (B, 3, H, W), multiplied by `alphas` (B, 1, H, W), both in 0..1.
        target_sizes: (height, width) of each image, to which both are resized (bilinear); None for (H, W).
        backgrounds: one image, or one for each; resized to the result (bilinear).

    Returns:
        for each image `foreground` (3, height, width) and `alpha` (1, height, width), float32, and `composite`, uint8
        (3, height, width), or None without backgrounds.

    Raises:
        ValueError: not one target size or background per image.
    """
    colours, covers = output(outputs, "foregrounds"), output(outputs, "alphas")
    xp, count = namespace(colours), colours.shape[0]
    behind = [] if backgrounds is None else [_unit(image, colours) for image in make_flat_list_of_images(backgrounds)]
    if behind and len(behind) not in (1, count):
        raise ValueError(f"got {len(behind)} backgrounds for {count} images; pass one for each, or one for all")
    results = []
    for index, size in enumerate(sizes_or_none(target_sizes, count)):
        matte = xp.concat([colours[index], covers[index]])
        if size is not None:
            matte = xp.clip(resize_planes(matte, size, 4), min=0.0, max=1.0)
        foreground, alpha, composite = matte[:3], matte[3:], None
        if behind:
            background = behind[index if len(behind) > 1 else 0]
            if tuple(background.shape[-2:]) != tuple(matte.shape[-2:]):
                background = resize_planes(background, (matte.shape[-2], matte.shape[-1]), 3)
            mixed = xp.clip(foreground + (1 - alpha) * background, min=0.0, max=1.0)
            composite = xp.astype(mixed * (256.0 - 1e-3), xp.uint8)
        results.append({"foreground": foreground, "alpha": alpha, "composite": composite})
    return results


def _unit(image: Any, alike: Array) -> Array:
    """An image as (3, H, W) of 0..1, of the library and on the device of an array."""
    if is_pil_image(image):
        image = image.convert("RGB")
    pixels = to_numpy(image) if not is_pil_image(image) else np.asarray(image)
    tensor = hasattr(image, "detach")
    last = is_pil_image(image) or (pixels.shape[-1] in (1, 3) and (pixels.shape[0] not in (1, 3) or not tensor))
    pixels = pixels.transpose(2, 0, 1) if last else pixels
    if pixels.dtype.kind in "iub":
        most = 1 if pixels.dtype.kind == "b" else np.iinfo(pixels.dtype).max
        pixels = pixels.astype(np.float32) * np.float32(1.0 / most)
    return like(np.broadcast_to(pixels, (3, *pixels.shape[1:])).copy(), alike, alike.dtype)

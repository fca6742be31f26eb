"""The steps that all families share; a family overrides those that differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import geometry
from ..core.enums import PILImageResampling
from ..core.handing import step
from ..core.sizes import SizeDict
from ..ops.protocol import Array, Ops
from .nesting import map_images
from .pipeline import Pipeline


class StandardSteps(Pipeline):
    """Resize, centre crop, rescale, normalise, pad.

    Called directly, a step takes the options that it was not given from the instance: `processor.resize(image)`.
    """

    @step
    def resize(self, image: Array, size: SizeDict, resample: PILImageResampling, antialias: bool = True) -> Array:
        """Resize to the target that `size` means for this image.

        Raises:
            ValueError: `size` is of a style that this family cannot use.
        """
        height, width = target_size(image.shape[-2], image.shape[-1], SizeDict.parse(size))
        return self.ops.resize(image, height, width, PILImageResampling.parse(resample), antialias)

    @step
    def center_crop(self, image: Array, size: SizeDict) -> Array:
        """The `size.height x size.width` window around the centre, with zeros where the image is smaller."""
        if size.height is None or size.width is None:
            raise ValueError(f"a centre crop needs `height` and `width`, not {size}")
        height, width = image.shape[-2:]
        top, left = geometry.center_crop(
            height, width, size.height, size.width, extra_first=self.ops.conventions.odd_row_first
        )
        if height < size.height or width < size.width:
            above, before = max(-top, 0), max(-left, 0)
            below = max(size.height - height - above, 0)
            after = max(size.width - width - before, 0)
            image = self.ops.pad(image, above, below, before, after)
        return self.ops.crop(image, max(top, 0), max(left, 0), size.height, size.width)

    @step
    def rescale(self, image: Array, scale: float) -> Array:
        """`image * scale`, float32."""
        return self.ops.rescale(image, scale)

    @step
    def normalize(self, image: Array, mean: float | Sequence[float], std: float | Sequence[float]) -> Array:
        """`(image - mean) / std` for each channel, float32."""
        return self.ops.normalize(image, *channel_statistics(image, mean, std))

    @step
    def rescale_and_normalize(
        self,
        images: Array,
        do_rescale: bool,
        rescale_factor: float,
        do_normalize: bool,
        image_mean: float | Sequence[float],
        image_std: float | Sequence[float],
    ) -> Array:
        """Both steps, in one where neither is overridden."""
        cls = type(self)
        whole = cls.rescale is StandardSteps.rescale and cls.normalize is StandardSteps.normalize
        if do_rescale and do_normalize and whole:
            return self.ops.rescale_and_normalize(
                images, rescale_factor, *channel_statistics(images, image_mean, image_std)
            )
        if do_rescale:
            images = self.rescale(images, rescale_factor)
        return self.normalize(images, image_mean, image_std) if do_normalize else images

    @step
    def pad(
        self,
        images: list[Array],
        pad_size: SizeDict | None,
        fill_value: float = 0,
        return_mask: bool = False,
    ) -> Any:
        """Pad at the bottom and the right to `pad_size`, or to the largest height and width of the batch.

        Returns:
            The padded images; with `return_mask`, also int64 masks `(H, W)` with 1 on the image and 0 on padding.

        Raises:
            ValueError: an image is larger than `pad_size`.
        """
        if pad_size is None:
            height, width = (max(image.shape[axis] for image in images) for axis in (-2, -1))
        elif pad_size.height is None or pad_size.width is None:
            raise ValueError(f"`pad_size` needs `height` and `width`, not {pad_size}")
        else:
            height, width = pad_size.height, pad_size.width
        padded = map_images(lambda image: pad_to(self.ops, image, height, width, fill_value), images)
        if not return_mask:
            return padded
        return padded, [self.ops.pixel_mask(image.shape[-2], image.shape[-1], height, width) for image in images]


def target_size(height: int, width: int, size: SizeDict) -> geometry.Size:
    """The size in pixels that a `SizeDict` means for an image of `height x width`.

    Raises:
        ValueError: the style needs a family that knows how to read it.
    """
    if size.shortest_edge and size.longest_edge:
        return geometry.shortest_longest_edge(height, width, size.shortest_edge, size.longest_edge)
    if size.shortest_edge:
        return geometry.shortest_edge(height, width, size.shortest_edge)
    if size.max_height and size.max_width:
        return geometry.fit_within(height, width, size.max_height, size.max_width)
    if size.height and size.width:
        return size.height, size.width
    raise ValueError(
        f"`size` is {size}, which this image processor cannot use; give height and width, shortest_edge (with or "
        "without longest_edge), or max_height and max_width"
    )


def pad_to(verbs: Ops, image: Array, height: int, width: int, fill: float | Sequence[float] = 0) -> Array:
    """Pad an image at the bottom and the right.

    Raises:
        ValueError: the image is larger.
    """
    below, after = height - image.shape[-2], width - image.shape[-1]
    if below < 0 or after < 0:
        raise ValueError(f"an image of {image.shape[-2]}x{image.shape[-1]} cannot be padded to {height}x{width}")
    return verbs.pad(image, 0, below, 0, after, fill) if below or after else image


def channel_statistics(image: Array, *values: float | Sequence[float]) -> list[Sequence[float]]:
    """Mean and std as one number for each channel; one alone is every channel's.

    Raises:
        ValueError: they do not fit the image's channels.
    """
    channels = image.shape[-3]
    listed = [value if isinstance(value, (tuple, Sequence)) else (value,) for value in values]
    spread = [tuple(value) * channels if len(value) == 1 else value for value in listed]
    for value in spread:
        if len(value) != channels:
            raise ValueError(
                f"the image has {channels} channel{'s' * (channels > 1)} and `image_mean` or `image_std` {len(value)}; "
                "pass do_convert_rgb=True, or statistics of as many channels"
            )
    return spread

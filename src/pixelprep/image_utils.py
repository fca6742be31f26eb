"""Facts about images: enums, mean/std constants, where the channels are, how images nest.

Light on purpose: importing it imports neither NumPy, Pillow nor torch, and looking at a tensor does not either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set as AbstractSet
from typing import TYPE_CHECKING, Any, BinaryIO, Union

from .core.enums import AnnotationFormat, ChannelDimension, PILImageResampling
from .core.kinds import is_pil_image as is_pil_image
from .core.names import borrowed
from .core.sizes import SizeDict

if TYPE_CHECKING:
    import os

    import numpy as np
    import PIL.Image
    import torch


__all__ = [
    "IMAGENET_DEFAULT_MEAN",
    "IMAGENET_DEFAULT_STD",
    "IMAGENET_STANDARD_MEAN",
    "IMAGENET_STANDARD_STD",
    "OPENAI_CLIP_MEAN",
    "OPENAI_CLIP_STD",
    "AnnotationFormat",
    "ChannelDimension",
    "ImageInput",
    "PILImageResampling",
    "SizeDict",
    "channel_layout",
    "get_image_size",
    "infer_channel_dimension_format",
    "is_array",
    "is_collection",
    "is_pil_image",
    "is_valid_image",
    "make_flat_list_of_images",
    "make_nested_list_of_images",
]

# Per-channel statistics of pixel values in 0..1, in RGB order: ImageNet's own, the symmetric pair that maps 0..1 to
# -1..1, and those of CLIP's training set (Radford et al. 2021).
IMAGENET_DEFAULT_MEAN = [0.485, 0.456, 0.406]
IMAGENET_DEFAULT_STD = [0.229, 0.224, 0.225]
IMAGENET_STANDARD_MEAN = [0.5, 0.5, 0.5]
IMAGENET_STANDARD_STD = [0.5, 0.5, 0.5]
OPENAI_CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073]
OPENAI_CLIP_STD = [0.26862954, 0.26130258, 0.27577711]

# A real `Union`, not a string: contributors write `ImageInput | None` in annotations that are evaluated.
ImageInput = Union[
    "PIL.Image.Image",
    "np.ndarray[Any, Any]",
    "torch.Tensor",
    str,
    "os.PathLike[str]",
    bytes,
    bytearray,
    memoryview,
    BinaryIO,
    Iterable["ImageInput"],
]
"""What a processor takes: images, arrays, tensors, sources to load, and collections of these up to two levels deep."""


def is_array(image: Any) -> bool:
    """Whether this is an array or tensor of any library: it has a shape and a dtype."""
    # NumPy's strings, such as the entries of an array of paths, have both too.
    return hasattr(image, "shape") and hasattr(image, "dtype") and not isinstance(image, (str, bytes))


def is_valid_image(image: Any) -> bool:
    """Whether this is pixels already: a Pillow image, an array or a tensor, and not something yet to be loaded."""
    return is_pil_image(image) or is_array(image)


def is_collection(value: Any) -> bool:
    """Whether this is an ordered collection of inputs (list, tuple, generator, ...) rather than one of them."""
    if isinstance(value, (list, tuple)):
        return True
    if is_valid_image(value) or hasattr(value, "read"):
        return False
    return isinstance(value, Iterable) and not isinstance(
        value, str | bytes | bytearray | memoryview | Mapping | AbstractSet
    )


def infer_channel_dimension_format(image: Any, num_channels: int | Sequence[int] | None = None) -> ChannelDimension:
    """Tell from its shape where an image, batch or video keeps its channels.

    Args:
        image: anything with a `shape` of 3, 4 or 5 axes, whose last three are `(C, H, W)` or `(H, W, C)`.
        num_channels: the channel counts to recognise; 1 and 3 if not given. Where both ends fit, as in `(3, 50, 3)`,
            channels first is assumed and a warning is logged.

    Raises:
        ValueError: another number of axes, or neither end has such a length.
    """
    shape = tuple(image.shape)
    counts = (1, 3) if num_channels is None else (num_channels,) if isinstance(num_channels, int) else num_channels
    if not 3 <= len(shape) <= 5:
        raise ValueError(f"an image has 3 axes, a batch 4, a video batch 5; got shape {shape}")
    first, last = shape[-3] in counts, shape[-1] in counts
    if first and last:
        import logging  # here, for it costs more to import than the rest of this module

        logging.getLogger(__name__).warning(
            "shape %s can be read as channels first or last; channels first is assumed. Pass input_data_format to say",
            shape,
        )
    if first:
        return ChannelDimension.FIRST
    if last:
        return ChannelDimension.LAST
    wanted = " or ".join(map(str, counts))
    raise ValueError(
        f"cannot tell where the channels are in shape {shape}: neither end of its last three axes has length {wanted}. "
        "Convert the image to RGB, or pass input_data_format='channels_first' or 'channels_last'"
    )


def channel_layout(image: Any, converts: bool = False) -> ChannelDimension:
    """Where a raw image keeps its channels if nobody says it: at the one end of its shape that makes a picture of it.

    `infer_channel_dimension_format` takes the first end where both could be. Here that is an error, for an RGB image
    that is one, three or four pixels high or wide would give other pixels and no more than a line in the log.

    Args:
        image: anything with a `shape` that ends in `(C, H, W)` or `(H, W, C)`.
        converts: whether the image is converted to RGB, so that one and four channels are as good as three.

    Raises:
        ValueError: both ends can be the channels, or neither can.
    """
    shape = tuple(image.shape)
    if not 3 <= len(shape) <= 5:
        return infer_channel_dimension_format(image)  # raises
    first, last = shape[-3], shape[-1]
    counts = (1, 3, 4) if converts or 3 not in (first, last) else (3,)
    if first in counts and last in counts and (first != last or shape[-3:] != (1, 1, 1)):
        raise ValueError(
            f"shape {shape} can be read as {first} channels of {shape[-2]}x{last} pixels or as {last} channels of "
            f"{first}x{shape[-2]}; pass input_data_format='channels_first' or 'channels_last'"
        )
    if first in counts or last in counts:
        return ChannelDimension.FIRST if first in counts else ChannelDimension.LAST
    return infer_channel_dimension_format(image, counts)  # raises


def get_image_size(image: Any, channel_dim: ChannelDimension | str | None = None) -> tuple[int, int]:
    """Height and width of a Pillow image or of anything with a `shape`, in this order for both.

    Args:
        image: a Pillow image, `(H, W)`, or an array that ends in `(C, H, W)` or `(H, W, C)`.
        channel_dim: where the channels are; told from the shape if not given. No matter for Pillow images.

    Raises:
        ValueError: as `infer_channel_dimension_format`.
    """
    if is_pil_image(image):
        return image.height, image.width
    shape = image.shape
    if len(shape) == 2:
        height, width = shape
    else:
        layout = infer_channel_dimension_format(image) if channel_dim is None else ChannelDimension(channel_dim)
        height, width = shape[-2:] if layout is ChannelDimension.FIRST else shape[-3:-1]
    return int(height), int(width)


def make_flat_list_of_images(images: Any, expected_ndims: int = 3) -> list[Any]:
    """Put the images of any accepted structure into one list, in order.

    Args:
        images: an image, a batch (an array with one axis more than an image), or a list, tuple or generator of images,
            of batches, or of samples (collections of images).
        expected_ndims: the axes of one image: 3, or 2 for label maps. Where it is 3, an `(H, W)` array is one grey
            image; where it is 2, an `(N, H, W)` array is a batch of maps.

    Raises:
        TypeError: None, an object array, or something that is no image.
        ValueError: no image at all, an image without pixels, a wrong number of axes, or uneven nesting.
    """
    return [image for sample in _samples(images, expected_ndims) for image in sample]


def make_nested_list_of_images(images: Any, expected_ndims: int = 3) -> list[list[Any]]:
    """Put images into one list for each sample: an image, a batch or a flat list of images is *one* sample.

    Arguments and errors are those of `make_flat_list_of_images`. A list of batches is a list of samples, and so is an
    array of batches, of two axes more than an image; samples may be empty as long as one of them is not.
    """
    if is_array(images) and len(images.shape) == expected_ndims + 2:
        images = list(images)
    return _samples(images, expected_ndims)


def _samples(images: Any, ndims: int) -> list[list[Any]]:
    if not is_collection(images):
        samples = [_split(images, ndims, "images")]
    else:
        images = list(images)
        nested = [is_collection(entry) for entry in images]
        if any(nested):
            if not all(nested):
                raise ValueError(
                    f"images nest unevenly: entry {nested.index(True)} is a list and entry {nested.index(False)} is "
                    "not. Pass a list of images, or a list of lists of images"
                )
            samples = [
                [part for i, image in enumerate(sample) for part in _split(image, ndims, f"image {i} of sample {s}")]
                for s, sample in enumerate(images)
            ]
        else:
            parts = [_split(image, ndims, f"image {i}") for i, image in enumerate(images)]
            batches = [_is_batch(image, ndims) for image in images]
            if any(batches) and not all(batches):
                raise ValueError(
                    f"entry {batches.index(True)} is a batch of images and entry {batches.index(False)} is one image. "
                    "Pass a list of images or a list of batches"
                )
            samples = parts if any(batches) else [[image for part in parts for image in part]]
    if not any(samples):
        raise ValueError("no images: the list is empty. Pass at least one image")
    return samples


def _is_batch(image: Any, ndims: int) -> bool:
    return not is_pil_image(image) and len(image.shape) == ndims + 1


def _split(image: Any, ndims: int, name: str) -> list[Any]:
    """The images of one leaf: itself, or the entries of a batch, checked as far as can be without reading pixels."""
    if not is_valid_image(image):
        hint = "nested more than two levels deep" if is_collection(image) else f"of type {type(image).__name__}"
        raise TypeError(
            f"{name} is {hint}; expected a Pillow image, an array or a tensor, or something to load one from"
        )
    pil = is_pil_image(image)
    shape = image.size[::-1] if pil else tuple(image.shape)
    if 0 in shape:
        raise ValueError(f"{name} has no pixels: its shape is {shape}")
    if pil:
        return [image]
    if getattr(image.dtype, "kind", "f") in "OSUMmc":  # not "V", which is bfloat16's
        raise TypeError(f"{name} has dtype {image.dtype}; expected numbers: integers, floats or booleans")
    if len(shape) == ndims + 1:
        return list(image)
    if len(shape) not in {2, ndims}:
        axes = "(H, W)" if ndims == 2 else "(H, W), (C, H, W) or (H, W, C)"
        raise ValueError(f"{name} has shape {shape}; expected {axes}, or one axis more for a batch")
    return [image]


# What people import from here in the reference's place, and nothing here needs.
__getattr__ = borrowed(
    __name__,
    (
        "AnnotationType",
        "ImageType",
        "concatenate_list",
        "get_image_size_for_max_height_width",
        "get_image_type",
        "get_max_height_width",
        "is_scaled_image",
        "load_image",
        "load_image_as_tensor",
        "load_images",
        "make_list_of_images",
        "pil_torch_interpolation_mapping",
        "to_numpy_array",
        "valid_images",
        "validate_annotations",
        "validate_preprocess_arguments",
        "get_channel_dimension_axis",
        "max_across_indices",
        "is_valid_list_of_images",
        "is_batched",
        "validate_kwargs",
    ),
    f"{__name__.partition('.')[0]}.checkpoints.remote_code.helpers",
)

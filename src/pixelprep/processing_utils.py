"""Keyword arguments of image and video processors: their names, their types, and the one pass that resolves them.

An image processor reads its settings from three places: the call, the instance, the class. `KwargsSchema` turns
whatever was given into canonical, immutable values and refuses names that nobody declared.
"""

from __future__ import annotations

from typing import Annotated, Any, TypedDict, Unpack

import msgspec

from .core.enums import ChannelDimension, PILImageResampling
from .core.names import borrowed
from .core.schema import KwargsSchema, Options
from .core.sizes import SizeDict, SizeInput as SizeInput

__all__ = ["ImagesKwargs", "KwargsSchema", "Options", "SizeDict", "Unpack", "VideosKwargs"]


class ImagesKwargs(TypedDict, total=False):
    """The keyword arguments that every image processor takes, at construction and at the call.

    do_convert_rgb (`bool`):
        Convert images to RGB first; alpha is dropped.
    do_resize (`bool`):
        Resize images to `size`.
    size (`int`, `(height, width)` or `dict[str, int]`):
        Target size in pixels: `{"height", "width"}`, `{"shortest_edge"}`, `{"shortest_edge", "longest_edge"}`,
        `{"longest_edge"}`, `{"max_height", "max_width"}` or `{"min_pixels", "max_pixels"}`.
    default_to_square (`bool`):
        Whether an integer `size` means a square or the length of the shortest edge.
    crop_size (`int`, `(height, width)` or `dict[str, int]`):
        Size of the centre crop in pixels.
    resample (`PILImageResampling`, `int` or `str`):
        Filter used for resizing.
    do_rescale (`bool`):
        Multiply pixel values by `rescale_factor`.
    rescale_factor (`float`):
        Usually 1/255, which brings uint8 pixels to 0..1.
    do_normalize (`bool`):
        Subtract `image_mean` and divide by `image_std`.
    image_mean (`float` or `list[float]`):
        Mean of each channel, on the scale of the rescaled image.
    image_std (`float` or `list[float]`):
        Standard deviation of each channel, on the scale of the rescaled image.
    do_pad (`bool`):
        Pad images at the bottom and the right, to `pad_size` or to the largest of the batch.
    pad_size (`int`, `(height, width)` or `dict[str, int]`, *optional*):
        Size to pad to in pixels; None pads to the largest image of the batch.
    do_center_crop (`bool`):
        Crop images to `crop_size` around their centre, with zeros where they are smaller.
    data_format (`str` or `ChannelDimension`, *optional*):
        Accepted for compatibility; outputs are always channels first.
    input_data_format (`str` or `ChannelDimension`, *optional*):
        Layout of array inputs, "channels_first" or "channels_last"; None infers it from the shape.
    device (`str` or `torch.device`, *optional*):
        Where the torchvision backend works, for example "cuda"; other backends take "cpu" only.
    return_tensors (`str`, *optional*):
        "np", "pt", "mlx" or "jax" stack the outputs into arrays of that library; None leaves lists of the backend's.
    dtype (`str`, *optional*):
        Type of the floating-point outputs: "float32" (when None), "float16" or "bfloat16"; "uint8" leaves pixels as
        they are and needs `do_rescale=False, do_normalize=False`.
    disable_grouping (`bool`, *optional*):
        Do not stack images of one shape for processing; None stacks them on a GPU only.
    image_seq_length (`int`, *optional*):
        Number of tokens that one image takes in a prompt; kept for processors that read it.
    """

    do_convert_rgb: bool
    do_resize: bool
    size: SizeInput
    default_to_square: bool
    crop_size: SizeInput
    resample: PILImageResampling | int | str
    do_rescale: bool
    rescale_factor: float
    do_normalize: bool
    image_mean: float | tuple[float, ...]
    image_std: float | tuple[float, ...]
    do_pad: bool
    pad_size: SizeInput | None
    do_center_crop: bool
    data_format: ChannelDimension | None
    input_data_format: ChannelDimension | None
    device: Any | None
    return_tensors: str | None
    dtype: str | None
    disable_grouping: bool | None
    image_seq_length: int | None


class VideosKwargs(TypedDict, total=False):
    """The keyword arguments that every video processor takes, at construction and at the call.

    do_convert_rgb (`bool`):
        Convert frames to RGB first.
    do_resize (`bool`):
        Resize frames to `size`.
    size (`int`, `(height, width)` or `dict[str, int]`):
        Target size in pixels, as `ImagesKwargs` has it.
    default_to_square (`bool`):
        Whether an integer `size` means a square or the length of the shortest edge.
    resample (`PILImageResampling`, `int` or `str`):
        Filter used for resizing.
    do_rescale (`bool`):
        Multiply pixel values by `rescale_factor`.
    rescale_factor (`float`):
        Usually 1/255, which brings uint8 pixels to 0..1.
    do_normalize (`bool`):
        Subtract `image_mean` and divide by `image_std`.
    image_mean (`float` or `list[float]`):
        Mean of each channel, on the scale of the rescaled frames.
    image_std (`float` or `list[float]`):
        Standard deviation of each channel, on the scale of the rescaled frames.
    do_center_crop (`bool`):
        Crop frames to `crop_size` around their centre, with zeros where they are smaller.
    do_pad (`bool`):
        Pad videos, where a family does: to the most frames of the batch.
    crop_size (`int`, `(height, width)` or `dict[str, int]`):
        Size of the centre crop in pixels.
    data_format (`str` or `ChannelDimension`, *optional*):
        Accepted for compatibility; outputs are always channels first.
    input_data_format (`str` or `ChannelDimension`, *optional*):
        Layout of arrays, "channels_first" or "channels_last"; None infers it from the shape, of each video by itself.
    device (`str` or `torch.device`, *optional*):
        Where the torchvision backend works, for example "cuda"; other backends take "cpu" only.
    do_sample_frames (`bool`):
        Take the frames that `fps` or `num_frames` asks for; else all.
    video_metadata (`VideoMetadata`, a mapping, or a list of one for each video, *optional*):
        What is known of videos that come as frames, above all their rate `fps`.
    decoder (`str`, *optional*):
        Who decodes files: "pyav" (the default), "torchcodec", or what an installed package announces.
    fps (`float`, *optional*):
        Frames to take of each second; at a call it switches sampling on.
    num_frames (`int`, *optional*):
        Frames to take of each video; at a call it switches sampling on.
    return_metadata (`bool`):
        Add `video_metadata` to the outputs, with the indices of the frames that were taken.
    return_tensors (`str`, *optional*):
        "np", "pt", "mlx" or "jax" stack the outputs into arrays of that library; None leaves lists of the backend's.
    dtype (`str`, *optional*):
        Type of the floating-point outputs, as `ImagesKwargs` has it.
    """

    do_convert_rgb: bool
    do_resize: bool
    size: SizeInput
    default_to_square: bool
    resample: PILImageResampling | int | str
    do_rescale: bool
    rescale_factor: float
    do_normalize: bool
    image_mean: float | tuple[float, ...]
    image_std: float | tuple[float, ...]
    do_center_crop: bool
    do_pad: bool
    crop_size: SizeInput
    data_format: ChannelDimension | None
    input_data_format: ChannelDimension | None
    device: Any | None
    do_sample_frames: bool
    video_metadata: Any | None
    decoder: str | None
    fps: Annotated[int, msgspec.Meta(gt=0)] | Annotated[float, msgspec.Meta(gt=0)] | None
    num_frames: Annotated[int, msgspec.Meta(ge=1)] | None
    return_metadata: bool
    return_tensors: str | None
    dtype: str | None


# What people import from here in the reference's place, and nothing here needs.
__getattr__ = borrowed(
    __name__,
    ("BatchFeature",),
    f"{__name__.partition('.')[0]}.checkpoints.remote_code.helpers",
)

"""Facts about videos and where they come from, by the names that people know: what counts as one, loading, metadata."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Union

from .core.enums import ChannelDimension
from .geometry import frames as samplers
from .image_utils import channel_layout, is_array, is_pil_image
from .videos.limits import (
    VideoLimits as VideoLimits,
    VideoLoadError as VideoLoadError,
    VideoNotFoundError as VideoNotFoundError,
    get_video_limits as get_video_limits,
    set_video_limits as set_video_limits,
)
from .videos.metadata import VideoMetadata
from .videos.nesting import make_batched_metadata, make_batched_videos
from .videos.opening import open_video

if TYPE_CHECKING:
    import os
    from typing import BinaryIO

    import numpy as np
    import PIL.Image
    import torch
    from numpy.typing import NDArray

__all__ = [
    "VideoInput",
    "VideoLimits",
    "VideoLoadError",
    "VideoMetadata",
    "VideoNotFoundError",
    "default_sample_indices_fn",
    "get_video_limits",
    "get_video_size",
    "is_batched_video",
    "is_scaled_video",
    "is_valid_video",
    "is_valid_video_frame",
    "load_video",
    "make_batched_metadata",
    "make_batched_videos",
    "set_video_limits",
    "valid_videos",
]

VideoInput = Union[
    "np.ndarray[Any, Any]",
    "torch.Tensor",
    Sequence["PIL.Image.Image"],
    str,
    "os.PathLike[str]",
    bytes,
    bytearray,
    memoryview,
    "BinaryIO",
    Iterable["VideoInput"],
]
"""What a video processor takes: arrays, lists of frames, sources to decode, and collections of these in any nesting."""


def load_video(
    video: VideoInput,
    num_frames: int | None = None,
    fps: float | None = None,
    backend: str | None = None,
    sample_indices_fn: Callable[..., Iterable[int]] | None = None,
    **kwargs: Any,
) -> tuple[NDArray[np.uint8], VideoMetadata]:
    """Decode a video, or some of its frames, into one array.

    Args:
        video: a path, an http(s) or `data:` URL, base64 text, bytes, or a binary file.
        num_frames, fps: so many frames evenly over the video, or so many of each second; all if neither is given.
        backend: "pyav" (the default), "torchcodec", or one that an installed package announces.
        sample_indices_fn: called with the metadata and `kwargs`, answers the numbers of the frames to take, in the
            order wanted.

    Returns:
        Frames `(T, H, W, 3)` uint8, RGB, upright; and `VideoMetadata`, whose `frames_indices` are the frames taken.

    Raises:
        VideoLoadError: it cannot be read, or is over a limit. IndexError: a number of a frame that there is not.
        ValueError: `num_frames` and `fps` together, or more frames than there are. TypeError: no source; unknown names.
    """
    import numpy as np

    if is_array(video) or isinstance(video, list | tuple):
        raise TypeError("load_video takes a source to decode; frames and arrays need no loading")
    if kwargs and sample_indices_fn is None:
        raise TypeError(
            f"load_video has no {', '.join(map(repr, kwargs))}; only a sample_indices_fn takes further names"
        )
    opened = open_video(video, backend)
    known, total = opened.metadata, opened.metadata.total_num_frames
    if sample_indices_fn is None:
        indices = samplers.uniform(total, known.fps, num_frames=num_frames, target_fps=fps)
    else:
        indices = [int(index) for index in sample_indices_fn(metadata=known, **kwargs)]
    for index in indices:
        if not 0 <= index < total:
            raise IndexError(f"there is no frame {index}: {opened.name} has {total}, numbered from 0")
    frames = opened.frames(indices)
    array = np.empty((len(frames), known.height or 0, known.width or 0, 3), np.uint8)
    for place, frame in enumerate(frames):
        array[place] = frame.decode()
    times = None if opened.times is None else [opened.times[index] for index in indices]
    return array, replace(known, frames_indices=indices, frame_times=times)


def default_sample_indices_fn(
    metadata: VideoMetadata, num_frames: int | None = None, fps: float | None = None, **kwargs: Any
) -> NDArray[np.int64]:
    """The frames that `load_video` takes, as an integer array.

    Raises:
        ValueError: both are given, the video's rate is needed and not known, or more are asked for than there are.
    """
    import numpy as np

    total = metadata.total_num_frames
    return np.array(samplers.uniform(total, metadata.fps, num_frames=num_frames, target_fps=fps), np.int64)


def is_valid_video_frame(frame: Any) -> bool:
    """Whether this is one frame with its pixels: a Pillow image, or an array of three axes."""
    return is_pil_image(frame) or (is_array(frame) and len(frame.shape) == 3)


def is_valid_video(video: Any) -> bool:
    """Whether this is one video with its pixels: an array of four axes, or a list of frames."""
    if isinstance(video, list | tuple):
        return bool(video) and all(map(is_valid_video_frame, video))
    return is_array(video) and len(video.shape) == 4


def valid_videos(videos: Any) -> bool:
    """Whether this is one video, or a list of videos and frames."""
    if isinstance(videos, list | tuple):
        return all(is_valid_video(entry) or is_valid_video_frame(entry) for entry in videos)
    return is_valid_video(videos)


def is_batched_video(videos: Any) -> bool:
    """Whether this is several videos: a list that begins with one, or an array of five axes."""
    if isinstance(videos, list | tuple):
        return bool(videos) and is_valid_video(videos[0])
    return is_array(videos) and len(videos.shape) == 5


def is_scaled_video(video: Any) -> bool:
    """Whether all values lie in 0..1, as those of a video that was rescaled already."""
    return bool(float(video.min()) >= 0 and float(video.max()) <= 1)


def get_video_size(video: Any, channel_dim: ChannelDimension | None = None) -> tuple[int, int]:
    """Height and width of the frames of a video `(T, C, H, W)` or `(T, H, W, C)`.

    Raises:
        ValueError: it cannot be told where the channels are.
    """
    layout = channel_layout(video, converts=True) if channel_dim is None else ChannelDimension(channel_dim)
    height, width = video.shape[-3:-1] if layout is ChannelDimension.LAST else video.shape[-2:]
    return int(height), int(width)

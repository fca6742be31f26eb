from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ...geometry import frames as samplers
from ...processing_utils import VideosKwargs
from ...utils import auto_docstring
from ...video_processing_utils import BaseVideoProcessor
from .._tiles import PositiveInt, TileCount
from .image_processing_minicpmv4_6 import MiniCPMV4_6

if TYPE_CHECKING:
    from ...ops import Array, Ops

LINE = 6
"""Black pixels between the frames of one picture."""


class MiniCPMV4_6VideoProcessorKwargs(VideosKwargs, total=False):  # noqa: N801
    """
    max_num_frames (`int`):
        Most frames that are shown alone.
    stack_frames (`int`):
        Parts of a second: from two on, the frames between a second and the next become one picture behind its first.
    max_slice_nums (`int`):
        Most slices of one frame, the whole frame not counted.
    scale_resolution (`int`):
        Root of a slice's area in pixels.
    patch_size (`int`):
        Side of a patch in pixels.
    slice_mode (`bool`):
        Cut large frames into slices.
    downsample_mode (`str`):
        "16x" or "4x": how many patches become one token; sides are multiples of four patches, or of two for "4x".
    use_image_id (`bool`):
        Whether prompts number the frames; kept for processors that read it.
    """

    max_num_frames: PositiveInt
    stack_frames: PositiveInt
    max_slice_nums: TileCount
    scale_resolution: PositiveInt
    patch_size: PositiveInt
    slice_mode: bool
    downsample_mode: str
    use_image_id: bool


@auto_docstring
class MiniCPMV4_6Video(BaseVideoProcessor, MiniCPMV4_6):  # noqa: N801
    """MiniCPM-V 4.6 (arXiv:2408.01800): a frame of each second, each whole and then in slices of about its own size.

    `pixel_values_videos` is `(1, C, patch_size, patches * patch_size)`, the patches of all slices of all frames side by
    side; `target_sizes_videos` int32 `(slices, 2)` holds the rows and columns of patches of each slice. `grids_videos`
    int32 `(frames, 2)` holds the rows and columns of slices of each frame (0, 0 for a frame in one piece),
    `num_patches_per_frame` its number of slices; `num_frames_per_video` is a list. Pictures of several frames, see
    `stack_frames`, count as frames. `num_frames` and `fps` have an effect where a call gives one of them.
    """

    valid_kwargs = MiniCPMV4_6VideoProcessorKwargs
    model_input_names = ["pixel_values_videos", "target_sizes_videos"]
    further_outputs = ("grids_videos", "num_patches_per_frame", "num_frames_per_video")
    pipeline = MiniCPMV4_6.pipeline

    do_sample_frames = True
    max_num_frames = 128
    stack_frames = 1

    def sample_frames(self, metadata, num_frames, fps, max_num_frames, stack_frames, options):
        if not self.by_the_second(options):
            return super().sample_frames(metadata, num_frames, fps)
        known = metadata.total_num_frames, metadata.fps, metadata.duration
        return samplers.each_second(*known, max_num_frames=max_num_frames, stack_frames=stack_frames)

    def stacks_frames(self, options):
        """Whether frames between seconds are taken."""
        return options.do_sample_frames and options.stack_frames > 1 and self.by_the_second(options)

    def by_the_second(self, options):
        """Whether the call asks for no number or rate of its own; those of files have no effect, as published."""
        return all(options[name] in (None, getattr(self, name)) for name in ("num_frames", "fps"))

    def _frames(self, video, given, options):
        frames, layout, metadata = super()._frames(video, given, options)
        if self.stacks_frames(options) and metadata.duration is None and metadata.fps is not None:
            metadata = replace(metadata, duration=len(video) / metadata.fps)
        return frames, layout, metadata

    def _prepare_videos(self, videos, options):
        arrays, metadata = super()._prepare_videos(videos, options)
        shown = [self.ops.unstack(video) for video in arrays]
        if self.stacks_frames(options):
            pairs = zip(shown, metadata, strict=True)
            shown = [self.pictures(frames, known.duration, options) for frames, known in pairs]
        return shown, metadata

    def pictures(self, frames, duration, options):
        """Each second's first frame and, behind it, those between it and the next second as one picture."""
        most, parts = options.max_num_frames, options.stack_frames
        times = samplers.between_seconds(duration, max_num_frames=most, stack_frames=parts)
        alone, between = frames[: len(frames) - len(times)], frames[len(frames) - len(times) :]
        shown = []
        for second, frame in enumerate(alone):
            shown.append(frame)
            some = [one for one, time in zip(between, times, strict=True) if second <= time < second + 1]
            if some:
                shown.append(montage(self.ops, some))
        return shown

    def _preprocess(self, videos, options):
        frames = [frame for video in videos for frame in video]
        encoded = self.encode(frames, self.all_views(frames, options), options)
        encoded["num_frames_per_video"] = [len(video) for video in videos]
        return encoded

    def outputs(self, images, views, options):
        told = super().lists(images, views, options)
        return {
            **{f"{name}_videos": value for name, value in super().outputs(images, views, options).items()},
            "grids_videos": self.ops.integers(told["grids"], "int32"),
            "num_patches_per_frame": self.ops.integers(told["num_patches_per_image"], "int32"),
        }

    def lists(self, images, views, options):
        return {}

    def grid(self, height, width, options):
        return super().grid(height, width, options) if options.do_resize else None


def montage(verbs: Ops, frames: Sequence[Array]) -> Array:
    """Frames `(C, H, W)` of one size as one picture, black lines between them.

    Four become two rows; two or three one row or one column, whichever is nearer to a square; others one row.
    """
    height, width = frames[0].shape[-2:]
    rows, columns = montage_grid(len(frames), height, width)
    bands = []
    for row in range(rows):
        cells = [
            verbs.pad(frame, 0, LINE * (row < rows - 1), 0, LINE * (column < columns - 1))
            for column, frame in enumerate(frames[row * columns : (row + 1) * columns])
        ]
        bands.append(verbs.concat(cells, axis=-1))
    return verbs.concat(bands, axis=-2)


def montage_grid(count: int, height: int, width: int) -> tuple[int, int]:
    """Rows and columns of frames in one picture."""
    if count == 4:
        return 2, 2
    if count not in (2, 3):
        return 1, count
    line = LINE * (count - 1)
    row, column = (abs(ratio - 1) for ratio in ((count * width + line) / height, width / (count * height + line)))
    if row == column and count == 2:
        return (1, count) if width >= height else (count, 1)
    return (1, count) if row <= column else (count, 1)

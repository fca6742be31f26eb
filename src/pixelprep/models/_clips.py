"""What video families share: patches that reach over several frames, and frames added at the end."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .. import geometry
from ..image_processing_utils import Joined
from ..processing_utils import VideosKwargs
from ..video_processing_utils import BaseVideoProcessor

if TYPE_CHECKING:
    from ..ops import Array, Ops


class PatchedVideoKwargs(VideosKwargs, total=False):
    """
    patch_size (`int`):
        Side of a patch in pixels.
    temporal_patch_size (`int`):
        Frames in a patch.
    merge_size (`int`):
        Side, in patches, of the blocks that the model merges into one token.
    """

    patch_size: int
    temporal_patch_size: int
    merge_size: int


class PatchedVideo(BaseVideoProcessor):
    """Native resolution, patches of all videos in one sequence: put before an image family of Qwen2-VL's kind.

    `pixel_values_videos` is `(patches, values)`, groups of `temporal_patch_size` frames one after the other, each in
    the family's order of tokens (`merge_order`) and of values (`patch_vector`); missing frames at the end are copies
    of the last. `video_grid_thw` holds each video's `(groups, rows, columns)` of patches.
    """

    valid_kwargs = PatchedVideoKwargs
    model_input_names = ["pixel_values_videos", "video_grid_thw"]
    pipeline = ("resize", "rescale_and_normalize")
    further_steps = ("patchify",)

    def frames_of(self, video: Array, temporal_patch_size: int) -> int:
        """How many frames the budget of `size` is for."""
        count: int = video.shape[-4]
        return count

    def patchify(self, video: Array, patch_size: int, temporal_patch_size: int, merge_size: int) -> Array:
        """The patches of one video, `(tokens, values)`."""
        merge = merge_size if self.merge_order else 1
        video = repeat_last(self, video, temporal_patch_size)
        axes = tubelet_axes(video.shape, patch_size, merge, temporal_patch_size, self.patch_vector)
        return self.ops.rearrange(video, *axes)

    def _preprocess(self, videos: list[Array], options: Any) -> Any:
        videos = self.run_pipeline(videos, options)
        patches = self.run_pipeline(videos, options, ["patchify"])
        grids = [self.grid(video, options) for video in videos]
        return self.batch_feature(
            {"pixel_values_videos": Joined(patches), **self.grid_outputs(grids, options)}, options
        )

    def grid(self, video: Array, options: Any) -> tuple[int, int, int]:
        """Patches of a video in time, down and across."""
        groups = -(-video.shape[0] // options.temporal_patch_size)
        return groups, video.shape[-2] // options.patch_size, video.shape[-1] // options.patch_size

    def get_num_of_video_patches(
        self, num_frames: int, height: int, width: int, videos_kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Number of patches of `num_frames` frames of `height x width`, none left out.

        `videos_kwargs` replace options as in a call; what is no option is left aside.
        """
        return sum(math.prod(row) for row in self.counted_rows(num_frames, height, width, videos_kwargs))

    def counted_rows(
        self, num_frames: int, height: int, width: int, videos_kwargs: Mapping[str, Any] | None
    ) -> list[list[int]]:
        """Patches in time, down and across, as a call would report them: of a video, or of each chunk of it."""
        known = self._options.keys() - {"return_tensors", "device", "num_frames", "fps"}
        options = {name: value for name, value in (videos_kwargs or {}).items() if name in known}
        options |= {"do_sample_frames": False, **self.without_looking(self._options)}
        outputs = self.output_shapes(num_frames, height, width, **options)
        rows: list[list[int]] = outputs["video_grid_thw"].values
        return rows

    def grid_outputs(self, grids: list[tuple[int, int, int]], options: Any) -> dict[str, Any]:
        """What the model is told of each video's grid of patches."""
        return {"video_grid_thw": self.ops.integers(grids)}


def chunked(verbs: Ops, grids: list[tuple[int, int, int]], most: int | None) -> dict[str, Any]:
    """`video_grid_thw` with a row for each chunk of at most so many in time (None: any), and how many a video has."""
    chunks = [
        [(min(most or length, length - first), *sides) for first in range(0, length, most or length)]
        for length, *sides in grids
    ]
    rows = [row for video in chunks for row in video]
    return {"video_grid_thw": verbs.integers(rows), "num_chunks_per_video": [len(video) for video in chunks]}


def repeat_last(processor: BaseVideoProcessor, video: Array, multiple: int) -> Array:
    """A video whose number of frames is a multiple of one number: the last is repeated."""
    lack = -video.shape[0] % multiple
    if not lack:
        return video
    frames = processor.ops.unstack(video)
    return processor.film([*frames, *frames[-1:] * lack])


def pad_clip(verbs: Ops, clip: Array, frames: int, height: int, width: int) -> Array:
    """`(T, ..., H, W)` with zeros below, to the right and at the end, up to so many frames and pixels."""
    below, after, lack = height - clip.shape[-2], width - clip.shape[-1], frames - clip.shape[0]
    clip = verbs.pad(clip, 0, below, 0, after) if below or after else clip
    if not lack:
        return clip
    frame = clip.shape[1:]
    rows = verbs.rearrange(clip, clip.shape, tuple(range(len(clip.shape))), (clip.shape[0], math.prod(frame)))
    padded = verbs.pad(rows, 0, lack, 0, 0)
    return verbs.rearrange(padded, padded.shape, (0, 1), (frames, *frame))


def frame_patches(verbs: Ops, video: Array, patch: int) -> Array:
    """The patches of each frame, `(frames, patches, values)`, row by row, channels innermost."""
    split, order, (tokens, values) = tubelet_axes(video.shape, patch, 1, 1, "thwc")
    frames = video.shape[0]
    return verbs.rearrange(video, split, order, (frames, tokens // frames, values))


def tubelet_axes(
    shape: tuple[int, ...], patch: int, merge: int, depth: int, vector: str
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """How to cut a video into patches that reach over `depth` frames: a shape to split `(T, C, H, W)` into, the order
    of its axes after, and the shape of the patches.

    Tokens run over groups of frames, then as those of an image do (`patch_axes`); `vector` names the order inside one
    token by the letters c (channel), t (frame in its group), h, w (pixel), spaces keep groups of letters apart.

    Raises:
        ValueError: the sides are not multiples of `patch * merge`, or the frames none of `depth`.
    """
    frames, channels, height, width = shape
    spatial, order = geometry.patch_axes(channels, height, width, patch, merge, vector.replace("t", ""))
    if frames % depth:
        raise ValueError(f"{frames} frames do not divide into groups of {depth}")
    axes = {"t": 1, "c": 2, "h": 5, "w": 8}
    split = (frames // depth, depth, *spatial[:-1])
    letters = vector.replace(" ", "")
    lengths = {"c": channels, "t": depth, "h": patch, "w": patch}
    groups = (math.prod(lengths[letter] for letter in group) for group in vector.split())
    tokens = frames // depth * (height // patch) * (width // patch)
    return split, (0, *(axis + 2 for axis in order[:4]), *(axes[letter] for letter in letters)), (tokens, *groups)

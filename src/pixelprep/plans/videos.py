"""What a plan tells of videos: the frames that are taken, when they are shown, and the tokens of each step in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PlannedVideo:
    """What a call takes of one video.

    Attributes:
        num_frames: of the source.
        fps: of the source; None if nobody says it.
        indices: of the frames that are taken, in the order of the output.
        timestamps: seconds at which each of them is shown; None if nobody says it.
        grid: patches in time, down and across; None where the processor cuts none.
        merge: so many patches each way become one token.
        duration: of the source in seconds; None if nobody says it.
    """

    num_frames: int
    fps: float | None
    indices: tuple[int, ...]
    timestamps: tuple[float, ...] | None
    grid: tuple[int, int, int] | None = None
    merge: int = 1
    duration: float | None = None

    @property
    def tokens_per_step(self) -> int | None:
        """Feature tokens of each step in time (`grid[0]` of them); None where the model counts them itself."""
        return None if self.grid is None else self.grid[1] * self.grid[2] // self.merge**2

    @property
    def tokens(self) -> int | None:
        """Feature tokens of the whole video."""
        return None if self.grid is None else self.grid[0] * (self.tokens_per_step or 0)

    @property
    def step_timestamps(self) -> tuple[float, ...] | None:
        """For each step in time the middle between its first and its last frame; as many as the grid has steps."""
        times = self.timestamps
        if times is None or not times:
            return None
        steps = self.grid[0] if self.grid is not None else len(times)
        frames = -(-len(times) // steps)  # the last of them are copies where they do not divide
        groups = [times[min(start, len(times) - 1) : start + frames] for start in range(0, steps * frames, frames)]
        return tuple((group[0] + group[-1]) / 2 if group else times[-1] for group in groups)

    @property
    def token_timestamps(self) -> tuple[float, ...] | None:
        """For each token, in the order of `Plan.regions(..., merge=merge)`, the time of its step."""
        steps = self.step_timestamps
        if steps is None or self.tokens_per_step is None:
            return None
        return tuple(time for time in steps for _ in range(self.tokens_per_step))


def planned_videos(known: Sequence[Any], outputs: Mapping[str, Any], merge: int) -> tuple[PlannedVideo, ...]:
    """Each video of a call.

    Args:
        known: `VideoMetadata` of each, with the frames that are taken.
        outputs: of the plan.
        merge: so many patches each way become one token.
    """
    rows = getattr(outputs.get("video_grid_thw"), "values", None)
    grids = [None] * len(known) if rows is None else _of_each(rows, outputs.get("num_chunks_per_video"), len(known))
    found = []
    for metadata, grid in zip(known, grids, strict=True):
        timed = metadata.frame_times is not None or metadata.fps is not None
        times = tuple(metadata.timestamps) if timed else None
        indices = tuple(int(index) for index in metadata.frames_indices or ())
        known_as = metadata.total_num_frames, metadata.fps, indices, times
        found.append(PlannedVideo(*known_as, grid, merge, metadata.duration))
    return tuple(found)


def _of_each(rows: Any, chunks: Any, count: int) -> list[tuple[int, int, int] | None]:
    """A grid for each video: of several rows for one, which are chunks of it in time, their sum."""
    counts = getattr(chunks, "values", None) or [1] * len(rows)
    if len(counts) != count:
        return [None] * count
    grids: list[tuple[int, int, int] | None] = []
    start = 0
    for number in counts:
        part = [[int(side) for side in row] for row in rows[start : start + int(number)]]
        grids.append((sum(row[0] for row in part), part[0][1], part[0][2]))
        start += int(number)
    return grids

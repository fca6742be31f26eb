"""Position ids of prompts with images and videos, for models that rotate by time, row and column (M-RoPE)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

from ..core.names import did_you_mean

if TYPE_CHECKING:
    import numpy as np

    Positions = np.ndarray[Any, np.dtype[np.int64]]

Continuation = Literal["reference", "largest"]
TEXT, IMAGE, VIDEO = 0, 1, 2


@dataclass(frozen=True)
class PositionRule:
    """How a model counts the positions of a grid of features.

    Attributes:
        merge_size: patches each way that make one feature.
        frames_apart: every frame of a video is a span of its own, with text between.
        tokens_per_second: time goes on by this times the seconds of a grid step; None: by one.
        behind_largest: text behind a grid follows the largest position, whatever `continuation` says.
        fractions: times are not cut to whole numbers; positions are float32.
        temporal_merge: grid steps of a video that make one feature.
        newline: each row has one place more, and text behind follows the largest position.
        by_image: HunYuan's four axes: text, column, row and number of the image.
    """

    merge_size: int = 2
    frames_apart: bool = False
    tokens_per_second: float | None = None
    behind_largest: bool = False
    fractions: bool = False
    temporal_merge: int = 1
    newline: bool = False
    by_image: bool = False


_BASE = PositionRule()
_FRAMES = PositionRule(frames_apart=True)
RULES: dict[str, PositionRule] = {
    **dict.fromkeys(("qwen2_vl", "paddleocr_vl"), _BASE),
    "qwen2_5_vl": PositionRule(tokens_per_second=4.0),
    **dict.fromkeys(
        (
            *("qwen3_vl", "qwen3_vl_moe", "qwen3_5", "qwen3_5_moe", "qwen4_exp", "cohere_compass"),
            *("cosmos3_edge", "cosmos3_omni", "glm4v", "glm4v_moe", "glm46v", "glm_ocr"),
        ),
        _FRAMES,
    ),
    "qwen2_5_omni": PositionRule(tokens_per_second=25.0, behind_largest=True),
    "qwen3_omni_moe": PositionRule(tokens_per_second=25.0, behind_largest=True, fractions=True),
    "ernie4_5_vl_moe": PositionRule(temporal_merge=2),
    "hy_v4_vl": PositionRule(newline=True),
    "hunyuan_vl": PositionRule(newline=True, by_image=True),
}
"""The rule of each model type. Types that are not here count positions as plain text does."""


def position_rule(model_type: str, **changes: Any) -> PositionRule:
    """The rule of a model type, with what its `config.json` says otherwise, such as `merge_size=3`.

    Raises:
        ValueError: no rule is known for it.
    """
    if model_type not in RULES:
        raise ValueError(
            f"{model_type!r} counts positions as plain text does, or is not known{did_you_mean(model_type, RULES)}"
        )
    return replace(RULES[model_type], **changes)


def positions(
    types: Sequence[int],
    rule: PositionRule | str,
    *,
    image_grids: Iterable[Sequence[int]] = (),
    video_grids: Iterable[Sequence[int]] = (),
    seconds_per_grid: Iterable[float] = (),
    continuation: Continuation = "reference",
) -> tuple[Positions, float]:
    """Positions of every token of one prompt, without padding.

    Args:
        types: for each token 0 for text and for sound by itself, 1 for a feature of an image, 2 of a video.
        rule: a rule, or the model type that has it.
        image_grids, video_grids: `(time, height, width)` in patches of each image and video, in order.
        seconds_per_grid: seconds between two grid steps of each video; 1 where none are given.
        continuation: where text goes on behind a grid. "reference" (transformers 5.24): after the longer side of the
            grid, so that text behind a long video shares its positions (P11); "largest": after the largest position,
            as engines count.

    Returns:
        int64 `(axes, tokens)`: time, row, column, or HunYuan's four; float32 where times are fractions. And the delta:
        the largest position, plus one, less the number of tokens.

    Raises:
        ValueError: grids and types do not agree; the message says which place of the prompt.
    """
    import numpy as np

    chosen = position_rule(rule) if isinstance(rule, str) else rule
    if chosen.by_image:
        return _by_image(types, list(image_grids), chosen)
    images, videos = iter(list(image_grids)), _frames(video_grids, chosen)
    seconds = iter(list(seconds_per_grid))
    parts: list[Any] = []
    place = following = 0
    for kind, group in groupby(types):
        left = len(list(group))
        if kind == TEXT:
            parts.append(np.broadcast_to(np.arange(left) + following, (3, left)))
            place, following = place + left, following + left
            continue
        while left > 0:
            grid = next(images if kind == IMAGE else videos, None)
            if grid is None:
                raise ValueError(f"token {place} is a feature of an image or video for which no grid was given")
            interval = next(seconds, 1) if kind == VIDEO and chosen.tokens_per_second is not None else 1
            block = _grid_positions(grid, chosen, interval, kind)
            if block.shape[1] > left:
                raise ValueError(
                    f"the grid {tuple(grid)} has {block.shape[1]} features, and {left} tokens stand at place {place}"
                )
            parts.append(block + following)
            longer = max(grid[1], grid[2]) // chosen.merge_size
            largest = chosen.newline or chosen.behind_largest or continuation == "largest"
            following += block.max() + 1 if largest else longer
            place, left = place + block.shape[1], left - block.shape[1]
    if next(images, None) is not None or next(videos, None) is not None:
        raise ValueError("there are more grids than images and videos among the tokens")
    found: Any = np.concatenate(parts, axis=1) if parts else np.zeros((3, 0))
    found = found.astype(np.float32 if chosen.fractions else np.int64)
    return found, ((found.max() + 1).item() - found.shape[1] if found.size else 0)


def _frames(grids: Iterable[Sequence[int]], rule: PositionRule) -> Iterator[Sequence[int]]:
    for grid in grids:
        if rule.frames_apart:
            yield from [(1, grid[1], grid[2])] * grid[0]
        else:
            yield grid


def _grid_positions(grid: Sequence[int], rule: PositionRule, seconds: float, kind: int) -> Any:
    """Time, row and column of each feature of a grid, from 0; the products in the order of each reference's."""
    import numpy as np

    time = grid[0] // (rule.temporal_merge if kind == VIDEO else 1)
    height, width = grid[1] // rule.merge_size, grid[2] // rule.merge_size + rule.newline
    steps = np.arange(time, dtype=np.float32)
    rate = (rule.tokens_per_second or 1) if kind == VIDEO or rule.behind_largest else 1
    if rule.behind_largest:
        steps = steps * np.float32(seconds) * np.float32(rate)
    else:
        steps = steps * np.float32(rate * seconds)
    steps = steps if rule.fractions else steps.astype(np.int64)
    block = np.stack(np.meshgrid(steps, np.arange(height), np.arange(width), indexing="ij")).reshape(3, -1)
    if rule.newline:  # each frame stands behind the one before it, on every axis
        shifts = np.repeat(np.arange(time) * max(height, width), height * width)
        block = np.stack([shifts, block[1] + shifts, block[2] + shifts])
    return block


def _by_image(types: Sequence[int], grids: list[Sequence[int]], rule: PositionRule) -> tuple[Positions, int]:
    """Plain positions, and column, row and number of the image inside a span; its two ends stay text."""
    import numpy as np

    found = np.tile(np.arange(len(types), dtype=np.int64), (4, 1))
    place, number = 0, 0
    for kind, group in groupby(types):
        length = len(list(group))
        start, place = place, place + length
        if kind != IMAGE:
            continue
        if number == len(grids):
            raise ValueError(f"token {start} is a feature of an image for which no grid was given")
        height, width = (side // rule.merge_size for side in grids[number][1:])
        rows, columns = np.meshgrid(np.arange(height), np.arange(width + 1), indexing="ij")
        count = rows.size
        if length not in (count, count + 2):
            raise ValueError(f"the grid {tuple(grids[number])} has {count} features, and {length} tokens at {start}")
        inside = slice(start + (length - count) // 2, start + (length - count) // 2 + count)
        found[1, inside], found[2, inside], found[3, inside] = columns.ravel(), rows.ravel(), number
        number += 1
    if number != len(grids):
        raise ValueError("there are more grids than images among the tokens")
    return found, int(found.max()) + 1 - len(types) if len(types) else 0

"""What a video processor makes of one video, as far as a prompt needs to know it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .counts import Integers
from .steps import MadeVideo

if TYPE_CHECKING:
    from ..plans.plan import Plan
    from ..video_processing_utils import BaseVideoProcessor


def made_video(
    video: Any, processor: BaseVideoProcessor, options: Mapping[str, Any], numbers: Mapping[str, Any], who: str
) -> MadeVideo:
    """What becomes of a video.

    Args:
        video: as `PromptLayout.video` takes it.
        processor: the checkpoint's.
        options: of the processor, for the call.
        numbers: of the prompt side.
        who: whose numbers these are, for errors.

    Raises:
        TypeError: options beside a plan. ValueError: a plan of no video or of several; as the processor.
        NeedsPixelsError: what becomes of it depends on what is on the frames.
    """
    if isinstance(video, Mapping) and "video_metadata" in video:
        (known,) = video["video_metadata"]
        shapes = {name: tuple(made.shape) for name, made in video.items() if hasattr(made, "shape")}
        chosen = processor._resolve(dict(options))
        indices = tuple(known.frames_indices)
        return MadeVideo(
            _size(known),
            shapes,
            Integers(video),
            chosen,
            numbers,
            who,
            indices=indices,
            fps=known.fps,
            duration=known.duration,
        )
    plan: Any = video if hasattr(video, "outputs") else _planned(video, processor, options)
    if plan is video and options:
        raise TypeError(f"a plan has its options already: leave out {', '.join(options)}, or plan with them")
    if len(plan.videos) != 1:
        raise ValueError(
            f"{who} writes one video at a time, and this plan is of {len(plan.videos)}: plan each by itself"
        )
    plan.refuse_withheld("counted")
    (known,) = plan.videos
    outputs = {name: output.as_array() for name, output in plan.outputs.items()}
    shapes = {name: output.shape for name, output in outputs.items()}
    return MadeVideo(
        plan.inputs[0][0][-2:],
        shapes,
        Integers(outputs),
        plan.call.options,
        numbers,
        who,
        indices=known.indices,
        fps=known.fps,
        duration=known.duration,
    )


def _planned(video: Any, processor: BaseVideoProcessor, options: Mapping[str, Any]) -> Plan:
    from ..videos.metadata import VideoMetadata

    if isinstance(video, Mapping) or hasattr(video, "total_num_frames"):
        known = VideoMetadata.of(video)
        taken = known.frames_indices
        if taken is not None:
            options = {"do_sample_frames": False, **options}
        frames = known.total_num_frames if taken is None else len(taken)
        return processor.plan((frames, *_size(known)), video_metadata=known, **options)
    return processor.plan(video, **options)


def _size(known: Any) -> tuple[int, int]:
    """Height and width of the frames.

    Raises:
        ValueError: nobody says them.
    """
    if not known.height or not known.width:
        raise ValueError("what a video takes follows from its `height` and `width`, which its metadata has to say")
    return known.height, known.width

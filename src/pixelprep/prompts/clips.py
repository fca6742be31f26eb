"""What a video processor makes of one video, as far as a prompt needs to know it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .counts import Outputs
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
        size, chosen, outputs = _size(known), processor._resolve(dict(options)), video
        known_frames = {"indices": tuple(known.frames_indices), "times": _times(known), "total": known.total_num_frames}
    else:
        plan: Any = video if hasattr(video, "outputs") else planned_video(video, processor, options)
        if plan is video and options:
            raise TypeError(f"a plan has its options already: leave out {', '.join(options)}, or plan with them")
        if len(plan.videos) != 1:
            raise ValueError(
                f"{who} writes one video at a time, and this plan is of {len(plan.videos)}: plan each by itself"
            )
        plan.refuse_withheld("counted")
        (known,) = plan.videos
        size, chosen = plan.inputs[0][0][-2:], plan.call.options
        outputs = {name: output.as_array() for name, output in plan.outputs.items()}
        known_frames = {"indices": known.indices, "times": known.timestamps, "total": known.num_frames}
    shapes = {name: tuple(output.shape) for name, output in outputs.items() if hasattr(output, "shape")}
    told = {"fps": known.fps, "duration": known.duration, **known_frames}
    return MadeVideo(size, shapes, Outputs(outputs), chosen, numbers, who, **told)


def planned_video(video: Any, processor: BaseVideoProcessor, options: Mapping[str, Any]) -> Plan:
    """The plan of a video: of a clip, its metadata, or its frames, height and width.

    Raises:
        ValueError: metadata without a size; as the processor.
    """
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


def _times(known: Any) -> tuple[float, ...] | None:
    try:
        return tuple(known.timestamps)
    except ValueError:  # nobody says them
        return None

from __future__ import annotations

from ...geometry import frames as samplers
from ...utils import auto_docstring
from ..gemma4.video_processing_gemma4 import Gemma4Video, Gemma4VideoProcessorKwargs


class EmbeddingGemma2VideoProcessorKwargs(Gemma4VideoProcessorKwargs, total=False):
    """
    max_frames (`int`, *optional*):
        Most frames that are taken, where `overflow_strategy` is on.
    overflow_strategy (`str`, *optional*):
        Which of more frames: "uniform" takes some of all, "truncate" the first ones, None keeps all.
    add_timestamps (`bool`):
        Whether prompts tell the time of each frame; acts on no pixel.
    load_audio_from_video (`bool`):
        Whether the model's processor reads the sound of the file; acts on no pixel.
    """

    max_frames: int | None
    overflow_strategy: str | None
    add_timestamps: bool
    load_audio_from_video: bool


@auto_docstring
class EmbeddingGemma2Video(Gemma4Video):
    """EmbeddingGemma 2: Gemma 4's frames, one of each second, at most 32 of them."""

    valid_kwargs = EmbeddingGemma2VideoProcessorKwargs

    num_frames = None
    fps = 1
    max_frames = 32
    overflow_strategy = "uniform"
    add_timestamps = False

    def sample_frames(self, metadata, num_frames, fps, max_frames, overflow_strategy):
        if num_frames is not None:
            raise ValueError(f"EmbeddingGemma2 takes frames by `fps` and `max_frames`, not by num_frames={num_frames}")
        if overflow_strategy not in (None, "uniform", "truncate"):
            raise ValueError(f'`overflow_strategy` is "uniform", "truncate" or None, not {overflow_strategy!r}')
        if overflow_strategy is not None and max_frames is None:
            raise ValueError(f"overflow_strategy={overflow_strategy!r} needs `max_frames`")
        known = metadata.total_num_frames, metadata.fps, metadata.duration
        wishes = {"target_fps": fps, "max_frames": max_frames, "overflow_strategy": overflow_strategy}
        return samplers.at_rate(*known, **wishes)

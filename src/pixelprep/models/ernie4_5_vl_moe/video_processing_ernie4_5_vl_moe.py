from __future__ import annotations

from ...geometry import frames as samplers
from ...images.stamps import stamped
from ...plans.symbols import Symbol
from ...utils import auto_docstring
from .._clips import PatchedVideo, PatchedVideoKwargs, repeat_last
from .image_processing_ernie4_5_vl_moe import Ernie4_5_VLMoe


class Ernie4_5_VLMoeVideoProcessorInitKwargs(PatchedVideoKwargs, total=False):  # noqa: N801
    """
    min_frames (`int`):
        Fewest frames to take.
    max_frames (`int`):
        Most frames to take.
    draw_on_frames (`bool`):
        Write its time into each frame, black with a white border.
    font (`str`):
        Path of the TrueType font that times are written in; published files name one that lies beside them.
    """

    min_frames: int
    max_frames: int
    draw_on_frames: bool
    font: str


@auto_docstring
class Ernie4_5_VLMoeVideo(PatchedVideo, Ernie4_5_VLMoe):  # noqa: N801
    """ERNIE 4.5 VL: Qwen2-VL's patches (arXiv:2409.12191) of single frames, each with its time written into it.

    `size` bounds the pixels of a frame. The last of an odd number of frames is repeated; `temporal_patch_size` is 2.
    """

    valid_kwargs = Ernie4_5_VLMoeVideoProcessorInitKwargs
    files_beside = ("font",)

    default_to_square = True
    size = {"shortest_edge": 299 * 28 * 28, "longest_edge": 1196 * 28 * 28}
    temporal_patch_size = 2
    do_sample_frames = True
    min_frames = 16
    max_frames = 180
    draw_on_frames = True
    font = "Roboto-Regular.ttf"

    def _standardize_kwargs(self, **kwargs):
        if kwargs["temporal_patch_size"] != 2:
            raise ValueError(f"ERNIE's videos have an even number of frames: 2, not {kwargs['temporal_patch_size']}")
        return super()._standardize_kwargs(**kwargs)

    def sample_frames(self, metadata, num_frames, fps, min_frames, max_frames):
        wishes = {"num_frames": num_frames, "target_fps": fps}
        bounds = {"min_frames": min_frames, "max_frames": max_frames}
        return samplers.bounded(metadata.total_num_frames, metadata.fps, **wishes, **bounds)

    def assumed_rate(self, options):
        return 24 if options.draw_on_frames else None

    def _frames(self, video, given, options):
        frames, layout, metadata = super()._frames(video, given, options)
        return frames, layout, self._with_rate(metadata, options)

    def process_video(self, frames, metadata, options):
        if not options.draw_on_frames or isinstance(frames, Symbol):
            return super().process_video(frames, metadata, options)
        # Letters are drawn on bytes of three channels: nothing is rescaled yet that floats could be warned of.
        video = super().process_video(frames, metadata, options.replace(do_convert_rgb=True, do_rescale=False))
        pictures = [
            stamped(frame, seconds, options.font)
            for frame, seconds in zip(self.ops.unstack(video), metadata.timestamps, strict=True)
        ]
        drawn = super().process_video(pictures, metadata, options.replace(input_data_format=None))
        return self.ops.cast(drawn, "float32") if "float" in str(video.dtype) else drawn

    def _preprocess(self, videos, options):
        return super()._preprocess([repeat_last(self, video, 2) for video in videos], options)

    def patchify(self, video, patch_size, merge_size):
        return super().patchify(video, patch_size, 1, merge_size)

    def grid(self, video, options):
        return super().grid(video, options.replace(temporal_patch_size=1))

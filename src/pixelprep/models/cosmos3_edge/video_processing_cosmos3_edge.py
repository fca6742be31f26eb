from __future__ import annotations

from ...geometry import frames as samplers
from ...utils import auto_docstring
from .._clips import PatchedVideo
from .image_processing_cosmos3_edge import Cosmos3Edge


@auto_docstring
class Cosmos3EdgeVideo(PatchedVideo, Cosmos3Edge):
    """Cosmos 3 Edge: two frames of each second, patches of one frame; `size` bounds the whole clip."""

    assumed_fps = 24

    size = {"shortest_edge": 64 * 64, "longest_edge": 24 * 1024 * 1024}
    do_sample_frames = True
    fps = 2
    min_frames = 4
    max_frames = 768

    def _standardize_kwargs(self, **kwargs):
        if kwargs["temporal_patch_size"] != 1:
            raise ValueError(f"Cosmos3Edge has one frame in a patch, not {kwargs['temporal_patch_size']}")
        return super()._standardize_kwargs(**kwargs)

    def sample_frames(self, metadata, num_frames, fps):
        bounds = {"min_frames": self.min_frames, "max_frames": self.max_frames}
        known = metadata.total_num_frames, metadata.fps
        return samplers.spread(*known, num_frames=num_frames, target_fps=fps, **bounds)

from __future__ import annotations

from ...geometry import frames as samplers
from ...utils import auto_docstring
from ..glm4v.video_processing_glm4v import Glm4vVideo


@auto_docstring
class Glm46VVideo(Glm4vVideo):
    """GLM-4.6V: GLM-4.1V's patches (arXiv:2507.01006), more frames of a second the shorter a video is.

    `num_frames` and `fps` have an effect where a call gives one of them, `max_duration` none.
    """

    def sampled_by_time(self, metadata, options):
        if options.num_frames is None:
            return super().sampled_by_time(metadata, options)
        known = metadata.total_num_frames, metadata.fps, metadata.duration
        return samplers.by_length(*known, group=options.temporal_patch_size)

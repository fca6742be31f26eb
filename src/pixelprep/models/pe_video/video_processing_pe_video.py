from __future__ import annotations

from ...geometry import frames as samplers
from ...image_utils import PILImageResampling
from ...utils import auto_docstring
from ...video_processing_utils import BaseVideoProcessor
from .._clips import pad_clip


@auto_docstring
class PeVideoVideo(BaseVideoProcessor):
    """PE (arXiv:2504.13181): frames as published files say; shorter videos of a batch are padded with zeros at the end.

    `padding_mask_videos`, bool `(videos, frames)` and there only if lengths differ, is True on frames of the video.
    """

    further_outputs = ("padding_mask_videos",)

    resample = PILImageResampling.BILINEAR

    def sample_frames(self, metadata, num_frames, fps):
        if num_frames is None:
            return super().sample_frames(metadata, num_frames, fps)
        return samplers.both_ends(metadata.total_num_frames, num_frames=num_frames)

    def _preprocess(self, videos, options):
        videos = self.run_pipeline(videos, options)
        lengths = [video.shape[0] for video in videos]
        if options.return_tensors is None or len(set(lengths)) < 2:
            return self.batch_feature({"pixel_values_videos": videos}, options)
        most = max(lengths)
        mask = self.ops.integers([[frame < length for frame in range(most)] for length in lengths], "bool")
        videos = [pad_clip(self.ops, video, most, *video.shape[-2:]) for video in videos]
        return self.batch_feature({"pixel_values_videos": videos, "padding_mask_videos": mask}, options)

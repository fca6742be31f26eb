from __future__ import annotations

from ...image_processing_utils import Joined
from ...processing_utils import VideosKwargs
from ...utils import auto_docstring
from ...video_processing_utils import BaseVideoProcessor
from .._clips import frame_patches
from .._patches import pad_tokens
from .image_processing_gemma4 import Gemma4


class Gemma4VideoProcessorKwargs(VideosKwargs, total=False):
    """
    patch_size (`int`):
        Side of a patch in pixels.
    max_soft_tokens (`int`):
        Largest number of tokens that the model makes of a frame: 70, 140, 280, 560 or 1120.
    pooling_kernel_size (`int`):
        Side, in patches, of the blocks that become one token.
    """

    patch_size: int
    max_soft_tokens: int
    pooling_kernel_size: int


@auto_docstring
class Gemma4Video(BaseVideoProcessor, Gemma4):
    """Gemma 4: each frame as an image, in patches padded to the largest number; the frames of all videos in one axis.

    `pixel_values_videos` is `(frames, patches, patch_size ** 2 * channels)`, `video_position_ids` int64
    `(frames, patches, 2)`; `num_frames_per_video` and `num_soft_tokens_per_video` (of each frame) are lists.
    """

    valid_kwargs = Gemma4VideoProcessorKwargs
    model_input_names = ["pixel_values_videos", "video_position_ids", "num_frames_per_video"]
    pipeline = Gemma4.pipeline
    further_outputs = ("num_soft_tokens_per_video",)

    default_to_square = True
    do_normalize = True
    max_soft_tokens = 70
    do_sample_frames = True
    num_frames = 32

    def _preprocess(self, videos, options):
        patch, length = self.token_layout(options)
        videos = self.run_pipeline(videos, options)
        patches = [frame_patches(self.ops, video, patch) for video in videos]
        positions = [
            self._positions(video.shape[-2] // patch, video.shape[-1] // patch, length, video) for video in videos
        ]
        outputs = {
            "pixel_values_videos": Joined([pad_tokens(self.ops, entry, length) for entry in patches]),
            "video_position_ids": self.ops.stack(
                [places for places, entry in zip(positions, patches, strict=True) for _ in range(entry.shape[0])]
            ),
            "num_frames_per_video": [entry.shape[0] for entry in patches],
            "num_soft_tokens_per_video": [entry.shape[1] * options.max_soft_tokens // length for entry in patches],
        }
        return self.batch_feature(outputs, options)

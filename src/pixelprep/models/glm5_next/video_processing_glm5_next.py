from __future__ import annotations

from ...utils import auto_docstring
from ..glmga.video_processing_glmga import GlmgaVideo, GlmgaVideoProcessorKwargs
from .image_processing_glm5_next import Glm5Next


class Glm5NextVideoProcessorKwargs(GlmgaVideoProcessorKwargs, total=False):
    """
    min_image_tokens (`int`):
        Least number of merged tokens of a video; smaller ones are enlarged.
    max_image_tokens (`int`):
        Largest number of merged tokens of a video; larger ones shrink.
    """

    min_image_tokens: int
    max_image_tokens: int


@auto_docstring
class Glm5NextVideo(GlmgaVideo, Glm5Next):
    """GLM-5: GLM-4.1V's patches (arXiv:2507.01006) of frames on a black canvas with a bounded number of tokens."""

    valid_kwargs = Glm5NextVideoProcessorKwargs

    size = {"longest_edge": 1}
    max_image_size = {"longest_edge": 28 * 28 * 2 * 30000}
    max_frames = 2048
    max_image_tokens = 240000

    def resize(self, video, size, resample, **kwargs):
        return Glm5Next.resize(self, video, size, resample, **kwargs)

    def sampled_by_time(self, metadata, options, to_the_end=False):
        return super().sampled_by_time(metadata, options, to_the_end)

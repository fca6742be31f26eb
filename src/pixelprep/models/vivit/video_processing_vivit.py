from __future__ import annotations

from ...utils import auto_docstring
from ..videomae.video_processing_videomae import VideoMAEVideo


@auto_docstring
class VivitVideo(VideoMAEVideo):
    """ViViT (arXiv:2103.15691): as VideoMAE, with values rescaled to -1..1 before they are normalised."""

    size = {"shortest_edge": 256}
    rescale_factor = 1 / 127.5

    def rescale_and_normalize(self, images, do_rescale, rescale_factor, do_normalize, image_mean, image_std):
        if do_rescale:
            images = self.normalize(self.rescale(images, rescale_factor), 1, 1)
        return super().rescale_and_normalize(images, False, rescale_factor, do_normalize, image_mean, image_std)

from __future__ import annotations

from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring
from ..videomae.image_processing_videomae import VideoMAE


class VivitImageProcessorKwargs(ImagesKwargs, total=False):
    """
    offset (`bool`):
        Subtract 1 after rescaling, so that values lie around zero; needs `do_rescale`.
    """

    offset: bool


@auto_docstring
class Vivit(VideoMAE):
    """ViViT (arXiv:2103.15691): the frames of videos, shortest edge and centre crop, from -1 to 1, then normalised.

    A flat list of frames is one video. `pixel_values` is float32 `(videos, frames, C, H, W)`.
    """

    valid_kwargs = VivitImageProcessorKwargs

    size = {"shortest_edge": 256}
    rescale_factor = 1 / 127.5
    offset = True

    def _validate_preprocess_kwargs(self, **kwargs):
        super()._validate_preprocess_kwargs(**kwargs)
        if kwargs["offset"] and not kwargs["do_rescale"]:
            raise ValueError("Vivit: `offset` needs `do_rescale`; pass offset=False, or do_rescale=True")

    def rescale_and_normalize(self, images, do_rescale, rescale_factor, do_normalize, image_mean, image_std, offset):
        if do_rescale and offset:
            images, do_rescale = self.normalize(self.rescale(images, rescale_factor), 1, 1), False
        return super().rescale_and_normalize(images, do_rescale, rescale_factor, do_normalize, image_mean, image_std)

from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor, Stacked
from ...image_utils import IMAGENET_STANDARD_MEAN, IMAGENET_STANDARD_STD, PILImageResampling
from ...utils import auto_docstring


@auto_docstring
class VideoMAE(BaseImageProcessor):
    """VideoMAE (arXiv:2203.12602), TimeSformer: the frames of videos, shortest edge and centre crop.

    A flat list of frames is one video. `pixel_values` is float32 `(videos, frames, C, H, W)`.
    """

    nested_images = True
    pipeline = ("resize", "center_crop", "rescale_and_normalize")

    do_resize = True
    size = {"shortest_edge": 224}
    default_to_square = False
    resample = PILImageResampling.BILINEAR
    do_center_crop = True
    crop_size = {"height": 224, "width": 224}
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_STANDARD_MEAN
    image_std = IMAGENET_STANDARD_STD

    def __call__(self, videos, **kwargs):
        """The same as `preprocess`."""
        return self.preprocess(videos, **kwargs)

    def preprocess(self, videos, **kwargs):
        """Turn lists of frames into model inputs."""
        return super().preprocess(videos, **kwargs)

    def _stacks_frames(self, options):
        """Whether a video is one array, not a list of frames."""
        return options.return_tensors is not None or not self.ops.conventions.lists_unasked

    def _preprocess(self, images, options):
        lengths = dict.fromkeys(map(len, images))
        if options.return_tensors is not None and len(lengths) > 1:
            raise ValueError(
                f"videos of {' and '.join(map(str, lengths))} frames make no array; pass return_tensors=None for "
                "lists, or as many frames of each"
            )
        videos = self.run_pipeline(images, options)
        if self._stacks_frames(options):
            videos = [Stacked(frames) for frames in videos]
        return self.batch_feature({"pixel_values": videos}, options)

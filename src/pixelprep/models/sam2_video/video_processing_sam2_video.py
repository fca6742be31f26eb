from __future__ import annotations

from ...image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, PILImageResampling
from ...processing_utils import SizeDict
from ...utils import auto_docstring
from ...video_processing_utils import BaseVideoProcessor
from .._tiles import height_and_width


@auto_docstring
class Sam2VideoVideo(BaseVideoProcessor):
    """SAM 2 (arXiv:2408.00714): every frame warped to a square; masks come back by `post_process_masks`.

    The pixels are `pixel_values_videos`; `original_sizes` and `reshaped_input_sizes` are int64 `(videos, 2)`.
    """

    model_input_names = ["pixel_values"]
    further_outputs = ("pixel_values_videos", "original_sizes", "reshaped_input_sizes")

    do_convert_rgb = True
    do_resize = True
    size = {"height": 1024, "width": 1024}
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = True
    image_mean = IMAGENET_DEFAULT_MEAN
    image_std = IMAGENET_DEFAULT_STD

    def _preprocess(self, videos, options):
        seen = height_and_width(options.size, self)
        outputs = {
            "original_sizes": [tuple(video.shape[-2:]) for video in videos],
            "reshaped_input_sizes": [seen] * len(videos),
            "pixel_values_videos": self.run_pipeline(videos, options),
        }
        return self.batch_feature(outputs, options)

    def post_process_masks(
        self, masks, original_sizes, reshaped_input_sizes, mask_threshold=0.0, binarize=True, pad_size=None
    ):
        """Masks of the original frames from logits of those in the model; see `postprocess.masks_of_images`."""
        from ...postprocess import masks_of_images

        canvas = self._options.size if pad_size is None else SizeDict.parse(pad_size, name="pad_size")
        sides = height_and_width(canvas, self, "size" if pad_size is None else "pad_size")
        return masks_of_images(masks, original_sizes, reshaped_input_sizes, sides, mask_threshold, binarize)

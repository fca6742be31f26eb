from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD, PILImageResampling
from ...processing_utils import ImagesKwargs, Unpack
from ...utils import auto_docstring


@auto_docstring
class OwlViT(BaseImageProcessor):
    """OWL-ViT (arXiv:2205.06230): a warp to a fixed square; boxes that fit texts or a query image.

    Scores of image-guided detection are stretched so that the best has about 1.0: they compare within an image only.
    """

    do_resize = True
    size = {"height": 768, "width": 768}
    resample = PILImageResampling.BICUBIC
    do_center_crop = False
    crop_size = {"height": 768, "width": 768}
    do_rescale = True
    do_normalize = True
    image_mean = OPENAI_CLIP_MEAN
    image_std = OPENAI_CLIP_STD
    do_convert_rgb = True

    def __init__(self, *, rescale: bool | None = None, **kwargs: Unpack[ImagesKwargs]) -> None:
        if rescale is not None:  # the name of `do_rescale` in early files
            kwargs["do_rescale"] = rescale
        super().__init__(**kwargs)

    def _boxes_are_square(self):
        """Whether boxes are relative to squares around the images."""
        return False

    def post_process_object_detection(self, outputs, threshold=0.1, target_sizes=None):
        """Boxes above a score, each with its best text; see `postprocess.open_vocabulary_detection`."""
        from ...postprocess import open_vocabulary_detection

        return open_vocabulary_detection(outputs, threshold, target_sizes, self._boxes_are_square())

    def post_process_image_guided_detection(self, outputs, threshold=0.0, nms_threshold=0.3, target_sizes=None):
        """Boxes that look like the query image, scores stretched; see `postprocess.image_guided_detection`."""
        from ...postprocess import image_guided_detection

        return image_guided_detection(outputs, threshold, nms_threshold, target_sizes, self._boxes_are_square())

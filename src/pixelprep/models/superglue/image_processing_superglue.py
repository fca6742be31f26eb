from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import PILImageResampling
from ...utils import auto_docstring
from .._pairs import check_pairs, split_grey, stack_pairs
from ..superpoint.image_processing_superpoint import SuperPointImageProcessorKwargs


@auto_docstring
class SuperGlue(BaseImageProcessor):
    """SuperGlue (arXiv:1911.11763): pairs of images warped to `size`, in 0..1 and grey; matches come out.

    `images` is one pair or a list of pairs; `pixel_values` is float32 `(pairs, 2, 3, H, W)`.
    """

    valid_kwargs = SuperPointImageProcessorKwargs
    nested_images = True
    pipeline = ("resize", "rescale", "grayscale")

    do_resize = True
    size = {"height": 480, "width": 640}
    default_to_square = False
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = None
    do_grayscale = True

    def grayscale(self, image):
        return self.ops.grayscale(image)

    def _prepare_images_structure(self, images, expected_ndims=3):
        return check_pairs(super()._prepare_images_structure(split_grey(images), expected_ndims))

    def _preprocess(self, images, options):
        pairs = self.run_pipeline(images, options)
        if options.return_tensors is not None or not self.ops.conventions.lists_unasked:
            pairs = stack_pairs(self.ops, pairs)
        return self.batch_feature({"pixel_values": pairs}, options)

    def post_process_keypoint_matching(self, outputs, target_sizes, threshold=0.0):
        """Matching keypoints of each pair, in pixels; see `postprocess.keypoint_matching`."""
        from ...postprocess import keypoint_matching

        return keypoint_matching(outputs, target_sizes, threshold)

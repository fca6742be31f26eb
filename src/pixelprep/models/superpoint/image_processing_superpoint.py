from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import PILImageResampling
from ...processing_utils import ImagesKwargs
from ...utils import auto_docstring


class SuperPointImageProcessorKwargs(ImagesKwargs, total=False):
    """
    do_grayscale (`bool`):
        Luma in all three channels; an image that is grey already stays as it is.
    """

    do_grayscale: bool


@auto_docstring
class SuperPoint(BaseImageProcessor):
    """SuperPoint (arXiv:1712.07629): images warped to `size`, in 0..1; keypoints come out.

    Grey is made of the pixels as they came; by PIL's conventions of the rescaled ones (Q18).
    """

    valid_kwargs = SuperPointImageProcessorKwargs
    pipeline = ("grayscale", "resize", "rescale")

    do_grayscale = False
    do_resize = True
    size = {"height": 480, "width": 640}
    default_to_square = False
    resample = PILImageResampling.BILINEAR
    do_rescale = True
    do_normalize = None

    def grayscale(self, image):
        return self.ops.grayscale(image)

    def _preprocess(self, images, options):
        steps = ("resize", "rescale", "grayscale") if self.ops.conventions.grey_last else self.pipeline
        return self.batch_feature({"pixel_values": self.run_pipeline(images, options, steps)}, options)

    def post_process_keypoint_detection(self, outputs, target_sizes):
        """Keypoints, scores and descriptors of each image; see `postprocess.keypoint_detection`."""
        from ...postprocess import keypoint_detection

        return keypoint_detection(outputs, target_sizes)

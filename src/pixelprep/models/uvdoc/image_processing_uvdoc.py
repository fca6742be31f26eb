from __future__ import annotations

from ...image_processing_utils import BaseImageProcessor
from ...image_utils import PILImageResampling
from ...utils import auto_docstring
from .._tiles import height_and_width


@auto_docstring
class UVDoc(BaseImageProcessor):
    """UVDoc (arXiv:2302.02887): the photographed page in floats, BGR, with the corners of `size` on its corners.

    `original_images` is a list of the pages as they were, rescaled and BGR, for the post-processing. Always bilinear
    and without antialias, whatever `resample` says.
    """

    model_input_names = ["pixel_values"]
    further_outputs = ("original_images",)
    pipeline = ("rescale_and_normalize", "flip_channels")
    further_steps = ("resize",)

    do_rescale = True
    do_resize = True
    size = {"height": 712, "width": 488}
    resample = PILImageResampling.BILINEAR

    def flip_channels(self, image):
        """BGR.

        Raises:
            ValueError: the image has not three channels.
        """
        if image.shape[-3] != 3:
            raise ValueError(f"an image of {image.shape[-3]} channels has no BGR order; pass do_convert_rgb=True")
        return self.ops.flip_channels(image)

    def resize(self, image, size):
        target = height_and_width(size, self)
        return self.ops.resize_float(image, *target, PILImageResampling.BILINEAR, False, align_corners=True)

    def _preprocess(self, images, options):
        originals = self.run_pipeline(images, options)
        pages = self.run_pipeline(originals, options, ["resize"])
        encoded = self.batch_feature({"pixel_values": pages}, options)
        kept = self.batch_feature({"original_images": originals}, options.replace(return_tensors=None))
        encoded["original_images"] = kept["original_images"]
        return encoded

    def post_process_document_rectification(self, prediction, original_images, scale=255.0):
        """The pages flattened; see `postprocess.document_rectification`."""
        from ...postprocess import document_rectification

        return document_rectification(prediction, original_images, scale)

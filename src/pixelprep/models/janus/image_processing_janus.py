from __future__ import annotations

from ...utils import auto_docstring
from ..deepseek_vl.image_processing_deepseek_vl import DeepseekVL


@auto_docstring
class Janus(DeepseekVL):
    """Janus (arXiv:2410.13848): images as DeepSeek-VL takes them, and the way back from decoded images to pixels."""

    def postprocess(
        self,
        images,
        do_rescale=None,
        rescale_factor=None,
        do_normalize=None,
        image_mean=None,
        image_std=None,
        return_tensors=None,
        input_data_format=None,
    ):
        """Pixels from images that the model decoded; see `postprocess.pixels.restore_images`."""
        from ...postprocess.pixels import restore_images

        given = {
            "do_rescale": do_rescale,
            "rescale_factor": rescale_factor,
            "do_normalize": do_normalize,
            "image_mean": image_mean,
            "image_std": image_std,
        }
        return restore_images(self, images, given, return_tensors, input_data_format)

"""The way back, for models that make images: what they decoded as pixels."""

from __future__ import annotations

from typing import Any

from ..image_processing_utils import BaseImageProcessor
from ..image_utils import ChannelDimension


class RestoresImages(BaseImageProcessor):
    """Undoes what it did to images."""

    def postprocess(
        self,
        images: Any,
        do_rescale: bool | None = None,
        rescale_factor: float | None = None,
        do_normalize: bool | None = None,
        image_mean: Any = None,
        image_std: Any = None,
        return_tensors: str | None = None,
        input_data_format: ChannelDimension | str | None = None,
    ) -> Any:
        """Pixels from images that the model decoded; see `postprocess.pixels.restore_images`."""
        from ..postprocess.pixels import restore_images

        given = {
            "do_rescale": do_rescale,
            "rescale_factor": rescale_factor,
            "do_normalize": do_normalize,
            "image_mean": image_mean,
            "image_std": image_std,
        }
        return restore_images(self, images, given, return_tensors, input_data_format)

# ruff: noqa - written as published code is, older spellings included
"""A published family with more outputs."""

from transformers import Qwen2VLImageProcessor
from transformers.image_processing_utils import BatchFeature
from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize


class LarkImageProcessor(Qwen2VLImageProcessor):
    model_input_names = ["pixel_values", "image_grid_thw", "num_tokens"]

    def preprocess(self, images, **kwargs) -> BatchFeature:
        outputs = super().preprocess(images, **kwargs)
        outputs["num_tokens"] = outputs["image_grid_thw"].prod(-1) // self.merge_size**2
        outputs["expected_size"] = list(smart_resize(images.size[1], images.size[0], 28, 3136, 12544))
        return outputs

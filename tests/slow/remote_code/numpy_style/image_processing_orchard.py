# ruff: noqa - written as published code is, older spellings included
"""The NumPy style: everything spelled out in `preprocess`, over the functions of image_transforms."""

from typing import Dict, List, Optional, Union

import numpy as np

from transformers.image_processing_utils import BaseImageProcessor, BatchFeature, get_size_dict
from transformers.image_transforms import (
    convert_to_rgb,
    get_resize_output_image_size,
    resize,
    to_channel_dimension_format,
)
from transformers.image_utils import (
    ChannelDimension,
    ImageInput,
    PILImageResampling,
    infer_channel_dimension_format,
    is_scaled_image,
    make_list_of_images,
    to_numpy_array,
    valid_images,
    validate_kwargs,
    validate_preprocess_arguments,
)
from transformers.utils import TensorType, filter_out_non_signature_kwargs, is_vision_available, logging

from .statistics_orchard import MEAN, STD

logger = logging.get_logger(__name__)

if is_vision_available():
    import PIL


class OrchardImageProcessor(BaseImageProcessor):
    model_input_names = ["pixel_values"]

    def __init__(
        self,
        do_resize: bool = True,
        size: Dict[str, int] = None,
        resample: PILImageResampling = PILImageResampling.BICUBIC,
        do_center_crop: bool = True,
        crop_size: Dict[str, int] = None,
        do_rescale: bool = True,
        rescale_factor: Union[int, float] = 1 / 255,
        do_normalize: bool = True,
        image_mean: Optional[Union[float, List[float]]] = None,
        image_std: Optional[Union[float, List[float]]] = None,
        do_convert_rgb: bool = True,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        size = size if size is not None else {"shortest_edge": 224}
        crop_size = crop_size if crop_size is not None else {"height": 224, "width": 224}
        self.do_resize = do_resize
        self.size = get_size_dict(size, default_to_square=False)
        self.resample = resample
        self.do_center_crop = do_center_crop
        self.crop_size = get_size_dict(crop_size, default_to_square=True, param_name="crop_size")
        self.do_rescale = do_rescale
        self.rescale_factor = rescale_factor
        self.do_normalize = do_normalize
        self.image_mean = image_mean if image_mean is not None else MEAN
        self.image_std = image_std if image_std is not None else STD
        self.do_convert_rgb = do_convert_rgb
        self._valid_processor_keys = ["images", "do_resize", "size", "resample", "return_tensors", "data_format"]

    def resize(self, image, size, resample=PILImageResampling.BICUBIC, data_format=None, input_data_format=None):
        output_size = get_resize_output_image_size(
            image, size=size["shortest_edge"], default_to_square=False, input_data_format=input_data_format
        )
        return resize(
            image, size=output_size, resample=resample, data_format=data_format, input_data_format=input_data_format
        )

    @filter_out_non_signature_kwargs()
    def preprocess(
        self,
        images: ImageInput,
        do_resize: Optional[bool] = None,
        size: Optional[Dict[str, int]] = None,
        resample: PILImageResampling = None,
        do_normalize: Optional[bool] = None,
        return_tensors: Optional[Union[str, TensorType]] = None,
        data_format: ChannelDimension = ChannelDimension.FIRST,
        input_data_format: Optional[Union[str, ChannelDimension]] = None,
    ) -> "PIL.Image.Image":
        do_resize = do_resize if do_resize is not None else self.do_resize
        size = get_size_dict(size if size is not None else self.size, param_name="size", default_to_square=False)
        resample = resample if resample is not None else self.resample
        do_normalize = do_normalize if do_normalize is not None else self.do_normalize
        validate_kwargs(captured_kwargs=["size"], valid_processor_keys=self._valid_processor_keys)

        images = make_list_of_images(images)
        if not valid_images(images):
            raise ValueError("Invalid image type.")
        validate_preprocess_arguments(
            do_rescale=self.do_rescale,
            rescale_factor=self.rescale_factor,
            do_normalize=do_normalize,
            image_mean=self.image_mean,
            image_std=self.image_std,
            do_center_crop=self.do_center_crop,
            crop_size=self.crop_size,
            do_resize=do_resize,
            size=size,
            resample=resample,
        )
        if self.do_convert_rgb:
            images = [convert_to_rgb(image) for image in images]
        images = [to_numpy_array(image) for image in images]
        if self.do_rescale and is_scaled_image(images[0]):
            logger.warning_once("The images look rescaled already.")
        if input_data_format is None:
            input_data_format = infer_channel_dimension_format(images[0])

        all_images = []
        for image in images:
            if do_resize:
                image = self.resize(image, size=size, resample=resample, input_data_format=input_data_format)
            if self.do_center_crop:
                image = self.center_crop(image=image, size=self.crop_size, input_data_format=input_data_format)
            if self.do_rescale:
                image = self.rescale(image=image, scale=self.rescale_factor, input_data_format=input_data_format)
            if do_normalize:
                image = self.normalize(
                    image=image, mean=self.image_mean, std=self.image_std, input_data_format=input_data_format
                )
            all_images.append(image)
        all_images = [
            to_channel_dimension_format(image, data_format, input_channel_dim=input_data_format) for image in all_images
        ]
        return BatchFeature(data={"pixel_values": np.stack(all_images)}, tensor_type=return_tensors)

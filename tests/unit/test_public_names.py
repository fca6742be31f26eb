"""What could be imported from 0.1 still can: names, classes of families, model types."""

from __future__ import annotations

import importlib

import pytest

import pixelprep
from pixelprep.registry import MODEL_TYPES, find_class, find_family

NAMES = {
    "pixelprep": (
        "AutoImageProcessor BaseImageProcessor BatchFeature ChannelDimension ConfigError DecodeLimits ImageLoadError "
        "ImageNotFoundError ImagesKwargs MissingBackendError NativeBackend PILImageResampling PilBackend SizeDict "
        "TorchvisionBackend UnknownBackendError UnknownFamilyError Unpack UnsupportedOperationError UntrustedCodeError "
        "__version__ auto_docstring get_decode_limits load_image register_backend set_decode_limits set_num_threads"
    ),
    "pixelprep.auto": "AutoImageProcessor ConfigError UntrustedCodeError load_image_processor",
    "pixelprep.utils": "auto_docstring kwargs_documentation",
    "pixelprep.image_utils": (
        "AnnotationFormat ChannelDimension IMAGENET_DEFAULT_MEAN IMAGENET_DEFAULT_STD IMAGENET_STANDARD_MEAN "
        "IMAGENET_STANDARD_STD ImageInput OPENAI_CLIP_MEAN OPENAI_CLIP_STD PILImageResampling SizeDict get_image_size "
        "infer_channel_dimension_format is_array is_collection is_pil_image is_valid_image make_flat_list_of_images "
        "make_nested_list_of_images"
    ),
    "pixelprep.image_transforms": (
        "PaddingMode center_crop center_to_corners_format convert_to_rgb corners_to_center_format flip_channel_order "
        "get_resize_output_image_size group_images_by_shape id_to_rgb normalize pad reorder_images rescale resize "
        "rgb_to_id to_channel_dimension_format to_pil_image"
    ),
    "pixelprep.processing_utils": "ImagesKwargs KwargsSchema Options SizeDict Unpack",
    "pixelprep.image_processing_base": "ImageProcessingMixin",
    "pixelprep.image_processing_utils": (
        "BaseImageProcessor BatchFeature convert_to_rgb fetch_images make_flat_list_of_images "
        "make_nested_list_of_images map_images pad_to target_size"
    ),
    "pixelprep.image_processing_backends": "NativeBackend PilBackend TorchvisionBackend",
    "pixelprep.image_processing_outputs": "BatchFeature converter",
    "pixelprep.image_loading": (
        "DecodeLimits ImageLoadError ImageNotFoundError fetch_images get_decode_limits load_image set_decode_limits"
    ),
    "pixelprep.ops": (
        "Backend DEFAULT_ORDER MissingBackendError Ops UnknownBackendError UnsupportedOperationError backend_of_suffix "
        "backends choose_backend get_backend get_ops register_backend set_num_threads unsupported"
    ),
    "pixelprep.postprocess": (
        "compute_segments instance_segmentation object_detection panoptic_segmentation query_segmentation_scores "
        "run_length_encode select_boxes semantic_segmentation"
    ),
    "pixelprep.registry": (
        "FAMILIES Family MODEL_TYPES UnknownFamilyError family_of_model_type find_class find_family register_classes "
        "registered_classes written_families"
    ),
    "pixelprep.testing": "compare_twins",
}
FAMILIES = (
    "Aria Bit Blip BridgeTower CLIP Chameleon ChineseCLIP Cohere2Vision CohereCompass ConvNext Cosmos3Edge "
    "DINOv3ViT DeepseekOcr2 DeepseekVL DeepseekVLHybrid DeiT Detr EfficientNet Emu3 Ernie4_5_VLMoe Fuyu Gemma3 "
    "Gemma4 Gemma4Unified Glm46V Glm4v Glm5Next GlmImage Glmga GotOcr2 HunYuanVL Idefics Idefics2 Idefics3 "
    "Inkling Janus Kimi_K25 Kosmos2_5 Levit Lfm2Vl Llama4 Llava LlavaNext LlavaOnevision MiniCPMV4_6 MiniMaxM3VL "
    "Mllama MobileNetV1 MuseGlimmer NemotronH_Omni_Reasoning_V3 NeoMME Ovis2 PI0 PPChart2Table PPLCNet "
    "PaddleOCRVL Perceiver PerceptionLM Phi4Multimodal Pix2Struct Pixtral PoolFormer Pvt Qwen2VL Segformer Siglip "
    "Siglip2 SmolVLM Step3p7 TextNet Tipsv2 ViT VideoLlama3 Vilt"
)


@pytest.mark.parametrize("module", NAMES)
def test_modules_have_their_names(module: str) -> None:
    found = importlib.import_module(module)
    assert [name for name in NAMES[module].split() if not hasattr(found, name)] == []


@pytest.mark.parametrize("family", FAMILIES.split())
def test_families_have_their_classes(family: str) -> None:
    for suffix in ("", "Native", "Pil"):
        name = f"{family}ImageProcessor{suffix}"
        assert find_class(name)[0].name == family
        assert getattr(pixelprep, f"{family}ImageProcessorPil").__name__ == f"{family}ImageProcessorPil"


def test_model_types_are_known() -> None:
    assert len(FAMILIES.split()) == 74
    assert len(MODEL_TYPES) >= 211
    for name in ("clip", "kosmos-2.5", "qwen2_5_vl", "blip-2", "minicpmv4_7"):
        assert find_family(name).written

"""Which families there are, which model types use them, and which classes follow from that.

A family's class names are derived, never listed: `CLIP` on torchvision is `CLIPImageProcessor`, on Pillow
`CLIPImageProcessorPil`.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from .ops import DEFAULT_ORDER, backend_of_suffix, get_backend
from .utils import did_you_mean, nearest

if TYPE_CHECKING:
    from .image_processing_utils import BaseImageProcessor


class UnknownFamilyError(ValueError):
    """No family, class or model type of that name is known, or its family is not written yet."""


@dataclass(frozen=True)
class Family:
    """One image processor of the field: its name, its folder under `models/`, the model types that use it."""

    name: str
    folder: str
    model_types: tuple[str, ...]

    @property
    def module(self) -> str:
        """The module that defines the family."""
        return f"{__package__}.models.{self.folder}.image_processing_{self.folder}"

    @property
    def written(self) -> bool:
        """Whether the family is there yet."""
        try:
            return importlib.util.find_spec(self.module) is not None
        except ModuleNotFoundError:
            return False

    @property
    def backend_order(self) -> tuple[str, ...]:
        """The backends that are tried in turn where none is asked for."""
        lanczos = self.name in LANCZOS_FAMILIES and _torchvision_version() < LANCZOS_TORCHVISION
        return LANCZOS_ORDER if lanczos else DEFAULT_ORDER

    def load(self) -> type[BaseImageProcessor]:
        """The family's class, bound to no backend.

        Raises:
            UnknownFamilyError: it is not written yet.
        """
        if not self.written:
            raise UnknownFamilyError(f"the image processor {self.name} is known but not written yet in this version")
        family: type[BaseImageProcessor] = getattr(importlib.import_module(self.module), self.name)
        return family


@cache
def _torchvision_version() -> tuple[int, ...]:
    from importlib.metadata import PackageNotFoundError, version

    try:
        major, minor = version("torchvision").split(".")[:2]
        return int(major), int(minor)
    except (PackageNotFoundError, ValueError):
        return LANCZOS_TORCHVISION


# Sorted by use in the field; folder, then the model types.
_TABLE: dict[str, tuple[str, str]] = {
    "CLIP": (
        "clip",
        "aimv2 aimv2_vision_model altclip clip florence2 git groupvit kosmos-2 metaclip_2 mlcd vipllava xclip",
    ),
    "ViT": ("vit", "clipseg dinat ijepa mgp-str swiftformer swin swinv2 trocr vit vit_mae vit_msn"),
    "Qwen2VL": (
        "qwen2_vl",
        (
            "colqwen2 cosmos3_omni exaone4_5 hyperclovax_vision_v2 qwen2_5_omni qwen2_5_vl qwen2_vl qwen3_5 "
            "qwen3_5_moe qwen3_omni_moe qwen3_vl qwen4_exp"
        ),
    ),
    "Siglip": ("siglip", "colpali gemma3n paligemma siglip"),
    "TimmWrapper": ("timm_wrapper", "timm_wrapper"),
    "Bit": ("bit", "bit dinov2 focalnet hiera pixio"),
    "Sam2": ("sam2", "edgetam sam2 sam2_video"),
    "Sam3": ("sam3", "sam3 sam3_lite_text sam3_tracker sam3_tracker_video sam3_video"),
    "Sam": ("sam", "sam sam_hq"),
    "Detr": ("detr", "detr omdet-turbo table-transformer"),
    "ConvNext": ("convnext", "convnext convnextv2 cvt regnet resnet"),
    "Segformer": ("segformer", "segformer upernet"),
    "Donut": ("donut", "donut-swin"),
    "DINOv3ViT": ("dinov3_vit", "dinov3_vit"),
    "VitPose": ("vitpose", "vitpose"),
    "DPT": ("dpt", "depth_anything dpt"),
    "Blip": ("blip", "blip blip-2 instructblip"),
    "Gemma3": ("gemma3", "gemma3 shieldgemma2 t5gemma2 t5gemma2_encoder"),
    "LayoutLMv3": ("layoutlmv3", "layoutlmv3 udop"),
    "RTDetr": ("rt_detr", "deimv2 rt_detr"),
    "Siglip2": ("siglip2", "siglip2"),
    "Pixtral": ("pixtral", "lighton_ocr mistral3 pixtral"),
    "GotOcr2": ("got_ocr2", "aya_vision got_ocr2 internvl qianfan_ocr"),
    "GroundingDino": ("grounding_dino", "grounding-dino mm-grounding-dino"),
    "LlavaNext": ("llava_next", "granite4_vision llava_next llava_next_video"),
    "LlavaOnevision": ("llava_onevision", "llava_onevision"),
    "Llava": ("llava", "llava"),
    "SmolVLM": ("smolvlm", "smolvlm"),
    "Idefics3": ("idefics3", "idefics3"),
    "Mllama": ("mllama", "mllama"),
    "Beit": ("beit", "beit data2vec-vision"),
    "Gemma4": ("gemma4", "gemma4"),
    "Owlv2": ("owlv2", "owlv2"),
    "MobileNetV2": ("mobilenet_v2", "mobilenet_v2"),
    "Yolos": ("yolos", "yolos"),
    "OwlViT": ("owlvit", "owlvit"),
    "MobileViT": ("mobilevit", "mobilevit mobilevitv2"),
    "EfficientNet": ("efficientnet", "align efficientnet"),
    "Mask2Former": ("mask2former", "mask2former"),
    "SuperPoint": ("superpoint", "superpoint"),
    "LightGlue": ("lightglue", "lightglue"),
    "Llama4": ("llama4", "llama4"),
    "DeiT": ("deit", "deit"),
    "Phi4Multimodal": ("phi4_multimodal", "phi4_multimodal"),
    "Glm4v": ("glm4v", "glm4v"),
    "Glm46V": ("glm46v", "glm46v"),
    "Vilt": ("vilt", "vilt"),
    "DeformableDetr": ("deformable_detr", "deformable_detr lw_detr"),
    "Idefics2": ("idefics2", "idefics2"),
    "Nougat": ("nougat", "nougat"),
    "LayoutLMv2": ("layoutlmv2", "layoutlmv2 layoutxlm"),
    "VideoMAE": ("videomae", "timesformer videomae"),
    "Swin2SR": ("swin2sr", "swin2sr"),
    "VitMatte": ("vitmatte", "vitmatte"),
    "ConditionalDetr": ("conditional_detr", "conditional_detr"),
    "MiniCPMV4_6": ("minicpmv4_6", "minicpmv4_6 minicpmv4_7"),
    "MaskFormer": ("maskformer", "maskformer"),
    "PaddleOCRVL": ("paddleocr_vl", "paddleocr_vl"),
    "OneFormer": ("oneformer", "oneformer"),
    "Lfm2Vl": ("lfm2_vl", "lfm2_vl"),
    "Pix2Struct": ("pix2struct", "pix2struct"),
    "DeepseekOcr2": ("deepseek_ocr2", "deepseek_ocr2"),
    "Kimi_K25": ("kimi_k25", "kimi_k25"),
    "Janus": ("janus", "janus"),
    "DeepseekVL": ("deepseek_vl", "deepseek_vl"),
    "RfDetr": ("rf_detr", "rf_detr"),
    "DepthPro": ("depth_pro", "depth_pro"),
    "Idefics": ("idefics", "idefics"),
    "ZoeDepth": ("zoedepth", "zoedepth"),
    "ChineseCLIP": ("chinese_clip", "chinese_clip"),
    "Cohere2Vision": ("cohere2_vision", "cohere2_vision"),
    "Ovis2": ("ovis2", "ovis2"),
    "Ernie4_5_VLMoe": ("ernie4_5_vl_moe", "ernie4_5_vl_moe"),
    "ImageGPT": ("imagegpt", "imagegpt"),
    "Aria": ("aria", "aria"),
    "Eomt": ("eomt", "eomt eomt_dinov3"),
    "Levit": ("levit", "levit"),
    "Fuyu": ("fuyu", "fuyu"),
    "Chameleon": ("chameleon", "chameleon"),
    "Emu3": ("emu3", "emu3"),
    "MobileNetV1": ("mobilenet_v1", "mobilenet_v1"),
    "BridgeTower": ("bridgetower", "bridgetower"),
    "Pvt": ("pvt", "pvt pvt_v2"),
    "PerceptionLM": ("perception_lm", "perception_lm"),
    "VideoLlava": ("video_llava", "video_llava"),
    "Kosmos2_5": ("kosmos2_5", "kosmos-2.5"),
    "HunYuanVL": ("hunyuan_vl", "hunyuan_vl"),
    "VideoLlama3": ("video_llama_3", "video_llama_3"),
    "Flava": ("flava", "flava"),
    "PoolFormer": ("poolformer", "poolformer"),
    "Perceiver": ("perceiver", "perceiver"),
    "GLPN": ("glpn", "glpn"),
    "DeepseekVLHybrid": ("deepseek_vl_hybrid", "deepseek_vl_hybrid"),
    "Gemma4Unified": ("gemma4_unified", "gemma4_unified"),
    "GlmImage": ("glm_image", "glm_image"),
    "Vivit": ("vivit", "vivit"),
    "NemotronH_Omni_Reasoning_V3": ("nemotron_h_omni", "nemotron_h_omni"),
    "MiniMaxM3VL": ("minimax_m3_vl", "minimax_m3_vl"),
    "Glm5Next": ("glm5_next", "glm5_next"),
    "Step3p7": ("step3p7", "step3p7"),
    "SegGpt": ("seggpt", "seggpt"),
    "PI0": ("pi0", "pi0"),
    "PromptDepthAnything": ("prompt_depth_anything", "prompt_depth_anything"),
    "TextNet": ("textnet", "textnet"),
    "Tvp": ("tvp", "tvp"),
    "PPDocLayoutV3": ("pp_doclayout_v3", "pp_doclayout_v3"),
    "PPDocLayoutV2": ("pp_doclayout_v2", "pp_doclayout_v2"),
    "Sapiens2": ("sapiens2", "sapiens2"),
    "CohereCompass": ("cohere_compass", "cohere_compass"),
    "Glmga": ("glmga", "glmga"),
    "Cosmos3Edge": ("cosmos3_edge", "cosmos3_edge"),
    "MuseGlimmer": ("muse_glimmer", "muse_glimmer"),
    "PPLCNet": ("pp_lcnet", "pp_lcnet"),
    "SuperGlue": ("superglue", "superglue"),
    "EfficientLoFTR": ("efficientloftr", "efficientloftr"),
    "PPFormulaNet": ("pp_formulanet", "pp_formulanet"),
    "PPOCRV5ServerDet": (
        "pp_ocrv5_server_det",
        "pp_ocrv5_mobile_det pp_ocrv5_server_det pp_ocrv6_medium_det pp_ocrv6_small_det",
    ),
    "PPOCRV5ServerRec": ("pp_ocrv5_server_rec", "pp_ocrv5_mobile_rec pp_ocrv5_server_rec"),
    "PPOCRV6SmallRec": ("pp_ocrv6_small_rec", "pp_ocrv6_small_rec pp_ocrv6_tiny_rec"),
    "SLANeXt": ("slanext", "slanet slanext"),
    "UVDoc": ("uvdoc", "uvdoc"),
    "NeoMME": ("neomme", "neomme"),
    "Inkling": ("inkling", "inkling_mm_model"),
    "PPChart2Table": ("pp_chart2table", "pp_chart2table"),
    "CHMv2": ("chmv2", "chmv2"),
    "Tipsv2": ("tipsv2", "tipsv2"),
    "Tipsv2Dpt": ("tipsv2_dpt", "tipsv2_dpt"),
}

FAMILIES: Mapping[str, Family] = {
    name: Family(name, folder, tuple(types.split())) for name, (folder, types) in _TABLE.items()
}
MODEL_TYPES: Mapping[str, Family] = {
    model_type: family for family in FAMILIES.values() for model_type in family.model_types
}
# Other spellings in published files: of a class name before "ImageProcessor", and of a model type.
_SPELLINGS = {"Ernie4_5_VL_Moe": "Ernie4_5_VLMoe", "DINOv3": "DINOv3ViT"}
_MODEL_TYPE_SPELLINGS = {"ernie4_5_moe_vl": "ernie4_5_vl_moe"}

# Their default filter is Lanczos, which torchvision resamples on tensors from this version on.
LANCZOS_FAMILIES = frozenset({"Chameleon", "Flava", "Idefics3", "SmolVLM"})
LANCZOS_TORCHVISION = (0, 27)
LANCZOS_ORDER = ("native", "pil", "torchvision")


def written_families() -> list[str]:
    """Names of the families that are there."""
    return [name for name, family in FAMILIES.items() if family.written]


@cache
def find_class(name: str) -> tuple[Family, str | None]:
    """The family and the backend that a class name stands for.

    Args:
        name: `CLIPImageProcessor`, with any backend's suffix, with the older `Fast`, or the old
            `CLIPFeatureExtractor`. A plain name or `FeatureExtractor` leaves the backend open (None). A model type's
            own name, such as `SwinImageProcessor`, means the family that it uses.

    Raises:
        UnknownFamilyError: no family has such a name; the message names the nearest.
    """
    for kind in ("ImageProcessor", "FeatureExtractor"):
        stem, found, suffix = name.partition(kind)
        stem = _SPELLINGS.get(stem, stem)
        family = FAMILIES.get(stem) or _families_by_plain_type().get(stem.lower().replace("_", ""))
        backend = ("torchvision" if suffix == "Fast" else backend_of_suffix(suffix)) if found and family else None
        if family and backend:
            return family, backend if suffix else None
    stem = re.split("(?<=.)(?:Image|Feature)", name)[0]
    close = nearest(stem, FAMILIES)
    hint = f"; did you mean {close + 'ImageProcessor'!r}?" if close else ""
    raise UnknownFamilyError(f"no image processor is called {_shown(name)}{hint}")


def _shown(name: str) -> str:
    """A name for a message, however long a hostile file has made it."""
    return repr(name) if len(name) <= 80 else repr(name[:77]) + "..."


@cache
def _families_by_plain_type() -> dict[str, Family]:
    return {name.replace("-", "").replace("_", "").replace(".", ""): family for name, family in MODEL_TYPES.items()}


def family_of_model_type(model_type: str) -> Family:
    """The family that a model type uses, as `config.json` spells it.

    Raises:
        UnknownFamilyError: none is known; the message names the nearest.
    """
    family = MODEL_TYPES.get(_MODEL_TYPE_SPELLINGS.get(model_type, model_type))
    if family is None:
        stem = re.sub("For[A-Z].*|Model$", "", model_type).lower()  # some files name the architecture's class
        hint = did_you_mean(stem, MODEL_TYPES)
        raise UnknownFamilyError(f"no image processor is known for the model type {_shown(model_type)}{hint}")
    return family


def find_family(name: str) -> Family:
    """The family of a model type (`qwen2_5_vl`), a folder (`qwen2_vl`) or a family or class name, in any case.

    Raises:
        UnknownFamilyError: nothing is called so; the message names the nearest.
    """
    if name in MODEL_TYPES:
        return MODEL_TYPES[name]
    wanted = name.lower().replace("-", "_")
    names = {key.lower(): family for family in FAMILIES.values() for key in (family.folder, family.name)}
    if wanted in names:
        return names[wanted]
    try:
        return find_class(name)[0]
    except UnknownFamilyError:
        hint = did_you_mean(wanted, [*names, *MODEL_TYPES])
        raise UnknownFamilyError(f"no model type or image processor is called {_shown(name)}{hint}") from None


def image_processor_class(name: str, backend: str) -> type[BaseImageProcessor]:
    """The class of a family, given by any name that `find_family` takes, on a backend.

    Raises:
        UnknownFamilyError, UnknownBackendError: nothing is called so.
    """
    get_backend(backend)
    return find_family(name).load().on(backend)


# ------------------------------------------------------------------------------------------- classes from outside

_REGISTERED: dict[str, dict[str, type[BaseImageProcessor]]] = {}
"""Model type -> backend -> class, as given to `AutoImageProcessor.register`."""


def register_classes(model_type: str, classes: Mapping[str, type[BaseImageProcessor]], exist_ok: bool = False) -> None:
    """Add the classes of a model type, one for each backend; see `AutoImageProcessor.register`."""
    from .image_processing_utils import BaseImageProcessor

    if not classes:
        raise ValueError(f"{model_type!r}: give at least one class, as image_processor_classes={{'pil': MyProcessor}}")
    for backend, cls in classes.items():
        if not (isinstance(cls, type) and issubclass(cls, BaseImageProcessor)):
            raise TypeError(f"{model_type!r}, backend {backend!r}: {cls!r} is no subclass of BaseImageProcessor")
        if not cls.backend:
            raise TypeError(
                f"{model_type!r}, backend {backend!r}: {cls.__name__} is bound to no backend; inherit from "
                f"TorchvisionBackend, PilBackend, ..., or give {cls.__name__}.on('pil')"
            )
    present = _REGISTERED.get(model_type, {})
    family = MODEL_TYPES.get(model_type)
    taken = set(present) | (set(DEFAULT_ORDER) if family else set())
    if not exist_ok and taken & set(classes):
        names = ", ".join(sorted(taken & set(classes)))
        raise ValueError(f"{model_type!r} has a class for {names} already; pass exist_ok=True to replace it")
    merged = {**present, **classes}
    others = [family.load().on("pil")] if family and family.written else []
    _refuse_different_defaults(model_type, [*others, *merged.values()])
    _REGISTERED[model_type] = merged


def _refuse_different_defaults(model_type: str, classes: list[type[BaseImageProcessor]]) -> None:
    from .utils import disagreements

    first, *rest = classes
    for other in rest:
        names = first.__name__, other.__name__
        reports = disagreements("default of", names, first._class_defaults(), other._class_defaults())
        if reports:
            raise ValueError(
                f"{model_type!r}: one configuration must mean the same on every backend, but the classes disagree: "
                + "; ".join(reports)
            )


def unregister_classes(model_type: str) -> None:
    """Forget what was registered for a model type."""
    _REGISTERED.pop(model_type, None)


def registered_classes(model_type: str | None, family: Family | None = None) -> dict[str, type[BaseImageProcessor]]:
    """The registered classes of a model type; without one, of the type that a family is named after."""
    if model_type not in _REGISTERED and family is not None:
        named_after = family.model_types[0] if len(family.model_types) == 1 else family.folder
        model_type = named_after if model_type is None or model_type not in family.model_types else model_type
    return _REGISTERED.get(model_type or "", {})


def find_registered(class_name: str) -> str | None:
    """The model type for which a class of that name is registered, with or without a backend's suffix."""
    for model_type, classes in _REGISTERED.items():
        if any(class_name in (cls.__name__, cls.plain_name()) for cls in classes.values()):
            return model_type
    return None

"""Which families there are, which model types use them, and which classes follow from that.

A family's class names are derived, never listed: `CLIP` on torchvision is `CLIPImageProcessor`, on Pillow
`CLIPImageProcessorPil`.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core.enums import PILImageResampling
from ..ops import DEFAULT_ORDER, get_backend

if TYPE_CHECKING:
    from ..image_processing_utils import BaseImageProcessor
    from ..testing.family import Cases

_PACKAGE = __name__.partition(".")[0]


class UnknownFamilyError(ValueError):
    """No family, class or model type of that name is known, or its family is not written yet."""


@dataclass(frozen=True)
class Family:
    """One processor of the field: its name, its folder under `models/`, the model types that use it.

    `kind` is "Image" or "Video": what it processes.
    """

    name: str
    folder: str
    model_types: tuple[str, ...]
    kind: str = "Image"

    @property
    def module(self) -> str:
        """The module that defines the family."""
        return f"{_PACKAGE}.models.{self.folder}.{self.kind.lower()}_processing_{self.folder}"

    @property
    def class_name(self) -> str:
        """The family's class there: the name, and of videos `Video` behind it, so that both can be read in one file."""
        return self.name if self.kind == "Image" else self.name + self.kind

    @property
    def cases_module(self) -> str:
        """The module that says what the family is tried with."""
        return f"{_PACKAGE}.models.{self.folder}.{'' if self.kind == 'Image' else 'video_'}cases"

    @property
    def written(self) -> bool:
        """Whether the family is there yet."""
        try:
            return importlib.util.find_spec(self.module) is not None
        except ModuleNotFoundError:
            return False

    @property
    def backend_order(self) -> tuple[str, ...]:
        """The backends that are tried in turn where none is asked for.

        Those that have the family's default filter come first, and Pillow where the reference knows no other.
        """
        wanted = getattr(self.load(), "resample", None) if self.written else None
        name = None if wanted is None else PILImageResampling.parse(wanted).name
        order = sorted(DEFAULT_ORDER, key=lambda backend: name in get_backend(backend).lacks())
        return tuple(sorted(order, key=lambda backend: backend != self.only_backend) if self.only_backend else order)

    @property
    def only_backend(self) -> str | None:
        """The backend of the one class that the reference has, where that is not torchvision's."""
        return "pil" if self.kind == "Image" and self.name in PIL_FAMILIES else None

    def load(self) -> type[BaseImageProcessor]:
        """The family's class, bound to no backend.

        Raises:
            UnknownFamilyError: it is not written yet.
        """
        if not self.written:
            what = f"the {self.kind.lower()} processor {self.name}"
            raise UnknownFamilyError(f"{what} is known but not written yet in this version")
        family: type[BaseImageProcessor] = getattr(importlib.import_module(self.module), self.class_name)
        return family

    def cases(self) -> Cases:
        """What the family is tried with: `CASES` of the file `cases.py` beside it. For tests; nothing else reads it.

        Raises:
            UnknownFamilyError: there is no such file.
        """
        module = self.cases_module
        try:
            cases: Cases = importlib.import_module(module).CASES
        except ModuleNotFoundError as error:
            if not f"{module}.".startswith(f"{error.name}."):
                raise
            raise UnknownFamilyError(f"{self.name} has no cases: write CASES = Cases(...) in {module}") from None
        return cases


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
            "colqwen2 cosmos3_omni dots3_note exaone4_5 hyperclovax_vision_v2 lfm3_vl qwen2_5_omni qwen2_5_vl qwen2_vl "
            "qwen3_5 qwen3_5_moe qwen3_omni_moe qwen3_vl qwen4_exp"
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
    "Pixtral": ("pixtral", "lighton_ocr mistral3 mistral_large4 pixtral"),
    "GotOcr2": ("got_ocr2", "aya_vision got_ocr2 internvl qianfan_ocr"),
    "GroundingDino": ("grounding_dino", "grounding-dino mm-grounding-dino"),
    "LlavaNext": ("llava_next", "granite4_vision llava_next llava_next_video"),
    "LlavaOnevision": ("llava_onevision", "llava_onevision"),
    "Llava": ("llava", "llava"),
    "SmolVLM": ("smolvlm", "smolvlm"),
    "Idefics3": ("idefics3", "idefics3"),
    "Mllama": ("mllama", "mllama"),
    "Beit": ("beit", "beit data2vec-vision"),
    "Gemma4": ("gemma4", "embedding_gemma2 gemma4"),
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
    "MuseGlimmer": ("muse_glimmer", "muse_glimmer muse_spark"),
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
    "Molmo2": ("molmo2", "molmo2"),
    "GraniteDocling": ("granite_docling", "granite_docling"),
    "HYV4VL": ("hy_v4_vl", "hy_v4_vl"),
    "MiniCPMOcr": ("minicpm_ocr", "minicpm_ocr"),
    "UnlimitedOcr": ("unlimited_ocr", "unlimited_ocr"),
    "Inkling2": ("inkling2", "inkling2 inkling2_loop"),
    "PPDocLayoutV4": ("pp_doclayout_v4", "pp_doclayout_v4"),
    "Apertus1p5": ("apertus1p5", "apertus1p5"),
    "UltraVBert": ("ultravbert", "ultravbert"),
}

FAMILIES: Mapping[str, Family] = {
    name: Family(name, folder, tuple(types.split())) for name, (folder, types) in _TABLE.items()
}
MODEL_TYPES: Mapping[str, Family] = {
    model_type: family for family in FAMILIES.values() for model_type in family.model_types
}

# The reference has one class of these, which resizes with Pillow: what it gives is the pil backend's.
PIL_FAMILIES = frozenset({"Emu3", "TimmWrapper", "VideoLlava", "Vivit"})


def written_families() -> list[str]:
    """Names of the families that are there."""
    return [name for name, family in FAMILIES.items() if family.written]

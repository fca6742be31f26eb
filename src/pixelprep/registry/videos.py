"""The table of video families: which there are, which model types use them.

A family's class names are derived, as those of images are: `Qwen2VL` is `Qwen2VLVideo` in its module, and
`Qwen2VLVideoProcessor`, `Qwen2VLVideoProcessorNative`, ... to users.
"""

from __future__ import annotations

from collections.abc import Mapping

from .families import Family

# By name: folder, then the model types.
_TABLE: dict[str, tuple[str, str]] = {
    "Qwen2VL": (
        "qwen2_vl",
        "exaone4_5 hyperclovax_vision_v2 qwen2_5_omni qwen2_5_vl qwen2_vl qwen3_omni_moe",
    ),
    "Qwen3VL": (
        "qwen3_vl",
        "cosmos3_omni dots3_note lfm3_vl qwen3_5 qwen3_5_moe qwen3_vl qwen3_vl_moe qwen4_exp",
    ),
    "LlavaOnevision": ("llava_onevision", "llava_onevision videoprism"),
    "LlavaNextVideo": ("llava_next_video", "llava_next_video"),
    "VideoLlava": ("video_llava", "video_llava"),
    "VideoMAE": ("videomae", "videomae"),
    "Timesformer": ("timesformer", "timesformer"),
    "Vivit": ("vivit", "vivit"),
    "VJEPA2": ("vjepa2", "vjepa2"),
    "InternVL": ("internvl", "internvl"),
    "InstructBlipVideo": ("instructblipvideo", "instructblip instructblipvideo"),
    "PerceptionLM": ("perception_lm", "perception_lm"),
    "Videomt": ("videomt", "videomt"),
    "Sam2Video": ("sam2_video", "sam2_video"),
    "PeVideo": ("pe_video", "pe_audio_video pe_video"),
    "SmolVLM": ("smolvlm", "smolvlm"),
    "VideoLlama3": ("video_llama_3", "video_llama_3"),
    "MiniMaxM3VL": ("minimax_m3_vl", "minimax_m3_vl"),
    "Ernie4_5_VLMoe": ("ernie4_5_vl_moe", "ernie4_5_vl_moe"),
    "CohereCompass": ("cohere_compass", "cohere_compass"),
    "Cosmos3Edge": ("cosmos3_edge", "cosmos3_edge"),
    "Glm4v": ("glm4v", "glm4v"),
    "Glm46V": ("glm46v", "glm46v"),
    "Glmga": ("glmga", "glmga"),
    "Glm5Next": ("glm5_next", "glm5_next"),
    "HYV4VL": ("hy_v4_vl", "hy_v4_vl"),
    "Gemma4": ("gemma4", "gemma4"),
    "EmbeddingGemma2": ("embedding_gemma2", "embedding_gemma2"),
    "Gemma4Unified": ("gemma4_unified", "gemma4_unified"),
    "Kimi_K25": ("kimi_k25", "kimi_k25"),
    "MuseGlimmer": ("muse_glimmer", "muse_glimmer muse_spark"),
    "Molmo2": ("molmo2", "molmo2"),
    "NemotronH_Omni_Reasoning_V3": ("nemotron_h_omni", "nemotron_h_omni"),
    "MiniCPMV4_6": ("minicpmv4_6", "minicpmv4_6 minicpmv4_7"),
    "MiniCPMOcr": ("minicpm_ocr", "minicpm_ocr"),
}

VIDEO_FAMILIES: Mapping[str, Family] = {
    name: Family(name, folder, tuple(types.split()), "Video") for name, (folder, types) in _TABLE.items()
}
VIDEO_MODEL_TYPES: Mapping[str, Family] = {
    model_type: family for family in VIDEO_FAMILIES.values() for model_type in family.model_types
}

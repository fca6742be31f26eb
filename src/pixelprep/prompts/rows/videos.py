"""How processors write videos into prompts, by class name."""

from __future__ import annotations

from dataclasses import replace

from .. import steps
from ..forms import Form, VideoRow
from ..tokens import Text
from .tiles import NUMBER, SLICES

_WHOLE = VideoRow("Qwen2VL", steps.whole_clip, "video_token")
_OMNI = replace(_WHOLE, seconds_name="video_second_per_grid")
_TIMED = VideoRow(
    "Qwen3VL",
    steps.each_grid,
    "video_token",
    form=Form((Text("<{seconds:.1f} seconds>"), "<|vision_start|>"), ("<|vision_end|>",)),
    told=steps.shown(at="middle", together="temporal_patch_size", assumed=24),
)
_GLM = VideoRow(
    "Glm4v",
    steps.each_grid,
    "image_token",
    "video_token",
    Form(("<|begin_of_image|>",), ("<|end_of_image|>", Text("{whole}"))),
    steps.shown(together=2, assumed=24),
)
_GLM_46 = replace(
    _GLM, family="Glm46V", form=Form(("<|begin_of_image|>",), ("<|end_of_image|>", Text("{seconds:.1f} seconds")))
)
_GEMMA = VideoRow(
    "Gemma4",
    steps.soft_frames,
    "video_token",
    form=Form((Text("{all_minutes:02d}:{rest:02d} "), "boi_token"), ("eoi_token",)),
    told=steps.shown(assumed=24),
    between=(Text(" "),),
)
_MUSE = VideoRow(
    "MuseGlimmer",
    steps.each_grid,
    "<|video|>",
    form=Form((Text("Time: {seconds:.1f}s"),)),
    told=steps.shown(together="temporal_patch_size", assumed=24),
    begin=("<|vid_start|>",),
    between=("<|vid_frame_separator|>",),
    end=("<|vid_end|>",),
)
_INTERN = VideoRow(
    "InternVL",
    steps.constant_frames("image_seq_length"),
    "context_image_token",
    "video_token",
    Form((Text("Frame{step}: "), "start_image_token"), ("end_image_token",)),
    between=(Text("\n"),),
    type_id=1,
    marked=("start_image_token", "end_image_token"),
    renamed={"pixel_values_videos": "pixel_values"},
)
_MINICPM = VideoRow("MiniCPMV4_6", steps.sliced_frames, "video_token", form=SLICES, number_in_front=NUMBER)
_FENCES = ("]<]start of image[>[",), ("]<]end of image[>[",)
_TIME = Text("]<]{seconds:.1f} seconds[>[")
_FAKE = "<fake_token_around_image>"

VIDEOS: dict[str, VideoRow] = {
    # The whole clip as one run.
    "Qwen2VLProcessor": _WHOLE,
    "Qwen2_5_VLProcessor": replace(_WHOLE, seconds=steps.seconds_by_source, seconds_name="second_per_grid_ts"),
    "Exaone4_5_Processor": _WHOLE,
    "HyperCLOVAXVisionV2Processor": replace(_WHOLE, duration="<|video_duration|>"),
    "Dots3NoteProcessor": replace(_WHOLE, family="Qwen3VL", feature="<|video_pad|>"),
    "Qwen2_5OmniProcessor": replace(
        _OMNI,
        seconds=steps.seconds_by_option(2.0),
        asks={"size": {"shortest_edge": 128 * 28 * 28, "longest_edge": 768 * 28 * 28}},
    ),
    "Qwen3OmniMoeProcessor": replace(
        _OMNI,
        seconds=steps.seconds_by_option(1.0),
        asks={"size": {"shortest_edge": 128 * 32 * 32, "longest_edge": 768 * 32 * 32}},
    ),
    "Ernie4_5_VLMoeProcessor": replace(_WHOLE, family="Ernie4_5_VLMoe", count=steps.paired_clip),
    "HYV4VLProcessor": replace(_WHOLE, family="HYV4VL", count=steps.clip_with_newlines),
    "LlavaNextVideoProcessor": VideoRow("LlavaNextVideo", steps.quartered_frames, "video_token"),
    "LlavaOnevisionProcessor": VideoRow("LlavaOnevision", steps.halved_frames, "video_token"),
    "VideoLlavaProcessor": VideoRow("VideoLlava", steps.whole_frames, "video_token"),
    "PerceptionLMProcessor": VideoRow("PerceptionLM", steps.pooled_frames, "video_token"),
    "InstructBlipVideoProcessor": VideoRow(
        "InstructBlipVideo", steps.constant_clip("num_query_tokens", 4), "video_token"
    ),
    # Steps in time.
    "Qwen3VLProcessor": _TIMED,
    "Lfm3VlProcessor": _TIMED,
    "CohereCompassProcessor": replace(
        _TIMED,
        family="CohereCompass",
        feature="<|VIDEO_PAD|>",
        form=Form((Text("<{seconds:.1f} seconds>"), "<|VISION_START|>"), ("<|VISION_END|>",)),
    ),
    "Cosmos3EdgeProcessor": replace(_TIMED, family="Cosmos3Edge"),
    "Glm4vProcessor": _GLM,
    "Glm46VProcessor": _GLM_46,
    "Glm5NextProcessor": replace(_GLM_46, family="Glm5Next"),
    "MiniMaxM3VLProcessor": VideoRow(
        "MiniMaxM3VL",
        steps.each_grid,
        "]<]video[>[",
        form=Form((_TIME, *_FENCES[0]), _FENCES[1]),
        told=steps.shown(together="temporal_patch_size", needed=False),
        untold=Form(*_FENCES),
        asks={"do_resize": False},
    ),
    "MuseGlimmerProcessor": _MUSE,
    "MuseSparkProcessor": _MUSE,
    "Kimi_K25Processor": VideoRow(
        "Kimi_K25",
        steps.each_chunk,
        "<|kimi_k25_video_placeholder|>",
        form=Form(
            (
                Text("{hours:02d}:{minutes:02d}:{rest:02d}.{milliseconds:03d}"),
                "<|media_begin|>",
                Text("video"),
                "<|media_content|>",
            ),
            ("<|media_end|>",),
        ),
        told=steps.shown(together="temporal_patch_size", assumed=24),
    ),
    "NemotronH_Omni_Reasoning_V3Processor": VideoRow(
        "NemotronH_Omni_Reasoning_V3",
        steps.shuffled_tubelets,
        "<image>",
        "<video>",
        Form((Text("{frames}: "), "<img>"), ("</img>",)),
        steps.sampled,
        between=(Text("\n"),),
    ),
    # Frames.
    "VideoLlama3Processor": VideoRow(
        "VideoLlama3",
        steps.kept_of_each_frame,
        "video_token",
        form=Form((Text("Time {seconds:.1f}s:"),)),
        told=steps.shown(assumed=1),
        between=(Text(","),),
    ),
    "Gemma4Processor": _GEMMA,
    "Gemma4UnifiedProcessor": replace(_GEMMA, family="Gemma4Unified"),
    "EmbeddingGemma2Processor": replace(
        _GEMMA,
        family="EmbeddingGemma2",
        told=steps.shown(rounded=round, wanted="add_timestamps"),
        untold=Form(("boi_token",), ("eoi_token",)),
    ),
    "Molmo2Processor": VideoRow(
        "Molmo2",
        steps.pooled_grids,
        "<im_patch>",
        "<|video|>",
        Form((Text("{seconds:.1f} "), "<frame_start>"), ("<frame_end>",)),
        steps.shown(assumed="max_fps"),
        between=(Text(" "),),
        type_id=1,
        marked=("<frame_start>", "<frame_end>"),
    ),
    "InternVLProcessor": _INTERN,
    "SmolVLMProcessor": VideoRow(
        "SmolVLM",
        steps.constant_frames("image_seq_len"),
        "<image>",
        "<video>",
        Form((Text("\nFrame from {all_minutes:02d}:{rest:02d}:"), _FAKE, "<global-img>"), (_FAKE,)),
        steps.narrated,
        begin=(Text("You are provided the following series of {count} frames from a {length} [H:MM:SS] video.\n"),),
        end=(Text("\n\n"),),
        type_id=1,
    ),
    "MiniCPMV4_6Processor": _MINICPM,
    "MiniCPMV4_7Processor": replace(_MINICPM, number_in_front=()),
    "MiniCPMOcrProcessor": replace(_MINICPM, family="MiniCPMOcr"),
}

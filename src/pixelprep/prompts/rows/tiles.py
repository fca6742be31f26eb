"""Processors that write a list or a grid of tiles, one token, or a prefix."""

from __future__ import annotations

from dataclasses import replace

from .. import counts
from ..forms import Form, Row
from ..tokens import Text

_FAKE = "<fake_token_around_image>"
_IDEFICS3_FORM = Form(
    label=(_FAKE, "<row_{r}_col_{c}>"),
    row_after=(Text("\n"),),
    last_row=(Text("\n"),),
    overview_label=(_FAKE, "<global-img>"),
    overview_mark=(_FAKE,),
)
_IDEFICS3 = Row(
    ("idefics3", "modernvbert", "ultravbert"),
    "Idefics3",
    counts.split_tiles,
    "<image>",
    form=_IDEFICS3_FORM,
    numbers={"image_seq_len": 169},
    asks=lambda numbers: {"return_row_col_info": True},
)
NUMBER = ("image_id_start_token", Text("{index}"), "image_id_end_token")
SLICES = Form(
    overview="first",
    overview_label=("image_start_token",),
    overview_mark=("image_end_token",),
    label=("slice_start_token",),
    mark=("slice_end_token",),
    row_between=(Text("\n"),),
)
_MINICPM = Row(
    ("minicpmv4_6",),
    "MiniCPMV4_6",
    counts.slices,
    "image_token",
    form=SLICES,
    tokens={
        "image_token": "<|image_pad|>",
        "video_token": "<|video_pad|>",
        "image_start_token": "<image>",
        "image_end_token": "</image>",
        "slice_start_token": "<slice>",
        "slice_end_token": "</slice>",
        "image_id_start_token": "<image_id>",
        "image_id_end_token": "</image_id>",
    },
    number_in_front=NUMBER,
)
_BLIP2 = Row(
    ("blip-2",),
    "Blip",
    counts.constant("num_query_tokens"),
    "image_token",
    tokens={"image_token": "<image>"},
    numbers={"num_query_tokens": None},
    prefix=True,
)
_TAGS = r"</?(?:image|phrase|object|grounding|doc|chunk|line)>|<patch_index_\d{4}>|</delimiter_of_multi_objects/>"

TILES: dict[str, Row] = {
    # Lists of tiles.
    "AyaVisionProcessor": Row(
        ("aya_vision",),
        "GotOcr2",
        counts.listed_tiles,
        "img_patch_token",
        "image_token",
        Form(
            ("start_of_img_token",),
            ("end_of_img_token",),
            label=("tile_token_{k}",),
            overview_label=("tile_global_token",),
        ),
        tokens={
            "image_token": "<image>",
            "start_of_img_token": "<|START_OF_IMG|>",
            "end_of_img_token": "<|END_OF_IMG|>",
            "img_patch_token": "<|IMG_PATCH|>",
            "tile_token_{k}": "TILE_{k}",
            "tile_global_token": "TILE_GLOBAL",
        },
        numbers={"patch_size": 28, "img_size": 364},
        asks=lambda numbers: {"crop_to_patches": True},
        from_arguments=True,
        built_with={"size": {"height": 364, "width": 364}},
    ),
    "Cohere2VisionProcessor": Row(
        ("cohere2_vision",),
        "Cohere2Vision",
        counts.marked_tiles,
        "image_token",
        form=Form(
            ("boi_token",), ("eoi_token",), mark=("img_line_break_token",), overview_mark=("img_line_break_token",)
        ),
        tokens={
            "image_token": "<|IMG_PATCH|>",
            "boi_token": "<|START_OF_IMG|>",
            "eoi_token": "<|END_OF_IMG|>",
            "img_line_break_token": "<|IMG_LINE_BREAK|>",
        },
    ),
    "Step3p7Processor": Row(
        ("step3p7",),
        "Step3p7",
        counts.masked_rows,
        "<im_patch>",
        form=Form(
            label=("<patch_start>",),
            mark=("<patch_end>",),
            row_between=("<patch_newline>",),
            overview_label=("<im_start>",),
            overview_mark=("<im_end>",),
        ),
        numbers={"num_patch_tokens": 81, "num_image_tokens": 169},
    ),
    # Rows and columns of tiles.
    "Llama4Processor": Row(
        ("llama4",),
        "Llama4",
        counts.shuffled_tiles,
        "patch_token",
        "fake_image_token",
        Form(
            ("start_of_image_token",),
            ("end_of_image_token",),
            column=("tile_x_separator_token",),
            row_after=("tile_y_separator_token",),
            overview_label=("image_token",),
        ),
        tokens={
            "fake_image_token": "<|image|>",
            "image_token": "<|image|>",
            "start_of_image_token": "<|image_start|>",
            "end_of_image_token": "<|image_end|>",
            "patch_token": "<|patch|>",
            "tile_x_separator_token": "<|tile_x_separator|>",
            "tile_y_separator_token": "<|tile_y_separator|>",
        },
        numbers={"patch_size": 14, "pixel_shuffle_ratio": 0.5},
        from_arguments=True,
    ),
    "Ovis2Processor": Row(
        ("ovis2",),
        "Ovis2",
        counts.ovis_tiles,
        "<IMG_ATOM>",
        "<image>",
        Form(
            ("<IMG_START>",),
            ("<IMG_END>",),
            column=("<IMG_COL>",),
            row_between=("<IMG_ROW>",),
            overview="first",
            overview_mark=("<IMG_GRID>",),
        ),
        numbers={"image_seq_length": 256},
    ),
    "Idefics3Processor": _IDEFICS3,
    "SmolVLMProcessor": replace(_IDEFICS3, types=("smolvlm",), family="SmolVLM"),
    "ColModernVBertProcessor": replace(_IDEFICS3, types=("colmodernvbert",), numbers={"image_seq_len": 64}),
    "GraniteDoclingProcessor": replace(
        _IDEFICS3,
        types=("granite_docling",),
        family="GraniteDocling",
        count=counts.docling_tiles,
        form=replace(
            _IDEFICS3_FORM, last_row=(), overview_label=(Text("\n"), _FAKE, "<global-img>"), overview_mark=(_FAKE,)
        ),
        numbers={"image_seq_len": 64},
        asks=lambda numbers: {},
    ),
    "Lfm2VlProcessor": Row(
        ("lfm2_vl",),
        "Lfm2Vl",
        counts.lfm_tiles,
        "image_token",
        form=Form(
            ("image_start_token",),
            ("image_end_token",),
            label=("<|img_row_{r}_col_{c}|>",),
            overview_label=("image_thumbnail",),
        ),
        alone=Form(("image_start_token",), ("image_end_token",)),
        tokens={
            "image_token": "<image>",
            "image_start_token": "<|image_start|>",
            "image_end_token": "<|image_end|>",
            "image_thumbnail": "<|img_thumbnail|>",
        },
        numbers={"use_image_special_tokens": True},
        asks=lambda numbers: {"return_row_col_info": True},
    ),
    "MiniCPMV4_6Processor": _MINICPM,
    "MiniCPMV4_7Processor": replace(_MINICPM, types=("minicpmv4_7",)),
    "MiniCPMOcrProcessor": replace(_MINICPM, types=("minicpm_ocr",), family="MiniCPMOcr"),
    # One token, or a prefix.
    "MllamaProcessor": Row(
        ("mllama",),
        "Mllama",
        lambda made: counts.run(1),
        "<|image|>",
        tokens={"bos_token": "<s>"},
        front=("bos_token",),
        framed=True,
        front_behind_images=True,
        mask="cross_attention_mask",
    ),
    "IdeficsProcessor": Row(
        ("idefics",),
        "Idefics",
        lambda made: counts.run(1),
        "<image>",
        form=Form(label=(_FAKE,), end=(_FAKE,)),
        tokens={"bos_token": "<s>"},
        front=("bos_token",),
        framed=True,
        fence=_FAKE,
        dropped="^ +| +$| +(?=<image>)|(?<=<image>) +",
        mask="image_attention_mask",
    ),
    "Blip2Processor": _BLIP2,
    "InstructBlipProcessor": replace(_BLIP2, types=("instructblip",)),
    "InstructBlipVideoProcessor": replace(
        _BLIP2,
        types=("instructblipvideo",),
        count=lambda made: counts.run(4 * made.number("num_query_tokens")),  # an image is a video of one frame
        feature="video_token",
        tokens={"video_token": "<video>"},
    ),
    "Kosmos2Processor": Row(
        ("kosmos-2",),
        "CLIP",
        counts.constant("num_image_tokens"),
        "unk_token",
        "<image>",
        Form(("<image>",), ("</image>",)),
        tokens={"bos_token": "<s>", "unk_token": "<unk>"},
        numbers={"num_image_tokens": 64},
        prefix=True,
        front=("bos_token",),
        framed=True,
        blank=True,
        dropped=rf"^\s+|\s+$|\s+(?={_TAGS})",
        following=True,
        mask="image_embeds_position_mask",
    ),
    "Kosmos2_5Processor": Row(
        ("kosmos-2.5",),
        "Kosmos2_5",
        counts.constant("num_image_tokens"),
        "image_token",
        form=Form(("boi_token",), ("eoi_token",)),
        tokens={
            "bos_token": "<s>",
            "image_token": "<image>",
            "boi_token": "<image_start>",
            "eoi_token": "</image_end>",
        },
        numbers={"num_image_tokens": 2048},
        prefix=True,
        front=("bos_token",),
        mask="image_embeds_position_mask",
        mask_beside=-1,
    ),
    "PI0Processor": Row(
        ("pi0",),
        "PI0",
        counts.constant("image_seq_length"),
        "image_token",
        tokens={"image_token": "<image>", "bos_token": "<s>"},
        numbers={"image_seq_length": 256},
        prefix=True,
        after_images=("bos_token",),
        back=(Text("\n"),),
        default_prompt="{image}",
    ),
}

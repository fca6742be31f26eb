"""What stands in a prompt for an image: forms, counts, whole prompts, positions; and every measured expansion."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

import pixelprep
from measured import CLASSES, DEVIATES, layout_for, video_layout_for, written
from pixelprep.ops import get_ops
from pixelprep.prompts import (
    AutoPromptLayout,
    MissingNumberError,
    PlaceholderError,
    PromptEncoder,
    PromptLayout,
    UnknownPromptError,
    positions,
)
from pixelprep.prompts.rows import ROWS
from pixelprep.prompts.steps import in_words
from pixelprep.prompts.tokens import Vocabulary
from pixelprep.registry.families import FAMILIES


@pytest.mark.parametrize("name", [name for name in CLASSES if name in ROWS and "size" in CLASSES[name]["cases"][0]])
def test_measured_expansions(name: str) -> None:
    entry = CLASSES[name]
    for case in entry["cases"]:
        call = case["options"].get("call", {})
        if any(name.startswith(who) and call == what for who, what in DEVIATES):
            continue
        found = layout_for(name, case, entry["built_with"]).image(tuple(case["size"]), **call)
        assert found.text() == "".join(written(case["seq"])), (case["size"], case["options"])
        assert found.num_tokens == case["specials"]


@pytest.mark.parametrize("name", [name for name in CLASSES if name in ROWS and "size" in CLASSES[name]["cases"][0]])
def test_measured_prompts(name: str) -> None:
    entry = CLASSES[name]
    first = entry["cases"][0]
    for case in entry.get("two_images_in_one_prompt", []):
        layout = layout_for(name, first, entry["built_with"])
        several = {"in_sample_of_several": True} if case["nested"] and name == "LlavaOnevisionProcessor" else {}
        mark = "<is><img><ie>" if name == "HunYuanVLProcessor" else layout.image_placeholder
        found = layout.expand(f"A{mark}C{mark}B", [tuple(size) for size in case["sizes"]], **several)
        expected = "".join(written(case["prompt"]))
        assert found.text == expected


@pytest.mark.filterwarnings("ignore:the video does not say how many frames")
@pytest.mark.parametrize("name", [name for name in CLASSES if name in ROWS and CLASSES[name].get("video_cases")])
def test_measured_videos(name: str) -> None:
    entry = CLASSES[name]
    built = entry["built_with"]
    layout = video_layout_for(name, built)
    options = {key: value for key, value in built.get("video_call", {}).items() if not key.startswith("return_")}
    for case in entry["video_cases"]:
        frames, height, width = case["frames_height_width"]
        known = {"total_num_frames": frames, "height": height, "width": width}
        if case["fps"] is not None:
            known |= {"fps": case["fps"], "duration": frames / case["fps"]}
        if name.startswith("NemotronH") and 1000 % (case["fps"] or 1):  # see docs/deviations.md
            continue
        told: Any = known
        if name == "VideoLlama3Processor":  # what is kept depends on what is on the frames; these are grey
            video = np.full((frames, height, width, 3), 128, np.uint8)
            told = layout.video_processor.with_ops(get_ops("pil"))(video, video_metadata=[known])
        assert layout.video(told, **options).text() == "".join(written(case["seq"])), case["frames_height_width"]


@pytest.mark.parametrize("name", ROWS)
def test_every_row_counts_and_writes(name: str) -> None:
    """Rows stand on families that exist, and features, spans and ids of an expansion agree."""
    row = ROWS[name]
    given = {key: 14 for key, value in row.numbers.items() if value is None and key != "vision_feature_select_strategy"}
    if "vision_feature_select_strategy" in row.numbers:
        given |= (
            {"vision_feature_select_strategy": "full"} if row.numbers["vision_feature_select_strategy"] is None else {}
        )
    if "downsample_rate" in given:
        given["downsample_rate"] = "1/2"  # type: ignore[assignment]
    settings = {"image_seq_length": 256} if row.family in ("Siglip", "CLIP") else {}
    if row.family not in FAMILIES or not FAMILIES[row.family].written:
        pytest.fail(f"{name} names the family {row.family}, which is not there")
    layout = PromptLayout(name, FAMILIES[row.family].load().on("pil")(**{**row.built_with, **settings}), **given)
    found = layout.image((300, 500))
    sizes = [(300, 500), (512, 512), (90, 260), (1000, 700), (64, 64), (300, 500)]  # together as each by itself
    alone = [
        PromptLayout(name, layout.image_processor, tokens=layout.tokens, **layout.numbers).image(size) for size in sizes
    ]
    assert layout.num_features(sizes) == [expansion.num_features for expansion in alone]
    assert layout.num_tokens(sizes) == [expansion.num_tokens for expansion in alone]
    assert found == alone[0]
    assert found.num_features > 0
    vocabulary = {piece: 10000 * index for index, (piece, _) in enumerate(found)}
    ids = found.ids(vocabulary, encode=lambda text: [5] * len(text))
    spans = found.feature_spans(vocabulary, encode=lambda text: [5] * len(text))
    feature = vocabulary[layout.image_token]
    if row.following:  # Kosmos-2
        ids = [feature if id_ in range(feature + 1, feature + 1 + found.num_features) else id_ for id_ in ids]
    inside = {place for start, end in spans for place in range(start, end)}
    assert len(inside) == found.num_features
    assert all(ids[place] == feature for place in inside)


class TestLayout:
    layout = PromptLayout("qwen2_vl")

    def test_runs_are_tokens_and_counts(self) -> None:
        assert list(self.layout.image((1080, 1920))) == [("<|image_pad|>", 1222)]

    def test_a_size_a_picture_a_plan_and_outputs_are_one_image(self) -> None:
        expected = self.layout.image((90, 130))
        assert self.layout.image(PIL.Image.new("RGB", (130, 90))) == expected
        assert self.layout.image(self.layout.image_processor.plan((90, 130))) == expected
        assert self.layout.image(pixelprep.Qwen2VLImageProcessorPil()(PIL.Image.new("RGB", (130, 90)))) == expected
        with pytest.raises(ValueError, match="this plan is of 2"):
            self.layout.image(self.layout.image_processor.plan([(90, 130), (90, 130)]))
        with pytest.raises(TypeError, match=r"a size is \(height, width\)"):
            self.layout.image((90, 130, 3))

    def test_sizes_are_forgotten_when_they_are_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pixelprep.prompts.arranging.MOST_SIZES", 2)
        layout = PromptLayout("qwen2_vl")
        for sizes in ([(64, 64), (64, 96), (96, 96)], [(64, 64), (128, 64)]):
            assert layout.num_features(sizes) == [PromptLayout("qwen2_vl").image(size).num_features for size in sizes]

    def test_an_option_acts_on_grid_and_count(self) -> None:
        assert self.layout.image((480, 640), merge_size=4).num_features == 99

    def test_an_unknown_option_is_refused(self) -> None:
        with pytest.raises(TypeError, match="merge_sise"):
            self.layout.image((480, 640), merge_sise=4)

    def test_a_number_that_is_missing_is_named(self) -> None:
        with pytest.raises(MissingNumberError, match=r"`patch_size`.*processor_config\.json"):
            PromptLayout("llava").image((100, 100))

    def test_an_unknown_name_has_a_suggestion(self) -> None:
        with pytest.raises(UnknownPromptError, match="did you mean 'qwen2_vl'"):
            PromptLayout("qwen_2_vl")

    def test_the_largest_size_is_within_the_bound(self) -> None:
        size = self.layout.largest_size(1000)
        (count,) = self.layout.num_features([size])
        assert 900 < count <= 1000
        with pytest.raises(ValueError, match="takes 1 features or fewer"):
            self.layout.largest_size(1)

    def test_a_token_of_another_name(self) -> None:
        layout = PromptLayout("qwen2_vl", tokens={"image_token": "<pic>"})
        assert layout.expand("a<pic>b", [(28, 28)]).text == "a<pic><pic><pic><pic>b"


class TestPrompts:
    layout = PromptLayout("qwen2_vl")

    def test_offsets_before_and_after(self) -> None:
        found = self.layout.expand("ab<|image_pad|>c<|image_pad|>", [(56, 56), (28, 56)])
        for made in found.replacements:
            start, end = made.after
            assert found.text[start:end] == made.expansion.text()
        assert [made.before for made in found.replacements] == [(2, 15), (16, 29)]

    def test_ids(self) -> None:
        found = self.layout.expand([5, 9, 6], [(56, 56)], vocabulary={"<|image_pad|>": 9})
        assert found.ids == [5, 9, 9, 9, 9, 6]
        assert found.feature_spans() == [(1, 5)]

    @pytest.mark.parametrize(
        ("texts", "images", "message"),
        [
            (["a<|image_pad|>", "b"], [[(28, 28)], [(28, 28)]], "prompt 1 has 0 placeholders for 1 image"),
            ("a", [(28, 28)], "prompt 0 has 0 placeholders for 1 image"),
            ("a<|image_pad|>", [], "prompt 0 has 1 placeholder for 0 images"),
            (["a<|image_pad|>", "b<|image_pad|>"], [(28, 28)], "1, 1 placeholders for 1 image"),
        ],
    )
    def test_numbers_that_do_not_agree(self, texts: Any, images: Any, message: str) -> None:
        with pytest.raises(PlaceholderError, match=message):
            self.layout.expand(texts, images)


class TestVideos:
    layout = PromptLayout("qwen3_vl")
    clip = {"total_num_frames": 5, "fps": 2.0, "height": 64, "width": 96, "duration": 2.5}

    def test_a_plan_a_size_and_metadata_are_one_video(self) -> None:
        expected = self.layout.video(self.clip, do_sample_frames=False)
        processor = self.layout.video_processor
        plan = processor.plan((5, 64, 96), video_metadata={"fps": 2.0}, do_sample_frames=False)
        assert self.layout.video(plan) == expected
        assert expected.text().startswith("<0.2 seconds><|vision_start|><|video_pad|>")
        assert expected.num_features == plan.videos[0].tokens

    def test_frames_that_were_taken_are_taken(self) -> None:
        found = self.layout.video({**self.clip, "total_num_frames": 100, "frames_indices": [0, 50]})
        assert [piece for piece, _ in found if "seconds" in piece] == ["<12.5 seconds>"]

    def test_a_plan_of_two_videos(self) -> None:
        plan = self.layout.video_processor.plan([(4, 64, 64), (4, 64, 64)], do_sample_frames=False)
        with pytest.raises(ValueError, match="this plan is of 2"):
            self.layout.video(plan)

    def test_options_beside_a_plan(self) -> None:
        plan = self.layout.video_processor.plan((4, 64, 64), do_sample_frames=False)
        with pytest.raises(TypeError, match="leave out fps"):
            self.layout.video(plan, fps=2)

    def test_a_size_that_nobody_says(self) -> None:
        with pytest.raises(ValueError, match="`height` and `width`"):
            self.layout.video({"total_num_frames": 5, "fps": 2.0})

    def test_a_rate_that_nobody_says(self) -> None:
        with pytest.raises(ValueError, match="`fps` has to be known"):
            PromptLayout("embedding_gemma2").video((3, 64, 64), do_sample_frames=False, add_timestamps=True)

    def test_a_model_without_videos(self) -> None:
        with pytest.raises(UnknownPromptError, match="LlavaProcessor writes no videos"):
            PromptLayout("llava").expand("<video>", videos=[(3, 64, 64)])

    def test_images_and_videos_of_one_prompt(self) -> None:
        text = "<|image_pad|>a<|video_pad|>b<|image_pad|>"
        found = self.layout.expand(text, [(64, 64), (64, 96)], [self.clip], num_frames=4, merge_size=1)
        assert [(made.kind, made.index) for made in found.replacements] == [("image", 0), ("video", 0), ("image", 1)]
        options = [{"merge_size": 1}, {"merge_size": 1, "num_frames": 4}]
        assert found.replacements[0].expansion == self.layout.image((64, 64), **options[0])
        assert found.replacements[1].expansion == self.layout.video(self.clip, **options[1])
        with pytest.raises(TypeError, match="num_frame"):
            self.layout.expand(text, [(64, 64), (64, 96)], [self.clip], num_frame=4)

    def test_ids_and_types(self) -> None:
        vocabulary = {"<|image_pad|>": 1, "<|video_pad|>": 2, "<|vision_start|>": 3, "<|vision_end|>": 4}
        known = Vocabulary.of(vocabulary, lambda text: [9] * len(text))
        found = self.layout.expand([2, 7, 1], [(32, 32)], [self.clip], vocabulary=known, do_sample_frames=False)
        video = found.replacements[0].expansion
        assert self.layout.type_ids(found).count(2) == video.num_features
        assert self.layout.type_ids(found).count(1) == self.layout.image((32, 32)).num_features

    def test_placeholders_of_videos(self) -> None:
        with pytest.raises(PlaceholderError, match="prompt 0 has 2 placeholders for 1 video"):
            self.layout.expand("<|video_pad|><|video_pad|>", videos=[self.clip])
        with pytest.raises(PlaceholderError, match="prompt 0 has 1 placeholder for 0 videos"):
            self.layout.expand("<|video_pad|>")

    def test_how_long_a_video_lasts(self) -> None:
        layout = PromptLayout("hyperclovax_vision_v2")
        found = layout.expand("<|video_duration|>s <|video_pad|>", videos=[self.clip]).text
        assert found.startswith("2.5s <|video_pad|>")
        with pytest.raises(PlaceholderError, match="more than 1 placeholders"):
            layout.expand("<|video_duration|><|video_duration|><|video_pad|>", videos=[self.clip])

    @pytest.mark.parametrize(
        ("number", "words"),
        [
            *((0, "zero"), (13, "thirteen"), (18, "eighteen"), (40, "forty"), (64, "sixty-four")),
            *((100, "one hundred"), (128, "one hundred and twenty-eight"), (1005, "one thousand and five")),
            (2640, "two thousand, six hundred and forty"),
        ],
    )
    def test_numbers_in_words(self, number: int, words: str) -> None:
        assert in_words(number) == words


class TestPositions:
    def test_text_goes_on_behind_a_grid(self) -> None:
        found, delta = positions([0, 1, 1, 1, 1, 0], "qwen2_vl", image_grids=[(1, 4, 4)])
        np.testing.assert_array_equal(found, [[0, 1, 1, 1, 1, 3], [0, 1, 1, 2, 2, 3], [0, 1, 2, 1, 2, 3]])
        assert delta == -2

    def test_two_ways_to_go_on_behind_a_video(self) -> None:
        """P11: four frames of one feature, then text: among the frames in the reference, behind them in engines."""
        types, grids = [0, 2, 2, 2, 2, 0], [(4, 2, 2)]
        for continuation, place in (("reference", 2), ("largest", 14)):
            found, _ = positions(
                types,
                "qwen2_5_vl",
                video_grids=grids,
                seconds_per_grid=[1.0],
                continuation=continuation,  # type: ignore[arg-type]
            )
            assert found[0].tolist() == [0, 1, 5, 9, 13, place]

    def test_two_images_with_nothing_between(self) -> None:
        """P12: the reference takes them for one."""
        found, _ = positions([1, 1, 1, 1, 1], "qwen2_vl", image_grids=[(1, 2, 2), (1, 4, 4)])
        assert found[1].tolist() == [0, 1, 1, 2, 2]

    def test_grids_and_tokens_must_agree(self) -> None:
        with pytest.raises(ValueError, match="has 4 features, and 3 tokens stand at place 1"):
            positions([0, 1, 1, 1], "qwen2_vl", image_grids=[(1, 4, 4)])
        with pytest.raises(ValueError, match="no grid was given"):
            positions([0, 1], "qwen2_vl")
        with pytest.raises(ValueError, match="more grids than"):
            positions([0], "qwen2_vl", image_grids=[(1, 4, 4)])


class TestCheckpoint:
    def write(self, folder: Path, **files: Any) -> Path:
        for name, content in files.items():
            (folder / f"{name}.json").write_text(json.dumps(content))
        return folder

    def test_numbers_settings_and_tokens_from_their_files(self, tmp_path: Path) -> None:
        folder = self.write(
            tmp_path,
            processor_config={"processor_class": "LlavaProcessor", "patch_size": 16, "image_token": "<no>"}
            | {"vision_feature_select_strategy": "full"},
            preprocessor_config={"image_processor_type": "CLIPImageProcessor", "crop_size": 64, "size": 64},
            tokenizer_config={"image_token": {"content": "<pic>"}},
        )
        layout = AutoPromptLayout.from_pretrained(folder)
        assert (layout.image_token, layout.image((100, 200)).num_features) == ("<pic>", 16)
        assert AutoPromptLayout.from_pretrained(folder, patch_size=32).image((100, 200)).num_features == 4

    def test_the_model_type_where_no_file_names_a_processor(self, tmp_path: Path) -> None:
        folder = self.write(tmp_path, config={"model_type": "qwen2_vl"}, preprocessor_config={})
        assert AutoPromptLayout.from_pretrained(folder).name == "Qwen2VLProcessor"

    def test_a_checkpoint_without_a_prompt_side(self, tmp_path: Path) -> None:
        folder = self.write(tmp_path, preprocessor_config={"image_processor_type": "ViTImageProcessor"})
        with pytest.raises(UnknownPromptError, match="no file names a `processor_class`"):
            AutoPromptLayout.from_pretrained(folder)

    def test_neither_torch_nor_transformers_is_imported(self, tmp_path: Path) -> None:
        folder = self.write(tmp_path, config={"model_type": "qwen2_vl"}, preprocessor_config={})
        code = (
            "import sys; from pixelprep.prompts import AutoPromptLayout; "
            f"AutoPromptLayout.from_pretrained({str(folder)!r}).image((90, 90)); "
            "print(sorted({'torch', 'transformers'} & sys.modules.keys()))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"


class TestEncoder:
    """Text and images in, without transformers and without torch."""

    def checkpoint(self, folder: Path) -> Path:
        from tokenizers import Tokenizer, models, pre_tokenizers

        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
        tokenizer = Tokenizer(models.BPE({letter: index for index, letter in enumerate(alphabet)}, []))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.add_special_tokens(["<|image_pad|>", "<pad>"])
        tokenizer.save(str(folder / "tokenizer.json"))
        (folder / "config.json").write_text('{"model_type": "qwen2_vl"}')
        (folder / "preprocessor_config.json").write_text('{"image_processor_type": "Qwen2VLImageProcessor"}')
        (folder / "tokenizer_config.json").write_text('{"pad_token": "<pad>", "image_token": "<|image_pad|>"}')
        (folder / "chat_template.jinja").write_text(
            "{%- for message in messages %}{{ message.role }}: "
            "{%- for part in message.content %}"
            "{%- if part.type == 'image' %}<|image_pad|>{% else %}{{ part.text }}{% endif %}"
            "{%- endfor %}{% endfor %}{% if add_generation_prompt %}model:{% endif %}"
        )
        return folder

    def test_prompts_are_padded_and_images_made(self, tmp_path: Path) -> None:
        encoder = PromptEncoder.from_pretrained(self.checkpoint(tmp_path), backend="pil")
        image = np.zeros((56, 84, 3), np.uint8)
        made = encoder(["a<|image_pad|>b", "c"], [image], return_tensors="np")
        assert made["input_ids"].shape == made["attention_mask"].shape == made["mm_token_type_ids"].shape == (2, 8)
        assert made["mm_token_type_ids"].tolist() == [[0, 1, 1, 1, 1, 1, 1, 0], [0] * 8]
        assert made["attention_mask"].tolist() == [[1] * 8, [1] + [0] * 7]
        assert made["input_ids"][1, -1] == encoder.tokenizer.token_to_id("<pad>")
        assert made["image_grid_thw"].tolist() == [[1, 4, 6]]

    def test_images_and_videos_of_one_name(self, tmp_path: Path) -> None:
        """P8: the reference's SmolVLM loses the images."""
        tokenizer = PromptEncoder.from_pretrained(self.checkpoint(tmp_path), backend="pil").tokenizer
        layout = PromptLayout("smolvlm")
        pil = [getattr(pixelprep, f"SmolVLM{kind}ProcessorPil")() for kind in ("Image", "Video")]
        encoder = PromptEncoder(layout, pil[0], tokenizer, video_processor=pil[1])
        image, video = np.zeros((40, 40, 3), np.uint8), np.zeros((2, 40, 40, 3), np.uint8)
        with pytest.raises(ValueError, match="would both be pixel_attention_mask, pixel_values"):
            encoder("<image><video>", image, video, video_metadata=[{"fps": 2.0}])
        with pytest.raises(TypeError, match="num_frame"):
            encoder("<video>", None, video, video_metadata=[{"fps": 2.0}], num_frame=2)
        with pytest.raises(ValueError, match="pass video_processor="):
            PromptEncoder(layout, pil[0], tokenizer)("<video>", None, video)
        with pytest.raises(UnknownPromptError, match="writes no videos"):
            PromptEncoder(PromptLayout("janus"), pil[0], tokenizer)("<video>", None, video)

    def test_a_model_that_makes_no_prompt_of_images(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="makes no prompt of images alone"):
            PromptEncoder.from_pretrained(self.checkpoint(tmp_path), backend="pil")(
                None, np.zeros((40, 40, 3), np.uint8)
            )

    def test_a_chat_template(self, tmp_path: Path) -> None:
        encoder = PromptEncoder.from_pretrained(self.checkpoint(tmp_path), backend="pil")
        messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "what?"}]}]
        assert encoder.render(messages) == "user:<|image_pad|>what?model:"

    @pytest.mark.parametrize(
        "template", ["{{ ''.__class__.__mro__ }}", "{% for x in range(10) %}", "{{ raise_exception('no') }}"]
    )
    def test_a_template_that_is_hostile_or_broken(self, tmp_path: Path, template: str) -> None:
        folder = self.checkpoint(tmp_path)
        (folder / "chat_template.jinja").write_text(template)
        with pytest.raises(ValueError, match="the chat template"):
            PromptEncoder.from_pretrained(folder, backend="pil").render([])

"""The reference's prompt quirks by their numbers in docs/deviations.md: what is kept, and what is otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

import pixelprep
from pixelprep.prompts import ExpandedIds, MissingNumberError, PlaceholderError, PromptLayout, cross_attention_mask
from pixelprep.prompts.tokens import Vocabulary

LLAVA = {"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
SMALL = {"shortest_edge": 3136, "longest_edge": 100352}


def encoded(layout: PromptLayout, images: Sequence[Any] = (), videos: Sequence[Any] = ()) -> ExpandedIds:
    """Placeholders of all these, as ids; every other piece gets ids as it comes."""
    numbers: dict[str, int] = {}
    known = Vocabulary(lambda token: numbers.setdefault(token, 10 + len(numbers)), lambda text: [9] * len(text))
    marks = [layout.image_placeholder] * len(images) + [layout.video_placeholder] * len(videos)
    ids = [known.ids_of(mark)[0] for mark in marks]
    return layout.expand(ids, images, videos, vocabulary=known)


class TestOptionsAndCounts:
    @pytest.mark.parametrize("name", ["qwen2_vl", "qwen3_vl", "minimax_m3_vl", "cohere_compass", "ernie4_5_vl_moe"])
    def test_p1_a_size_of_the_call_is_counted(self, name: str) -> None:
        layout = PromptLayout(name)
        (count,) = layout.num_features([(1080, 1920)], size=SMALL)
        assert count == layout.image((1080, 1920), size=SMALL).num_features < layout.image((1080, 1920)).num_features

    def test_p2_options_act_on_grid_and_prompt(self) -> None:
        assert PromptLayout("qwen2_vl").image((480, 640), merge_size=4).num_features == 99

    def test_p3_a_tile_of_cohere2_has_the_square_of_its_patch_size(self) -> None:
        """Kept: the model's own number for tiles of 512 pixels, and whatever for others."""
        images = pixelprep.Cohere2VisionImageProcessorPil(size={"height": 256, "width": 256})
        small = PromptLayout("cohere2_vision", images)
        counts = [run.count for run in small.image((1000, 1000)).runs if run.is_feature]
        assert set(counts) == {256}
        assert PromptLayout("cohere2_vision").num_tokens([(1080, 1920)], size={"height": 256, "width": 256}) == [3343]

    def test_p4_what_the_output_is_counts_not_what_would_be_cropped(self) -> None:
        images = pixelprep.CLIPImageProcessorPil(do_center_crop=False, size={"height": 336, "width": 336})
        assert PromptLayout("llava", images, **LLAVA).num_features([(480, 640)]) == [576]
        siglip = pixelprep.SiglipImageProcessorPil(size={"height": 224, "width": 224})
        assert PromptLayout("llava", siglip, **LLAVA).num_features([(480, 640)]) == [256]

    def test_p5_crops_and_sizes_that_stay_are_counted(self) -> None:
        assert PromptLayout("gemma3").num_features([(480, 640)], do_pan_and_scan=True) == [768]
        assert PromptLayout("gemma4").num_features([(480, 672)], do_resize=False) == [140]
        for name, number in (("gemma4", "image_seq_length"), ("florence2", "num_additional_image_tokens")):
            with pytest.raises(TypeError, match=f"has no `{number}`"):
                PromptLayout(name, **{number: 5})

    def test_p6_labels_that_a_vocabulary_lacks_are_text(self) -> None:
        found = PromptLayout("granite_docling").image((37, 500))
        labels = [piece for piece, _ in found if "_col_" in piece]
        assert len(labels) == 14
        known = {piece: place for place, (piece, _) in enumerate(found) if piece not in labels[6:]}
        ids = found.ids(known, encode=lambda text: [1000] * len(text))
        assert ids.count(1000) == sum(map(len, labels[6:])) + 2  # and two new lines
        with pytest.raises(TypeError, match="images_kwargs"):
            PromptLayout("granite_docling").image((37, 500), images_kwargs={"fine_route": True})

    def test_p7_every_image_counts_for_itself(self) -> None:
        assert PromptLayout("aria").num_features([(400, 400), (900, 2000)], split_image=True) == [256, 512]

    def test_p16_splitting_acts_on_pixels_and_prompt(self) -> None:
        assert PromptLayout("idefics2").num_features([(480, 640)], do_image_splitting=True) == [320]

    def test_p16_padding_behind_a_prompt_sees_its_last_image(self) -> None:
        mask = cross_attention_mask([[5, 7], [5, 7, 7]], 5, [[1], [2]], 4)
        assert mask[0, 2].tolist() == [[1, 0, 0, 0]]

    def test_p17_images_of_one_sample_are_said_to_be(self) -> None:
        layout = PromptLayout("llava_onevision", num_image_tokens=729, vision_feature_select_strategy="full")
        sizes = [(480, 640), (200, 300)]
        assert sum(layout.num_features(sizes)) == 4190
        assert sum(layout.num_features(sizes, in_sample_of_several=True)) == 1460

    def test_p18_what_videos_are_counted_by(self) -> None:
        """Kept: nothing is taken off for the strategy, and four frames whatever there are."""
        video = {"total_num_frames": 3, "height": 64, "width": 64, "fps": 2.0}
        assert PromptLayout("video_llava").video(video).num_features == 3 * 257
        assert PromptLayout("instructblipvideo", num_query_tokens=32).video(video).num_features == 128
        with pytest.raises(MissingNumberError, match="`num_query_tokens`"):
            PromptLayout("blip-2").image((64, 64))
        named = PromptLayout("blip-2", num_query_tokens=2, tokens={"image_token": "<pic>"})
        assert named.expand("hi", [(64, 64)]).text == "<pic><pic>hi"

    def test_p22_sides_that_are_no_multiples_of_a_patch(self) -> None:
        """Kept: one rounds down, the other up."""
        names = ("unlimited_ocr", "deepseek_ocr2")
        assert [PromptLayout(name, patch_size=15).num_features([(400, 400)])[0] for name in names] == [307, 325]


class TestPrompts:
    def test_p9_boxes_of_fuyu_stay_text(self) -> None:
        assert "<box>10, 20</box>" in PromptLayout("fuyu").expand("<box>10, 20</box>", [(60, 60)]).text

    @pytest.mark.parametrize("name", ["got_ocr2", "nemotron_h_omni"])
    def test_p10_numbers_that_do_not_agree_are_one_error(self, name: str) -> None:
        images = {"nemotron_h_omni": {"norm_mean": [0.5] * 3, "norm_std": [0.5] * 3}}.get(name, {})
        family = {"got_ocr2": "GotOcr2", "nemotron_h_omni": "NemotronH_Omni_Reasoning_V3"}[name]
        layout = PromptLayout(name, getattr(pixelprep, f"{family}ImageProcessorPil")(**images))
        mark = layout.image_placeholder
        for text, sizes in ((mark * 2, [(64, 64)]), (mark, [(64, 64)] * 2)):
            with pytest.raises(PlaceholderError, match="prompt 0 has"):
                layout.expand(text, sizes)

    def test_p19_a_duration_without_a_video_is_text(self) -> None:
        assert PromptLayout("hyperclovax_vision_v2").expand("<|video_duration|>").text == "<|video_duration|>"

    def test_p20_a_begin_of_text_is_written_once(self) -> None:
        """Kept: it is text; a prompt that begins with it gets no second one."""
        layout = PromptLayout("emu3")
        texts = [layout.expand(f"{begin}{layout.image_placeholder}", [(64, 64)]).text for begin in ("", "<s>")]
        assert texts[0] == texts[1]
        assert texts[0].count("<s>") == 1


class TestTypes:
    @pytest.mark.parametrize("name", ["ovis2", "janus", "llama4"])
    def test_p13_features_are_marked(self, name: str) -> None:
        layout = PromptLayout(name)
        assert sum(layout.type_ids(encoded(layout, [(300, 300)]))) == layout.num_features([(300, 300)])[0]

    @pytest.mark.parametrize(("name", "kind"), [("glm4v", 2), ("qwen2_vl", 2), ("internvl", 1), ("smolvlm", 1)])
    def test_p13_what_marks_a_video(self, name: str, kind: int) -> None:
        layout = PromptLayout(name)
        video = {"total_num_frames": 4, "height": 64, "width": 64, "fps": 2.0, "frames_indices": [0, 1, 2, 3]}
        assert set(layout.type_ids(encoded(layout, [], [video]))) - {0} == {kind}


class TestVideos:
    @pytest.mark.parametrize(
        ("name", "size"), [("gemma4", (5, 64, 64)), ("molmo2", (1, 64, 64)), ("glm5_next", (2, 64, 64))]
    )
    def test_p14_short_videos_are_written(self, name: str, size: tuple[int, int, int]) -> None:
        frames, height, width = size
        video = {"total_num_frames": frames, "height": height, "width": width, "fps": 24.0}
        assert PromptLayout(name).video(video).num_features > 0

    def test_p14_sizes_that_do_not_divide(self) -> None:
        """Kept, with words: MiniMax's videos are not resized unless the call says so."""
        layout = PromptLayout("minimax_m3_vl")
        with pytest.raises(ValueError, match="multiples of 28"):
            layout.video((4, 100, 100))
        assert layout.video((4, 100, 100), do_resize=True).num_features == 32

    def test_p15_what_is_told_of_a_video_stays_as_it_was(self) -> None:
        layout = PromptLayout("qwen3_vl")
        known = pixelprep.VideoMetadata(total_num_frames=5, height=64, width=64, fps=2.0)
        plan = layout.plan_video(known, do_sample_frames=False)
        assert plan.videos[0].indices == (0, 1, 2, 3, 4)
        assert layout.video(plan).text().count("seconds") == 3
        assert known.frames_indices is None

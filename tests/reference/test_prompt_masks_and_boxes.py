"""Masks beside ids, and boxes in text, as the reference's processors make and read them."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import PIL.Image
import pytest

import pixelprep
from pixelprep.prompts import (
    PromptLayout,
    cross_attention_mask,
    image_attention_mask,
    image_embeds_position_mask,
    read_boxes,
    write_boxes,
)
from pixelprep.prompts.rows.runs import FLORENCE_TASKS
from prompted import SETTINGS, build, call


def picture(height: int, width: int) -> Any:
    return PIL.Image.new("RGB", (width, height))


def test_mllamas_cross_attention_and_where_its_text_begins() -> None:
    processor, tokenizer = build("MllamaProcessor")
    layout = PromptLayout("mllama", pixelprep.MllamaImageProcessorPil(**SETTINGS["MllamaProcessor"]))
    chance = random.Random(1)
    pieces = ["<|image|>", "<|image|>", "a", "bc", "<|image|>d"]
    for _ in range(20):
        texts = ["".join(chance.choices(pieces, k=chance.randrange(1, 6))) for _ in range(chance.randrange(1, 4))]
        sizes = [
            [(chance.randrange(20, 900), chance.randrange(20, 900)) for _ in range(text.count("<|image|>"))]
            for text in texts
        ]
        if not all(sizes):
            continue
        images = [[picture(*size) for size in own] for own in sizes]
        expected = processor(text=texts, images=images, return_tensors="np", padding=True)
        ids = expected["input_ids"].tolist()
        own = [tokenizer(made.text)["input_ids"] for made in layout.expand(texts, sizes)]
        longest = max(map(len, own))
        assert ids == [one + [tokenizer.pad_token_id] * (longest - len(one)) for one in own]
        made = [layout.image_processor.with_ops(pixelprep.ops.get_ops("pil"))([one]) for one in images]
        tiles = [np.asarray(one["num_tiles"]).ravel().tolist() for one in made]
        found = cross_attention_mask(own, tokenizer.convert_tokens_to_ids("<|image|>"), tiles, 4)
        np.testing.assert_array_equal(found, expected["cross_attention_mask"])


def test_idefics_sees_the_last_image_until_a_text_ends() -> None:
    processor, tokenizer = build("IdeficsProcessor")
    chance = random.Random(2)
    image_id = tokenizer.convert_tokens_to_ids("<image>")
    for _ in range(20):
        parts = chance.choices(["<image>", "a", "b</s>c"], k=chance.randrange(2, 8))
        text = "".join(["x", *parts, "<image>"])
        made = call("IdeficsProcessor", processor, text, [picture(30, 40)] * text.count("<image>"), return_tensors="pt")
        found = image_attention_mask(made["input_ids"].tolist(), image_id, tokenizer.eos_token_id)
        np.testing.assert_array_equal(found, made["image_attention_mask"])


@pytest.mark.parametrize(("model_type", "beside"), [("kosmos-2", 0), ("kosmos-2.5", -1)])
def test_places_of_features(model_type: str, beside: int) -> None:
    layout = PromptLayout(model_type)
    processor, tokenizer = build(layout.name)
    made = processor(images=[picture(30, 40)] * 2, text=["a bc", "d"], padding=True, return_tensors="pt")
    expanded = [
        layout.expand(tokenizer(text)["input_ids"], [(30, 40)], vocabulary=tokenizer)
        for text in ("<s><image>a bc", "<s><image>d")
    ]
    found = image_embeds_position_mask(expanded, beside)
    height = min(found.shape[1], made["image_embeds_position_mask"].shape[1])
    np.testing.assert_array_equal(found[:, :height], made["image_embeds_position_mask"][:, :height])


def test_sentences_of_florence() -> None:
    processor, tokenizer = build("Florence2Processor")
    layout = PromptLayout("florence2", pixelprep.CLIPImageProcessorPil(image_seq_length=577))
    for task, sentence in FLORENCE_TASKS.items():
        text = task + ("a dog" if "{input}" in sentence else "")
        ids = processor(text=[text], images=[picture(30, 40)])["input_ids"][0]
        assert list(ids) == tokenizer(layout.expand(text, [(30, 40)]).text)["input_ids"]
    with pytest.raises(ValueError, match="<OD> is a prompt by itself"):
        layout.expand("<OD> dogs", [(30, 40)])


class TestBoxes:
    size = (480, 640)

    def boxes(self, chance: random.Random) -> list[tuple[float, float, float, float]]:
        found = []
        for _ in range(chance.randrange(1, 4)):
            (x0, x1), (y0, y1) = (sorted(chance.sample(range(side), 2)) for side in (640, 480))
            found.append((float(x0), float(y0), float(x1), float(y1)))
        return found

    def test_kosmos_writes_and_reads(self) -> None:
        processor, tokenizer = build("Kosmos2Processor")
        chance = random.Random(3)
        for _ in range(40):
            boxes = self.boxes(chance)
            parts = [(x0 / 640, y0 / 480, x1 / 640, y1 / 480) for x0, y0, x1, y1 in boxes]
            ids = processor(text=["<phrase>a dog</phrase>"], bboxes=[[parts]])["input_ids"][0]
            ours = write_boxes(boxes, self.size, "kosmos-2", "a dog")
            assert tokenizer.decode(ids) == "<s>" + ours
            _, entities = processor.post_process_generation(ours)
            (read,) = read_boxes(ours, self.size, "kosmos-2")
            scaled = [(x0 * 640, y0 * 480, x1 * 640, y1 * 480) for x0, y0, x1, y1 in entities[0][2]]
            assert read.label == entities[0][0]
            np.testing.assert_allclose(read.boxes, scaled, rtol=1e-12)  # the order of products

    def florence(self, task: str, text: str) -> Any:
        from transformers import Florence2Processor

        processor, tokenizer = build("Florence2Processor")
        kinds = set(processor.tasks_answer_post_processing_type.values())
        place = r"<loc_(\d+)>"
        settings: dict[str, Any] = {kind: {} for kind in kinds}
        settings["ocr"] = {"pattern": rf"(.+?){place * 8}", "area_threshold": 0.0}
        settings["phrase_grounding"] = {"banned_grounding_tokens": []}
        made = Florence2Processor(processor.image_processor, tokenizer, post_processor_config=settings)
        return made.post_process_generation(text=text, task=task, image_size=(640, 480))[task]

    def test_florence_reads(self) -> None:
        chance = random.Random(4)
        for _ in range(20):
            places = [[chance.randrange(1000) for _ in range(8)] for _ in range(2)]
            first, second = ("".join(f"<loc_{place}>" for place in own) for own in places)
            text = f"car{first}door" + "".join(f"<loc_{place}>" for place in places[1][:4])
            expected = self.florence("<OD>", f"</s><s>{text}</s>")
            found = read_boxes(f"</s><s>{text}</s>", self.size, "florence2")
            assert [entry.label for entry in found for _ in entry.boxes] == expected["labels"]
            assert [[int(side) for side in box] for entry in found for box in entry.boxes] == expected["bboxes"]
            quads = f"Hi{first}you{second}"
            expected = self.florence("<OCR_WITH_REGION>", quads)
            outlines = read_boxes(quads, self.size, "florence2", outlines=True)
            assert [entry.label for entry in outlines] == expected["labels"]
            told = [[int(side) for point in entry.polygons[0] for side in point] for entry in outlines]
            assert told == expected["quad_boxes"]

    @pytest.mark.parametrize(("model_type", "steps"), [("kosmos-2", 32), ("florence2", 1000), ("paligemma", 1024)])
    def test_what_was_written_is_read_within_a_step(self, model_type: str, steps: int) -> None:
        chance = random.Random(5)
        for _ in range(50):
            boxes = self.boxes(chance)
            found = read_boxes(write_boxes(boxes, self.size, model_type, "a dog"), self.size, model_type)
            assert {entry.label for entry in found} == {"a dog"}
            read = np.array([box for entry in found for box in entry.boxes])
            assert np.abs(read - boxes).max() <= 640 / steps

    def test_paligemma_writes_rows_first(self) -> None:
        assert write_boxes([(320, 120, 640, 480)], self.size, "paligemma", "cat") == (
            "<loc0256><loc0512><loc1023><loc1023> cat"
        )

    def test_what_is_no_box(self) -> None:
        with pytest.raises(ValueError, match=r"0 <= x0 < x1 <= 640"):
            write_boxes([(5, 5, 5, 9)], self.size, "kosmos-2")
        with pytest.raises(ValueError, match="did you mean 'florence2'"):
            read_boxes("", self.size, "florence-2")

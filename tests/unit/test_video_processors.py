"""Videos as one tries them: what counts as one, which frames are taken, what a class of one's own can say."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

import pixelprep
from needs import needs
from pixelprep import AutoVideoProcessor, BaseVideoProcessor, UnknownFamilyError
from pixelprep.image_processing_backends import PilBackend
from pixelprep.registry import VIDEO_FAMILIES, VIDEO_MODEL_TYPES, VIDEOS, unregister_classes
from pixelprep.testing.inputs import make
from pixelprep.testing.videos import Clip
from pixelprep.videos.metadata import VideoMetadata

WRITTEN = [name for name, family in VIDEO_FAMILIES.items() if family.written]
CLIP = make(Clip(5, 40, 30))


def plain(**options: Any) -> Any:
    return pixelprep.LlavaOnevisionVideoProcessorNative(size={"height": 8, "width": 8}, **options)


def pixels(videos: Any, **options: Any) -> Any:
    return plain()(videos, return_tensors="np", **options)["pixel_values_videos"]


def sampled(processor: Any, videos: Any = CLIP, **options: Any) -> list[list[int]]:
    output = processor(videos, return_metadata=True, **options)
    return [list(known.frames_indices) for known in output["video_metadata"]]


class TestWhatIsAVideo:
    @pytest.mark.parametrize(
        "video",
        [
            CLIP.transpose(0, 3, 1, 2),
            list(CLIP),
            tuple(map(PIL.Image.fromarray, CLIP)),
            iter(list(CLIP)),
            [CLIP],
            [[CLIP]],
            CLIP[None],
            CLIP[::-1].copy()[::-1],
            CLIP.astype(np.int64),
        ],
    )
    def test_one_video_however_it_is_written(self, video: Any) -> None:
        assert np.array_equal(pixels(video), pixels(CLIP))

    @pytest.mark.parametrize(
        "several", [[CLIP, CLIP], np.stack([CLIP, CLIP]), [[CLIP], [CLIP]], [CLIP[None], list(CLIP)]]
    )
    def test_several(self, several: Any) -> None:
        assert pixels(several).shape == (2, 5, 3, 8, 8)

    def test_one_image_is_a_video_of_one_frame(self) -> None:
        for image in (CLIP[0], PIL.Image.fromarray(CLIP[0])):
            assert np.array_equal(pixels(image), pixels(CLIP[:1]))

    @pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1", "I;16", "CMYK"])
    def test_pillow_frames_of_every_mode_are_frames(self, mode: str) -> None:
        frames = [PIL.Image.new(mode, (30, 40)) for _ in range(3)]
        assert pixels(frames).shape == (1, 3, 3, 8, 8)

    def test_image_files_are_the_frames_of_one_video(self, tmp_path: Path) -> None:
        """V12"""
        files = [tmp_path / f"{number}.png" for number in range(5)]
        for file, frame in zip(files, CLIP, strict=True):
            PIL.Image.fromarray(frame).save(file)
        assert np.array_equal(pixels(files), pixels(CLIP))
        assert pixels([list(map(str, files)), CLIP]).shape == (2, 5, 3, 8, 8)

    def test_each_video_has_a_layout_of_its_own(self) -> None:
        """V11"""
        assert np.array_equal(pixels([CLIP, CLIP.transpose(0, 3, 1, 2)])[1], pixels(CLIP)[0])

    @pytest.mark.parametrize("channels", [1, 4])
    def test_other_channels(self, channels: int) -> None:
        """V7"""
        assert pixels(make(Clip(2, 40, 30, channels))).shape == (1, 2, 3, 8, 8)

    @pytest.mark.parametrize(
        ("videos", "error", "words"),
        [
            ([], ValueError, "no videos"),
            (None, TypeError, "a video is"),
            (7, TypeError, "a video is"),
            (np.zeros((0, 4, 4, 3), np.uint8), ValueError, "no frames"),
            (np.zeros(4, np.uint8), ValueError, "shape"),
            ([CLIP, [CLIP[0], CLIP[1][:9]]], ValueError, "video 1: .*one size"),
            ([CLIP, np.zeros((2, 7, 5, 9), np.uint8)], ValueError, "video 1: "),
            ([CLIP, [CLIP[0], np.full((40, 30, 3), np.nan)]], ValueError, "video 1: frame 1|frame 1: "),
        ],
    )
    def test_what_is_none(self, videos: Any, error: type[Exception], words: str) -> None:
        with pytest.raises(error, match=words):
            pixels(videos)

    def test_nothing_is_written_into_the_input(self) -> None:
        before = CLIP.copy()
        plain()(CLIP, num_frames=2)
        assert np.array_equal(before, CLIP)


class TestWhichFrames:
    def test_what_a_call_gives_acts(self) -> None:
        """V2, V13"""
        known = {"total_num_frames": 5, "fps": 5}
        assert sampled(plain()) == [[0, 1, 2, 3, 4]]
        assert sampled(plain(), num_frames=2) == [[0, 2]]
        assert sampled(plain(), fps=2, video_metadata=known) == [[0, 2]]
        qwen = pixelprep.Qwen3VLVideoProcessorNative(min_frames=2)
        assert sampled(qwen, video_metadata=known) == [[0, 4]]
        assert sampled(qwen, num_frames=3) == [[0, 2, 4]]
        assert sampled(qwen, num_frames=3, do_sample_frames=False) == [[0, 1, 2, 3, 4]]
        assert sampled(pixelprep.Qwen3VLVideoProcessorNative(num_frames=3)) == [[0, 2, 4]]

    def test_both_contradict(self) -> None:
        with pytest.raises(ValueError, match="num_frames=2 and fps=1 contradict"):
            plain()(CLIP, num_frames=2, fps=1)

    def test_a_default_number_is_no_wish(self) -> None:
        """V3"""
        assert sampled(plain(num_frames=9, do_sample_frames=True)) == [[0, 1, 2, 3, 4]]
        with pytest.raises(ValueError, match="video 0: 9 frames are asked for and the video has 5"):
            plain()(CLIP, num_frames=9)

    @pytest.mark.parametrize(
        "options", [{"num_frames": 0}, {"fps": 0}, {"fps": -1}, {"num_frames": True}, {"fps": [1]}]
    )
    def test_what_is_no_number_of_frames(self, options: dict[str, Any]) -> None:
        """V20"""
        with pytest.raises((ValueError, TypeError)):
            plain()(CLIP, **options)

    def test_an_unknown_rate(self) -> None:
        with pytest.raises(ValueError, match="rate is not known"):
            plain()(CLIP, fps=1)
        with pytest.warns(UserWarning, match="24 are assumed"):
            output = pixelprep.Qwen3VLVideoProcessorNative()(CLIP, return_metadata=True)
        assert output["video_metadata"][0].timestamps == [0, 1 / 24, 3 / 24, 4 / 24]

    def test_one_index_too_many(self) -> None:
        """V1"""
        indices = pixelprep.Qwen2VLVideoProcessorNative().sample_indices({"total_num_frames": 17}, num_frames=14)
        assert len(indices) == 14
        assert max(indices) < 17

    def test_one_frame_fills_a_patch_of_two(self) -> None:
        """V4"""
        output = pixelprep.Glm4vVideoProcessorNative()(CLIP[:1], do_sample_frames=False)
        assert output["video_grid_thw"][0][0] == 1

    def test_metadata(self) -> None:
        """V17, V25"""
        known = VideoMetadata(total_num_frames=100, fps=10.0, frames_indices=[0, 20, 40, 60, 80])
        output = plain()(CLIP, video_metadata=[[known]], return_metadata=True, num_frames=2)
        (told,) = output["video_metadata"]
        assert known.frames_indices == [0, 20, 40, 60, 80]
        assert (told["height"], told["width"], told.frames_indices, told.timestamps) == (40, 30, [0, 40], [0, 4])
        with pytest.raises(ValueError, match="2 entries and there are 1"):
            plain()(CLIP, video_metadata=[known, known])
        with pytest.raises(AttributeError):
            told.fps = 3


class TestClasses:
    @pytest.mark.parametrize("name", WRITTEN)
    def test_saved_and_loaded(self, name: str, tmp_path: Path) -> None:
        processor = getattr(pixelprep, f"{name}VideoProcessorPil")()
        (path,) = processor.save_pretrained(tmp_path)
        assert path.endswith("video_preprocessor_config.json")
        assert json.loads(Path(path).read_text())["video_processor_type"] == f"{name}VideoProcessor"
        loaded = AutoVideoProcessor.from_pretrained(tmp_path, backend="pil")
        assert type(loaded) is type(processor)
        for twin in (loaded, copy.deepcopy(processor), pickle.loads(pickle.dumps(processor)), eval_dict(processor)):
            assert twin.to_dict() == processor.to_dict()
        assert repr(processor).startswith(f"{name}VideoProcessorPil {{")

    @pytest.mark.parametrize("backend", ["pil", "mlx"])
    @pytest.mark.parametrize("name", WRITTEN)
    def test_backends_agree(self, name: str, backend: str) -> None:
        """pil and mlx within what their filters round otherwise, in the same keys, shapes and integers."""
        needs(*({"mlx"} & {backend}))
        cases: Any = VIDEO_FAMILIES[name].cases()
        first, second = (
            VIDEO_FAMILIES[name]
            .load()
            .on(backend)(**cases.made)(
                make(Clip(3, 40, 60)), return_tensors="np", do_sample_frames=False, **cases.small
            )
            for backend in ("native", backend)
        )
        assert first.keys() == second.keys()
        for key, value in first.items():
            if key == "video_metadata":
                continue
            if isinstance(value, list):
                assert value == second[key]
                continue
            assert value.shape == second[key].shape
            assert value.dtype == second[key].dtype
            apart = np.abs(value.astype(float) - second[key])
            # Pillow may resize down before across and clips between: noise differs by some levels, the mean hardly.
            assert apart.mean() <= (0.01 if value.dtype.kind == "f" else 0)
            # MLX rounds one level otherwise, which is 1/255 by a deviation of 0.2 at least.
            assert backend == "pil" or apart.max() <= 1.01 / 255 / 0.2

    def test_a_class_of_ones_own(self, tmp_path: Path) -> None:
        class Kite(BaseVideoProcessor, PilBackend):
            do_resize = True
            size = {"height": 6, "width": 7}
            resample = 2
            do_sample_frames = True
            brightness = 3

            def sample_frames(self, metadata: VideoMetadata, **kwargs: Any) -> list[int]:
                return [metadata.total_num_frames - 1]

        processor = Kite()
        assert processor(CLIP, return_tensors="np")["pixel_values_videos"].shape == (1, 1, 3, 6, 7)
        assert sampled(processor) == [[4]]
        AutoVideoProcessor.register("kite", video_processor_classes={"pil": Kite})
        try:
            processor.save_pretrained(tmp_path)
            assert type(AutoVideoProcessor.from_pretrained(tmp_path)) is Kite
            with pytest.raises(ValueError, match="already"):
                AutoVideoProcessor.register("kite", Kite)
            with pytest.raises(TypeError, match="no subclass of BaseVideoProcessor"):
                AutoVideoProcessor.register("kites", video_processor_classes={"pil": pixelprep.CLIPImageProcessorPil})
        finally:
            unregister_classes("kite", VIDEOS)

    def test_misspelt_names(self) -> None:
        with pytest.raises(TypeError, match="num_frames"):
            plain()(CLIP, num_frame=2)
        with pytest.raises(AttributeError, match="Qwen2VLVideoProcessor"):
            _ = pixelprep.Qwen2VVideoProcessor


def eval_dict(processor: Any) -> Any:
    return type(processor)(**processor.to_dict())


class TestAuto:
    def test_the_table(self) -> None:
        assert (len(VIDEO_FAMILIES), len(VIDEO_MODEL_TYPES)) == (35, 52)

    @pytest.mark.parametrize(
        ("files", "expected"),
        [
            ({"preprocessor_config.json": {"image_processor_type": "Qwen2VLImageProcessorFast"}}, "Qwen2VL"),
            (
                {
                    "preprocessor_config.json": {"image_processor_type": "GotOcr2ImageProcessor"},
                    "config.json": {"model_type": "internvl"},
                },
                "InternVL",
            ),
            (
                {
                    "processor_config.json": {"video_processor": {"video_processor_type": "Glm4vVideoProcessor"}},
                    "video_preprocessor_config.json": {"video_processor_type": "Qwen2VLVideoProcessor"},
                },
                "Glm4v",
            ),
            (
                {
                    "processor_config.json": {"processor_class": "X"},
                    "video_preprocessor_config.json": {"video_processor_type": "Qwen3VLVideoProcessor", "fps": 1},
                    "preprocessor_config.json": {"image_processor_type": "Qwen2VLImageProcessor"},
                },
                "Qwen3VL",
            ),
            ({"video_preprocessor_config.json": {}, "config.json": {"model_type": "qwen3_5"}}, "Qwen3VL"),
        ],
    )
    def test_files(self, files: dict[str, Any], expected: str, tmp_path: Path) -> None:
        for name, content in files.items():
            (tmp_path / name).write_text(json.dumps(content))
        processor = AutoVideoProcessor.from_pretrained(tmp_path, backend="native")
        assert type(processor).__name__ == f"{expected}VideoProcessorNative"

    @pytest.mark.parametrize(
        ("files", "error"),
        [
            ({"config.json": {"model_type": "qwen3_vl"}}, FileNotFoundError),
            ({"processor_config.json": {"processor_class": "X"}}, FileNotFoundError),
            (
                {
                    "video_preprocessor_config.json": {"video_processor_type": "KiteVideoProcessor"},
                    "config.json": {"model_type": "qwen3_vl"},
                },
                UnknownFamilyError,
            ),
            (
                {"video_preprocessor_config.json": {"auto_map": {"AutoVideoProcessor": "kite.KiteVideoProcessor"}}},
                pixelprep.UntrustedCodeError,
            ),
        ],
    )
    def test_what_names_none(self, files: dict[str, Any], error: type[Exception], tmp_path: Path) -> None:
        for name, content in files.items():
            (tmp_path / name).write_text(json.dumps(content))
        with pytest.raises(error):
            AutoVideoProcessor.from_pretrained(tmp_path, backend="native")

    def test_an_image_processors_settings(self, tmp_path: Path) -> None:
        settings = {"image_processor_type": "Qwen2VLImageProcessor", "min_pixels": 3136, "max_pixels": 90000}
        (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings))
        processor: Any = AutoVideoProcessor.from_pretrained(tmp_path, backend="native")
        assert dict(processor.size) == {"shortest_edge": 3136, "longest_edge": 90000}


class TestCounts:
    @pytest.mark.parametrize("name", ["Qwen2VL", "Qwen3VL", "Glm4v", "Glm5Next"])
    def test_patches_are_those_of_a_call(self, name: str) -> None:
        """V21"""
        processor = getattr(pixelprep, f"{name}VideoProcessorNative")(merge_size=1)
        made = processor(CLIP, do_sample_frames=False, return_tensors="np")["pixel_values_videos"]
        assert processor.get_num_of_video_patches(5, 40, 30) == len(made)
        assert processor.output_shapes(5, 40, 30, do_sample_frames=False)["pixel_values_videos"].shape == made.shape

    @pytest.mark.parametrize(
        ("name", "most"), [("Kimi_K25", "temporal_patch_size"), ("MiniMaxM3VL", "vision_segment_max_frames")]
    )
    def test_patches_of_every_chunk_count(self, name: str, most: str) -> None:
        processor = getattr(pixelprep, f"{name}VideoProcessorNative")(**{most: 2})
        made = processor(CLIP, do_sample_frames=False, return_tensors="np")
        assert len(made["video_grid_thw"]) == made["num_chunks_per_video"][0] > 1
        assert processor.get_num_of_video_patches(5, 40, 30) == len(made["pixel_values_videos"])

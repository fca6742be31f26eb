"""Video files: the frames that were asked for and no others, whatever the container, its header and its order."""

from __future__ import annotations

import base64
import gc
import io
import itertools
import os
import sys
import threading
import types
from collections.abc import Iterator
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import numpy as np
import PIL.Image
import pytest

import pixelprep
from clips import all_frames, drawn, make_clip
from pixelprep import DecodeLimits, VideoLimits, VideoLoadError, set_decode_limits, set_video_limits
from pixelprep.core.files import write_atomically
from pixelprep.videos import decoders
from pixelprep.videos.limits import VideoNotFoundError
from pixelprep.videos.opening import open_video

GROUPS = {"g": "12", "bf": "3"}
VARIABLE = [*range(0, 1000, 40), *range(1000, 4000, 200)]
"""25 frames at 25 fps, then 15 at 5 fps."""
CLIPS: dict[str, tuple[str, dict[str, Any]]] = {
    "H.264": ("mp4", {}),
    "H.264, short groups": ("mp4", {"options": GROUPS}),
    "H.264, keyframes only": ("mp4", {"options": {"g": "1"}}),
    "H.264, groups of two": ("mp4", {"options": {"g": "2"}}),
    "H.264, open groups": ("mp4", {"options": {"x264-params": "open-gop=1:keyint=12:bframes=5:b-pyramid=normal"}}),
    "H.264, no keyframes after the first": ("ts", {"options": {"x264-params": "intra-refresh=1:keyint=12"}}),
    "H.264, fragments": ("mp4", {"options": GROUPS, "container": {"movflags": "frag_keyframe+empty_moov"}}),
    "H.264, 4:4:4": ("mp4", {"pixels": "yuv444p"}),
    "H.264, 10 bits": ("mp4", {"pixels": "yuv420p10le"}),
    "H.264, turned left": ("mp4", {"rotation": 90}),
    "H.264, turned right": ("mov", {"rotation": -90, "options": GROUPS}),
    "H.264, upside down": ("mp4", {"rotation": 180}),
    "H.264, variable rate": ("mp4", {"milliseconds": VARIABLE}),
    "H.264, NTSC": ("mp4", {"rate": Fraction(30000, 1001)}),
    "H.264, odd sides": ("mp4", {"size": (90, 110), "pixels": "yuv444p"}),
    "H.264, Matroska": ("mkv", {"options": GROUPS}),
    "H.264, transport stream": ("ts", {"options": GROUPS}),
    "H.264, AVI": ("avi", {"options": GROUPS}),
    "H.264, Flash": ("flv", {"options": GROUPS}),
    "H.264, bare": ("h264", {"options": GROUPS}),
    "HEVC": ("mp4", {"codec": "libx265"}),
    "HEVC, 10 bits": ("mp4", {"codec": "libx265", "pixels": "yuv420p10le"}),
    "HEVC, layers": ("mp4", {"codec": "libx265", "options": {"x265-params": "temporal-layers=2:log-level=none"}}),
    "VP8, hidden frames": ("webm", {"codec": "libvpx", "options": {"auto-alt-ref": "1", "lag-in-frames": "16"}}),
    "VP9": ("webm", {"codec": "libvpx-vp9", "options": {"g": "20", "auto-alt-ref": "1", "lag-in-frames": "16"}}),
    "AV1": ("mp4", {"codec": "libsvtav1", "options": {"preset": "12"}}),
    "MPEG-4": ("avi", {"codec": "mpeg4", "options": GROUPS}),
    "MPEG-2": ("mpg", {"codec": "mpeg2video", "options": GROUPS}),
    "Motion JPEG": ("mov", {"codec": "mjpeg", "pixels": "yuvj420p"}),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="module")
def clip(folder: Path) -> Path:
    return make_clip(folder / "plain.mp4", options=GROUPS)


def taken(source: Any, indices: Any, **options: Any) -> list[Any]:
    return [np.array(frame) for frame in open_video(source, **options).frames(list(indices))]


def same(found: list[Any], expected: list[Any]) -> bool:
    return len(found) == len(expected) and all(map(np.array_equal, found, expected))


class TestFrames:
    @pytest.mark.parametrize("name", CLIPS)
    def test_the_frames_that_were_asked_for(self, folder: Path, name: str) -> None:
        """Beside a decode of everything through the same filter graph."""
        ending, options = CLIPS[name]
        path = make_clip(folder / f"{list(CLIPS).index(name)}.{ending}", **options)
        every = all_frames(path)
        video = open_video(path)
        assert video.metadata.total_num_frames == len(every) == 40
        assert (video.metadata.height, video.metadata.width) == every[0].shape[:2]
        for indices in (range(40), range(3, 40, 9), [39], [0, 17, 17, 38, 39, 39], [30, 31, 5, 30, 6], [39, 20, 1, 0]):
            assert same([np.array(f) for f in video.frames(list(indices))], [every[i] for i in indices]), indices

    @pytest.mark.parametrize("threads", [1, 3])
    def test_any_number_of_threads(self, clip: Path, threads: int) -> None:
        from pixelprep.videos.pyav import PyAVVideo

        video = PyAVVideo(str(clip), "clip", VideoLimits(), threads)
        assert same(list(video.frames([3, 20, 33])), [all_frames(clip)[i] for i in (3, 20, 33)])

    def test_what_nobody_wants_is_not_decoded(self, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of 40 frames in groups of 12 the last one needs but a few."""
        from pixelprep.videos.pyav import PyAVVideo

        decoded: list[Any] = []
        before = PyAVVideo._decoded
        monkeypatch.setattr(PyAVVideo, "_decoded", lambda *given: decoded.append(before(*given)) or decoded[-1])
        video = open_video(clip)
        opening = len(decoded)
        video.frames([39])[0].decode()
        assert opening <= 2
        assert len(decoded) - opening < 9
        assert sum(map(len, decoded[opening:])) < 5  # a frame that nothing refers to is skipped

    def test_in_any_order_and_again(self, clip: Path) -> None:
        every, frames = all_frames(clip), open_video(clip).frames([2, 9, 30])
        for place, index in ((0, 2), (0, 2), (2, 30), (1, 9), (2, 30), (0, 2)):
            assert np.array_equal(frames[place], every[index])

    def test_the_file_is_closed(self, clip: Path) -> None:
        def opened() -> int:
            return sum(os.path.realpath(f"/proc/self/fd/{fd}") == str(clip) for fd in os.listdir("/proc/self/fd"))

        video = open_video(clip)
        assert opened() == 0
        frames = video.frames([0, 5, 20])
        frames[0].decode()
        assert opened() == 1
        frames[2].decode()
        assert opened() == 0
        frames = video.frames([0, 5])
        frames[0].decode()
        del frames
        gc.collect()
        assert opened() == 0


class TestMetadata:
    def test_rate_and_duration(self, folder: Path) -> None:
        known = open_video(make_clip(folder / "ntsc.mp4", 60, rate=Fraction(30000, 1001))).metadata
        assert dict(known) == {
            "total_num_frames": 60,
            "fps": 60 / 2.002,
            "width": 128,
            "height": 96,
            "duration": 2.002,
            "video_backend": "pyav",
            "frames_indices": None,
        }

    def test_frames_are_counted_where_the_container_does_not(self, folder: Path) -> None:
        path = make_clip(folder / "silent.mkv", 30)
        with av.open(str(path)) as file:
            assert file.streams.video[0].frames == 0
        assert open_video(path).metadata.total_num_frames == 30

    @pytest.mark.parametrize("announced", [7, 5000])
    def test_a_header_that_announces_other_frames_than_there_are(self, folder: Path, announced: int) -> None:
        """In AVI the number of frames is a field of its own, which nothing else follows."""
        content = bytearray(make_clip(folder / "honest.avi", 20, codec="mpeg4").read_bytes())
        header, stream = content.index(b"avih") + 8 + 16, content.index(b"strh") + 8 + 32
        for place in (header, stream):
            assert int.from_bytes(content[place : place + 4], "little") == 20
            content[place : place + 4] = announced.to_bytes(4, "little")
        path = folder / f"lies{announced}.avi"
        path.write_bytes(content)
        assert open_video(path).metadata.total_num_frames == 20
        assert same(taken(path, [0, 19]), [all_frames(path)[i] for i in (0, 19)])

    def test_variable_rate_has_times(self, folder: Path) -> None:
        """V18"""
        video = open_video(make_clip(folder / "variable.mp4", milliseconds=VARIABLE))
        assert video.times == pytest.approx([time / 1000 for time in VARIABLE], abs=1e-4)
        assert video.metadata.fps == pytest.approx(40 / 3.8, rel=0.06)
        assert open_video(make_clip(folder / "constant.mkv")).times is None

    def test_one_frame(self, folder: Path) -> None:
        video = open_video(make_clip(folder / "one.mp4", 1))
        assert (video.metadata.total_num_frames, video.metadata.fps) == (1, 25)


class TestSources:
    @pytest.fixture
    def served(self, clip: Path) -> Iterator[str]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(clip.read_bytes())

            def log_message(self, *arguments: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/clip.mp4?key=secret"
        server.shutdown()

    def test_all_lead_to_the_same(self, clip: Path, served: str) -> None:
        content = clip.read_bytes()
        text = base64.b64encode(content).decode()
        expected = [all_frames(clip)[i] for i in (0, 7)]
        sources = [
            clip,
            str(clip),
            os.fsencode(clip).decode(),
            content,
            bytearray(content),
            memoryview(content),
            io.BytesIO(content),
            text,
            f"data:video/mp4;base64,{text}",
            {"bytes": content, "path": None},
            {"bytes": None, "path": str(clip)},
            served,
        ]
        for source in sources:
            assert same(taken(source, [0, 7]), expected), str(source)[:40]
        with open(clip, "rb") as file:
            assert same(taken(file, [0, 7]), expected)

    @pytest.mark.parametrize("name", ["a:b.mp4", "http:x%02d.mp4", "-i?.mp4", "\u00e9 \u4e2d.mp4", "x|y.mp4"])
    def test_odd_names_are_names(self, clip: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        write_atomically(tmp_path / name, clip.read_bytes())
        assert len(taken(tmp_path / name, [0])) == 1
        monkeypatch.chdir(tmp_path)
        assert len(taken(name, [0])) == 1

    def test_limits_on_where_videos_come_from_are_those_of_images(self, clip: Path, served: str) -> None:
        before = set_decode_limits(DecodeLimits.only_data())
        try:
            assert len(taken(clip.read_bytes(), [0])) == 1
            for source in (clip, served):
                with pytest.raises(VideoLoadError, match=r"`folders` of Decode|`hosts` of Decode"):
                    open_video(source)
        finally:
            set_decode_limits(before)


class TestHostile:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "empty"),
            (b"garbage" * 500, "no video that FFmpeg can read"),
            (b"\0\0\0\x20ftypisom" + bytes(4000), "no video that FFmpeg can read|holds no"),
            (b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n", "no video that FFmpeg can read"),
            (b"ffconcat version 1.0\nfile /etc/passwd\n", "no video that FFmpeg can read"),
            (b"\x1a\x45\xdf\xa3" + os.urandom(3000), "no video that FFmpeg can read|holds no"),
            (b"\x89PNG\r\n\x1a\n" + b"\0" * 90, "no image|broken"),
        ],
    )
    def test_what_is_no_video(self, content: bytes, words: str) -> None:
        with pytest.raises(VideoLoadError, match=words):
            open_video(content)

    def test_sound_alone(self, tmp_path: Path) -> None:
        with av.open(str(tmp_path / "sound.mp4"), "w") as file:
            stream: Any = file.add_stream("aac", rate=16000)
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate = 16000
            file.mux(stream.encode(frame))
            file.mux(stream.encode())
        with pytest.raises(VideoLoadError, match="it holds no video"):
            open_video(tmp_path / "sound.mp4")

    @pytest.mark.parametrize("part", [0.3, 0.6, 0.97])
    def test_cut_short_it_has_the_frames_that_are_there(self, folder: Path, part: float) -> None:
        for ending, container in (("mp4", {"movflags": "faststart"}), ("mkv", {}), ("ts", {})):
            content = make_clip(folder / f"whole.{ending}", options=GROUPS, container=container).read_bytes()
            cut = content[: int(len(content) * part)]
            video = open_video(cut)
            count = video.metadata.total_num_frames
            assert 3 < count < 40
            every = all_frames(folder / f"whole.{ending}")
            assert same(taken(cut, range(count - 3)), every[: count - 3])

    def test_without_its_header_it_is_none(self, clip: Path) -> None:
        with pytest.raises(VideoLoadError, match="no video that FFmpeg can read"):
            open_video(clip.read_bytes()[:3000])

    def test_frames_that_are_broken_are_the_ones_before_them_and_said(self, folder: Path) -> None:
        path = make_clip(folder / "jpegs.mov", 9, codec="mjpeg", pixels="yuvj420p")
        with av.open(str(path)) as file:
            packets = [(packet.pos, packet.size) for packet in file.demux(video=0) if packet.size]
        content = bytearray(path.read_bytes())
        place, size = packets[4]
        content[place : place + size] = bytes(size)
        every = all_frames(path)
        with pytest.warns(UserWarning, match="frame 4 cannot be decoded; the one shown before"):
            found = taken(bytes(content), [3, 4, 5])
        assert same(found, [every[3], every[3], every[5]])

    def test_frames_of_several_sizes(self, folder: Path) -> None:
        parts = [make_clip(folder / f"{side}.h264", 5, size=(side, side)).read_bytes() for side in (64, 96)]
        with pytest.raises(VideoLoadError, match="change their size from 64x64 to 96x96"):
            taken(b"".join(parts), range(10))

    @pytest.mark.parametrize(
        ("limits", "words"),
        [
            ({"max_bytes": 1000}, "more than 1000 bytes, the limit max_bytes of VideoLimits"),
            ({"max_pixels": 96 * 128 - 1}, "96x128 = 12288 pixels, more than the 12287 that max_pixels of VideoLimits"),
            ({"max_frames": 39}, "more than 39 frames.* max_frames"),
            ({"max_seconds": 1.5}, "2 seconds, more than the 1.5 that max_seconds"),
        ],
    )
    def test_limits(self, clip: Path, limits: dict[str, Any], words: str) -> None:
        for source in (clip, clip.read_bytes()):
            with pytest.raises(VideoLoadError, match=words):
                open_video(source, limits=VideoLimits(**limits))

    def test_a_limit_on_what_is_taken(self, clip: Path) -> None:
        video = open_video(clip, limits=VideoLimits(max_taken_pixels=96 * 128 * 10))
        assert len(video.frames(range(10))) == 10
        with pytest.raises(VideoLoadError, match=r"11 frames of 96x128 to be taken.* max_taken_pixels"):
            video.frames(range(11))

    def test_limits_are_numbers(self) -> None:
        for wrong in ({"max_bytes": 0}, {"max_frames": True}, {"max_pixels": 1.5}, {"max_seconds": float("nan")}):
            with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be a number above 0"):
                VideoLimits(**wrong)

    def test_errors_name_the_video(self, clip: Path) -> None:
        processor = pixelprep.VideoMAEVideoProcessorPil()
        with pytest.raises(VideoLoadError, match=r"video 2 \(bytes\): ") as caught:
            processor([clip, clip, b"garbage", clip])
        assert caught.value.position == "video 2"
        with pytest.raises(VideoNotFoundError, match=r"video 0 \(absent.mp4\): there is no such file"):
            processor("absent.mp4")
        before = set_video_limits(VideoLimits(max_frames=3))
        try:
            with pytest.raises(VideoLoadError, match=r"video 0.*max_frames"):
                processor([clip])
        finally:
            set_video_limits(before)


class TestAnimations:
    @pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
    def test_they_are_videos(self, tmp_path: Path, format: str) -> None:
        path = tmp_path / f"moves.{format.lower()}"
        pictures = [PIL.Image.fromarray(drawn(number, 40, 56)) for number in range(6)]
        options: dict[str, Any] = {"lossless": True} if format == "WEBP" else {}
        pictures[0].save(path, format, save_all=True, append_images=pictures[1:], duration=100, **options)
        video = open_video(path)
        assert (dict(video.metadata)["fps"], video.metadata.duration, video.times) == (10, 0.6, None)
        expected = []
        with PIL.Image.open(path) as image:
            for index in range(6):
                image.seek(index)
                expected.append(np.array(image.convert("RGB")))
        assert same(taken(path, [0, 3, 3, 5, 1]), [expected[i] for i in (0, 3, 3, 5, 1)])
        if format != "GIF":
            assert same(taken(path.read_bytes(), range(6)), [np.array(picture) for picture in pictures])

    def test_frames_of_several_durations_have_times(self, tmp_path: Path) -> None:
        pictures = [PIL.Image.fromarray(drawn(number, 8, 8)) for number in range(4)]
        pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=[100, 300, 0, 50])
        assert open_video(tmp_path / "a.gif").times == [0, 0.1, 0.4, 0.5]

    def test_a_picture_is_a_video_of_one_frame(self, tmp_path: Path) -> None:
        exif = PIL.Image.Exif()
        exif[0x112] = 6
        PIL.Image.fromarray(drawn(0, 40, 56)).save(tmp_path / "still.png", exif=exif)
        assert taken(tmp_path / "still.png", [0])[0].shape == (56, 40, 3)
        assert open_video(tmp_path / "still.png").metadata.total_num_frames == 1

    def test_limits(self, tmp_path: Path) -> None:
        pictures = [PIL.Image.fromarray(drawn(number, 80, 80)) for number in range(9)]
        pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:])
        for limits in ({"max_frames": 8}, {"max_pixels": 6399}, {"max_taken_pixels": 8 * 6400}, {"max_seconds": 0.5}):
            with pytest.raises(VideoLoadError, match=f"{next(iter(limits))}"):
                open_video(tmp_path / "a.gif", limits=VideoLimits(**limits))

    def test_cut_short(self, tmp_path: Path) -> None:
        pictures = [PIL.Image.fromarray(drawn(number, 80, 80)) for number in range(4)]
        pictures[0].save(tmp_path / "a.webp", save_all=True, append_images=pictures[1:])
        with pytest.raises(VideoLoadError):
            open_video((tmp_path / "a.webp").read_bytes()[:900])


class TestDecoders:
    def test_an_unknown_one(self, clip: Path) -> None:
        with pytest.raises(
            ValueError, match=r"no video decoder 'pyva'; did you mean 'pyav'\? Known: 'pyav', 'torchcod"
        ):
            open_video(clip, "pyva")

    def test_without_pyav_the_error_says_what_to_install(self, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "av", None)
        with pytest.raises(ImportError, match=r'decoding videos needs PyAV.* pip install "pixelprep\[video\]"'):
            open_video(clip)

    def test_without_torchcodec_the_error_says_so(self, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "torchcodec.decoders", None)
        with pytest.raises(ImportError, match=r'decoder="torchcodec" needs torchcodec.* or leave decoder="pyav"'):
            open_video(clip, "torchcodec")

    def test_torchcodec_is_asked_a_few_frames_at_a_time(self, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A stand-in with its interface: the package needs FFmpeg's libraries, which no wheel brings."""
        torch = pytest.importorskip("torch")
        asked: list[list[int]] = []

        class VideoDecoder:
            def __init__(self, source: Any, dimension_order: str, num_ffmpeg_threads: int) -> None:
                self.every = all_frames(source)
                self.metadata = types.SimpleNamespace(height=96, width=128, average_fps=25, duration_seconds=1.6)

            def __len__(self) -> int:
                return len(self.every)

            def get_frames_at(self, indices: list[int]) -> Any:
                asked.append(indices)
                frames = np.stack([self.every[index] for index in indices])
                return types.SimpleNamespace(data=torch.from_numpy(frames))

        module: Any = types.ModuleType("torchcodec.decoders")
        module.VideoDecoder = VideoDecoder
        monkeypatch.setitem(sys.modules, "torchcodec.decoders", module)
        assert same(taken(clip, range(0, 40, 2), decoder="torchcodec"), all_frames(clip)[::2])
        assert list(map(len, asked)) == [1, 8, 8, 4]
        with pytest.raises(VideoLoadError, match="begins as no container"):
            open_video(b"#EXTM3U\nhttp://127.0.0.1/a.ts", "torchcodec")

    def test_others_are_announced(self, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from pixelprep.videos.metadata import VideoMetadata

        class Counting:
            metadata = VideoMetadata(5, 2.5, 16, 8, 2.0, "counting")
            times = None

            def __init__(self, file: Any, name: str, limits: VideoLimits) -> None:
                assert Path(os.fsdecode(file)) == clip

            def frames(self, indices: Any) -> Iterator[Any]:
                yield from (np.full((8, 16, 3), index, np.uint8) for index in indices)

        entry = types.SimpleNamespace(value="counting:Counting", load=lambda: Counting)
        monkeypatch.setattr(decoders, "_announced", lambda: {"counting": entry})
        assert "counting" in decoders.decoders()
        found = pixelprep.VideoMAEVideoProcessorPil(do_normalize=False, do_rescale=False)(
            clip, decoder="counting", num_frames=3, return_metadata=True, return_tensors="np"
        )
        assert found["video_metadata"][0].frames_indices == [0, 1, 3]
        assert [int(frame.max()) for frame in found["pixel_values"][0]] == [0, 1, 3]


def test_an_index_is_taken_as_often_as_it_is_asked_for(clip: Path) -> None:
    frames = taken(clip, itertools.chain([4] * 3, [5], [4] * 2))
    assert [np.array_equal(frames[0], frame) for frame in frames] == [True, True, True, False, True, True]

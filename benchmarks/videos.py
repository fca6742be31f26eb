"""Videos that are measured: decoded frames into tensors, files into tensors, memory; beside the reference's classes."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from pixelprep.registry.videos import VIDEO_FAMILIES

from .cases import photograph
from .measure import Effort, Timing, in_process, paired

HD, FULL_HD = (720, 1280), (1080, 1920)
RATE = 30
TAKEN = 32
SECONDS = 10


@dataclass(frozen=True)
class VideoCase:
    """Decoded frames into tensors: a family on native beside the reference's class, and the speed to reach."""

    family: str
    frames: int
    target: float

    @property
    def title(self) -> str:
        return f"{self.family}, {self.frames} x 720p"

    @property
    def known(self) -> dict[str, Any]:
        """What is said of the frames: 8 seconds of video, all frames taken."""
        count = self.frames
        return {"total_num_frames": count, "fps": count / 8, "duration": 8.0, "frames_indices": list(range(count))}

    def options(self) -> dict[str, Any]:
        return {"video_metadata": [self.known], "do_sample_frames": False}

    def ours(self) -> Callable[[Any], Any]:
        processor: Any = VIDEO_FAMILIES[self.family].load().on("native")()
        return lambda frames: processor(frames, return_tensors="np", **self.options())

    def reference(self) -> Callable[[Any], Any]:
        processor = reference_class(self.family)()
        return lambda frames: processor(frames, return_tensors="pt", **self.options())


CASES = (
    VideoCase("Qwen2VL", 32, 8),
    VideoCase("LlavaOnevision", 32, 7),
    VideoCase("Glm46V", 32, 6),
    VideoCase("MiniCPMV4_6", 32, 6),
    VideoCase("SmolVLM", 32, 6),
    VideoCase("Qwen3VL", 256, 6),
)


def written() -> list[VideoCase]:
    """The rows whose family is written."""
    return [case for case in CASES if VIDEO_FAMILIES[case.family].written]


def reference_class(family: str) -> Any:
    """The reference's video processor."""
    folder = VIDEO_FAMILIES[family].folder
    module = importlib.import_module(f"transformers.models.{folder}.video_processing_{folder}")
    return getattr(module, f"{family}VideoProcessor")


@cache
def drawn(count: int, size: tuple[int, int] = HD) -> Any:
    """Frames `(T, H, W, 3)`: a window that wanders over a photograph."""
    height, width = size
    picture = np.asarray(photograph(width + 320, height + 180))
    places = [(int(90 + 89 * np.sin(n / 23)), int(160 + 159 * np.cos(n / 31))) for n in range(count)]
    return np.stack([picture[y : y + height, x : x + width] for y, x in places])


def clip(folder: Path, group: int, frames: int = RATE * SECONDS, size: tuple[int, int] = HD) -> Path:
    """A file of H.264 with B-frames, a keyframe each `group` frames."""
    import av

    path = folder / f"{frames}x{size[0]}p_{group}.mp4"
    if path.exists():
        return path
    preset = "veryfast" if size == HD else "ultrafast"
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream("libx264", rate=RATE, options={"preset": preset, "crf": "23", "g": str(group)})
        stream.height, stream.width, stream.pix_fmt = (*size, "yuv420p")
        unique = drawn(min(frames, 300), size)
        for number in range(frames):
            image = unique[number % len(unique)]
            file.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        file.mux(stream.encode())
    return path


def spread(frames: int = RATE * SECONDS) -> list[int]:
    """The frames that Qwen2VL takes of a clip."""
    processor: Any = VIDEO_FAMILIES["Qwen2VL"].load().on("native")()
    indices: list[int] = processor.sample_indices({"total_num_frames": frames, "fps": float(RATE)}, num_frames=TAKEN)
    return indices


def plain_decoding(path: Path, indices: Sequence[int]) -> Any:
    """The fastest way known: one pass, frames that are neither wanted nor referred to left out, into one array."""
    import av

    with av.open(str(path)) as file:
        stream: Any = file.streams.video[0]
        stream.codec_context.thread_count = 1
        shown = sorted(packet.pts for packet in file.demux(stream) if packet.pts is not None)
        file.seek(0, stream=stream)
        wanted = {shown[index] for index in indices}
        graph = av.filter.Graph()
        graph.threads = 1
        source, sink = graph.add_buffer(template=stream), graph.add("buffersink")
        graph.link_nodes(source, graph.add("format", "rgb24"), sink).configure()
        found = np.empty((len(indices), stream.height, stream.width, 3), np.uint8)
        place = 0
        for packet in file.demux(stream):
            if packet.size:
                stream.codec_context.skip_frame = "DEFAULT" if packet.pts in wanted else "NONREF"
            for frame in packet.decode():
                if frame.pts in wanted:
                    graph.vpush(frame)
                    made: Any = graph.vpull()
                    found[place] = made.to_ndarray()
                    place += 1
            if place == len(indices):
                return found
    raise ValueError(f"{path} holds {place} of the {len(indices)} frames")


def from_file(path: Path) -> Callable[[], Any]:
    """Qwen2VL's patches of a file, ours."""
    processor: Any = VIDEO_FAMILIES["Qwen2VL"].load().on("native")()
    return lambda: processor(path, num_frames=TAKEN, return_tensors="np")


def reference_from_file(path: Path, indices: Sequence[int]) -> Callable[[], Any]:
    """The same by the reference: its `load_video` with PyAV, for its class decodes with torchcodec alone."""
    from transformers.video_utils import load_video

    processor = reference_class("Qwen2VL")()

    def call() -> Any:
        frames, _ = load_video(str(path), backend="pyav", sample_indices_fn=lambda metadata, **_: np.array(indices))
        return processor(frames, return_tensors="pt", do_sample_frames=False)

    return call


def file_rows(folder: Path, group: int, effort: Effort) -> list[tuple[str, Timing, float]]:
    """A file with a keyframe each `group` frames: what, times, and how many times faster it should be."""
    from pixelprep import load_video
    from pixelprep_native import num_threads, set_num_threads

    path, indices = clip(folder, group), spread()

    def decoded() -> Any:
        return load_video(path, sample_indices_fn=lambda metadata: indices)[0]

    assert np.array_equal(decoded(), plain_decoding(path, indices))
    ours, plain = from_file(path), lambda: plain_decoding(path, indices)
    theirs, named = reference_from_file(path, indices), f"keyframe each {group}"

    def on_two_threads() -> None:
        before = num_threads()
        set_num_threads(2)
        try:
            ours()
        finally:
            set_num_threads(before)

    return [
        (f"{TAKEN} frames decoded, {named}; the fastest plain loop", paired(decoded, plain, effort), 1 / 1.05),
        (f"file to Qwen2VL's patches, {named}; that loop alone", paired(ours, plain, effort), 1 / 1.15),
        (f"the same on 2 threads, {named}; that loop alone", paired(on_two_threads, plain, effort), 1 / 1.15),
        (f"file to Qwen2VL's patches, {named}; transformers", paired(ours, theirs, effort), 1),
    ]


def threads_row(folder: Path, effort: Effort) -> tuple[str, Timing, float]:
    """Four clips on two threads beside one."""
    from pixelprep_native import num_threads, set_num_threads

    path, before = clip(folder, 30), num_threads()
    processor: Any = VIDEO_FAMILIES["Qwen2VL"].load().on("native")()

    def on(threads: int) -> Callable[[], Any]:
        def run() -> None:
            set_num_threads(threads)
            processor([path] * 4, num_frames=8, return_tensors="np")

        return run

    try:
        return "4 files on 2 threads; on 1", paired(on(2), on(1), effort), 1.7
    finally:
        set_num_threads(before)


_OURS = """
import pixelprep
processor = pixelprep.{family}VideoProcessorNative()
def call(path, frames):
    return processor(path, num_frames=frames, return_tensors="np")
"""
_REFERENCE = """
import numpy, torch, transformers
from transformers.video_utils import load_video
processor = transformers.{family}VideoProcessor()
def call(path, frames):
    video, _ = load_video(path, num_frames=frames)
    return processor(video, return_tensors="pt", do_sample_frames=False)
"""
_CALL = """
call({small!r}, 4)
before = peak()
made = call({path!r}, {frames})
print(json.dumps([peak() - before, sum(value.nbytes for value in made.values()) / 2**20]))
"""


def peak_memory(side: str, family: str, path: Path, small: Path, frames: int) -> tuple[float, float]:
    """Megabytes at the peak of a call in a fresh process above the state before it, and of its outputs."""
    code = (_OURS if side == "ours" else _REFERENCE).format(family=family)
    code += _CALL.format(small=str(small), path=str(path), frames=frames)
    above, made = in_process(code)
    return above, made


MEMORY = (("Qwen2VL", 32, HD, ("ours", "reference")), ("LlavaOnevision", 32, HD, ("ours", "reference")))
LONG = ("Qwen3VL", 768, FULL_HD, ("ours",))
"""The reference takes as much as all frames have, some 5 GB."""

"""Videos decoded by PyAV: only the frames that are taken, jumping to keyframes, skipping what nothing refers to.

    Packets     which frames there are, and when they are shown: read from the packets, nothing decoded
    PyAVVideo   frames by their numbers, through the filter graph that makes RGB of any pixel format

A keyframe is a place where decoding can begin. What is neither taken nor referred to is not decoded (the decoder's
`skip_frame`). Files that do not keep to the rules are decoded again, all frames in order.
"""

from __future__ import annotations

import bisect
import logging
import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.callers import warn_caller
from ..core.extras import required
from ..images.limits import explain
from .limits import VideoLimits, VideoLoadError
from .metadata import VideoMetadata
from .times import metadata_of

if TYPE_CHECKING:
    from io import BytesIO

    import numpy as np
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,live_flv,ogg,asf,ivf,h264,hevc,obu,av1,m4v,"
    "mxf,nut,rm,dv,wtv,vc1,gif,apng,yuv4mpegpipe"
)
"""FFmpeg's names of the containers that are read: they hold frames, and none leads to other files or addresses."""
# Whose frames that are not referred to can be left out; HEVC's only where there is one temporal layer.
_SKIPPED = {"h264", "mpeg4", "mpeg2video", "mpeg1video", "vp9"}


class _AstrayError(Exception):
    """A frame did not come where the packets promised it."""


@dataclass(frozen=True)
class Packets:
    """The frames of a stream, in the order in which they are shown.

    Attributes:
        pts: when each is shown, in units of the stream; empty where packets do not say so.
        end: when the last one ends.
        count: how many there are.
        numbers: by pts, the number of a frame's packet in the file, those of frames that are not shown counted.
        keys: (pts, number, dts) of keyframes.
    """

    pts: list[int]
    end: int
    count: int
    numbers: dict[int, int]
    keys: list[tuple[int, int, int | None]]

    def key_before(self, pts: int) -> tuple[int, int, int | None]:
        """The last keyframe from which a frame can be decoded; the file's start if there is none."""
        position = bisect.bisect_right(self.keys, (pts, 1 << 62, None)) - 1
        return self.keys[position] if position >= 0 else (self.pts[0], 0, None)


class PyAVVideo:
    """One video file.

    Args:
        file: a path, or the contents.
        name: what to call it.
        limits: see `VideoLimits`.
        threads: of the decoder.

    Attributes:
        metadata: what is known of it; frames have this height and width, rotation applied.
        times: seconds at which each frame is shown, from the first on; None where they follow from the rate.

    Raises:
        VideoLoadError: no video, broken, or over a limit. ImportError: PyAV is not installed.
    """

    def __init__(self, file: str | bytes | BytesIO, name: str, limits: VideoLimits, threads: int = 1) -> None:
        self._av: Any = required("av", "decoding videos", "; or pass the frames, as an array or a list")
        self._file, self._name, self._limits, self._threads = file, name, limits, threads
        self._graph: tuple[Any, Any] = (None, None)
        self.size: tuple[int, int] | None = None
        with self._opened() as (container, stream):
            self._packets, first = self._scan(container, stream)
            rate = stream.average_rate or stream.guessed_rate
            rate, unit = None if not rate else float(rate), stream.time_base
            # One keyframe tells the size, and which way is up.
            frames = [] if first is None else self._decoded(first) or self._decoded(None, stream.codec_context)
        self._straight = not self._packets.pts
        self.size = _upright(frames[0]) if frames else next(self.frames([0])).shape[:2]
        self.metadata: VideoMetadata
        self.metadata, self.times = metadata_of(
            self._packets.pts, self._packets.end, self._packets.count, unit, rate, self.size, "pyav"
        )
        if (self.metadata.duration or 0) > limits.max_seconds:
            raise limits.refuse(name, f"{self.metadata.duration:.0f} seconds", "max_seconds")

    def frames(self, indices: Sequence[int]) -> Iterator[NDArray[np.uint8]]:
        """Frames `(H, W, 3)` uint8 by their numbers, one after the other as they are asked for; the file is closed
        behind the last.

        Raises:
            VideoLoadError: none can be decoded, or one has another size than the first.
        """
        wanted = list(dict.fromkeys(indices))
        found = self._found(wanted) if wanted == sorted(wanted) else self._found_in_runs(wanted)
        kept: dict[int, Any] = {}
        last = {index: position for position, index in enumerate(indices)}
        for position, index in enumerate(indices):
            if index not in kept:
                kept[index] = self._rgb(next(found))
            yield kept[index]
            if last[index] == position:
                del kept[index]

    # -------------------------------------------------------------------------------------------------- the file

    @contextmanager
    def _opened(self) -> Iterator[tuple[Any, Any]]:
        """The container and its best video stream; whatever FFmpeg says of them is one error."""
        options = {
            "format_whitelist": FORMATS,
            "protocol_whitelist": "file",
            "max_pixels": str(self._limits.max_pixels),
        }
        source: Any = self._file
        if isinstance(source, str | bytes):
            source = "file:" + os.fsdecode(source)
        else:
            source.seek(0)
        container = None
        try:
            container = self._av.open(source, options=options, metadata_errors="ignore")
            stream = container.streams.best("video")
            if stream is None or stream.codec_context is None:
                codec = "it holds no video" if stream is None else "no decoder for its video is installed"
                raise VideoLoadError(self._name, codec)
            discard = getattr(self._av.stream, "Discard", None)  # PyAV 17 has it
            for other in container.streams:
                if other is not stream and discard is not None:
                    other.discard = discard.all
            height, width = stream.height, stream.width
            if height * width > self._limits.max_pixels:
                what = f"frames of {height}x{width} = {height * width} pixels"
                raise self._limits.refuse(self._name, what, "max_pixels")
            stream.codec_context.options = {"max_pixels": str(self._limits.max_pixels)}
            stream.codec_context.thread_count = self._threads
            yield container, stream
        except self._av.error.FFmpegError as error:
            raise VideoLoadError(self._name, f"it holds no video that FFmpeg can read: {explain(error)}") from error
        finally:
            if container is not None:
                container.close()

    def _scan(self, container: Any, stream: Any) -> tuple[Packets, Any]:
        """What the packets say, whatever the header does; and the first of a keyframe."""
        shown: list[int | None] = []
        numbers: dict[int, int] = {}
        keys: list[tuple[int, int, int | None]] = []
        end, number, first = 0, 0, None
        try:
            for packet in container.demux(stream):
                if not packet.size:
                    continue
                pts = packet.pts
                if pts is not None:
                    numbers.setdefault(pts, number)
                if not (packet.is_corrupt or packet.is_discard):
                    shown.append(pts)
                    first = packet if first is None and packet.is_keyframe else first
                    if pts is not None:
                        end = max(end, pts + (packet.duration or 0))
                        if packet.is_keyframe:
                            keys.append((pts, number, packet.dts))
                number += 1
                if number > self._limits.max_frames:
                    raise self._limits.refuse(self._name, f"more than {number - 1} frames", "max_frames")
        except self._av.error.FFmpegError as error:  # what was read is there
            logger.debug("%s: %s frames are read, then: %s", self._name, number, explain(error))
        if not shown:
            raise VideoLoadError(self._name, "it holds no frames, or was cut short before the first")
        timed = [pts for pts in shown if pts is not None]
        # AVI has no room for when a frame is shown; elsewhere some may have no time, or several one.
        if container.format.name == "avi" or len(set(timed)) < len(shown):
            timed = []
        return Packets(sorted(timed), end, len(shown), numbers, sorted(keys, key=lambda key: key[0])), first

    # ------------------------------------------------------------------------------------------------- the frames

    def _found_in_runs(self, wanted: list[int]) -> Iterator[Any]:
        """Frames in an order of their own: from file to file as long as it goes on, for all at once take memory."""
        run: list[int] = []
        for index in wanted:
            if run and index < run[-1]:
                yield from self._found(run)
                run = []
            run.append(index)
        yield from self._found(run)

    def _found(self, wanted: list[int]) -> Iterator[Any]:
        """The decoder's frames, of indices that rise."""
        done = 0
        if not self._straight:
            try:
                for frame in self._jumping(wanted):
                    done += 1
                    yield frame
                return
            except _AstrayError as error:
                logger.debug("%s: decoded in order: %s", self._name, error)
                self._straight = True
        yield from self._one_by_one(wanted[done:])

    def _jumping(self, wanted: list[int]) -> Iterator[Any]:
        """From keyframe to keyframe, without what nothing refers to."""
        known = self._packets
        targets = [known.pts[index] for index in wanted]
        taken = set(targets)
        with self._opened() as (container, stream):
            context, skips = stream.codec_context, _skips(stream.codec_context)
            packets, frames, position = container.demux(stream), deque[Any](), 0
            for pts in targets:
                key = known.key_before(pts)
                if key[1] > position:
                    packets.close()
                    packets, position = self._seek(container, stream, key)
                    frames.clear()
                while True:
                    if frames:
                        frame = frames.popleft()
                        if frame.pts is None or frame.pts > pts:
                            raise _AstrayError(f"no frame at {pts}, the next at {frame.pts}")
                        if frame.pts == pts:
                            yield frame
                            break
                        continue
                    packet = next(packets, None)
                    if packet is None:
                        raise _AstrayError(f"no frame at {pts}, and none comes")
                    if position >= key[1]:
                        if skips and packet.size:
                            context.skip_frame = "DEFAULT" if packet.pts in taken else "NONREF"
                        frames.extend(self._decoded(packet))
                    position += packet.size > 0

    def _seek(self, container: Any, stream: Any, key: tuple[int, int, int | None]) -> tuple[Iterator[Any], int]:
        """The packets from a keyframe on, or from one before it, and the number of the first."""
        for time in (key[0], key[2]):  # containers keep one or the other in their index
            if time is None:
                continue
            container.seek(time, stream=stream)
            packets = container.demux(stream)
            first = next(packets, None)
            number = None if first is None else self._packets.numbers.get(first.pts)
            if number is not None and number <= key[1]:
                return _with_first(first, packets), number
            packets.close()
        raise _AstrayError(f"the keyframe at {key[0]} is not found")

    def _one_by_one(self, wanted: list[int]) -> Iterator[Any]:
        """All frames in order; one that does not come is the one shown before it, as players do it."""
        times, told = self._packets.pts, False
        shown, following = None, None
        with self._opened() as (container, stream):
            outputs = (frame for packet in container.demux(stream) for frame in self._decoded(packet))
            timed = ((frame.pts if times else number, frame) for number, frame in enumerate(outputs))
            following = next(timed, None)
            for index in wanted:
                target = times[index] if times else index
                while following is not None and (following[0] is None or following[0] <= target):
                    shown, following = following, next(timed, None)
                found = shown or following
                if found is None:
                    raise VideoLoadError(self._name, "none of its frames can be decoded: it is broken or cut short")
                if found[0] != target and not told:
                    told = True
                    warn_caller(
                        f"{self._name}: frame {index} cannot be decoded; the one shown before it stands in its place, "
                        "and so for others like it"
                    )
                yield found[1]

    def _decoded(self, packet: Any, context: Any = None) -> list[Any]:
        """The frames that a packet brings; those that are left in a decoder if there is none."""
        try:
            frames: list[Any] = context.decode(None) if packet is None else packet.decode()
        except self._av.error.FFmpegError as error:
            logger.debug("%s: a packet is broken: %s", self._name, explain(error))
            return []
        return frames

    def _rgb(self, frame: Any) -> NDArray[np.uint8]:
        """The frame as it is shown: as RGB, upright."""
        import numpy as np

        kind = (frame.width, frame.height, frame.format.name)
        if self._graph[0] != kind:
            graph = self._av.filter.Graph()
            graph.threads = 1
            source = graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
            )
            made = graph.add("format", "rgb24"), graph.add("buffersink")
            graph.link_nodes(source, *made).configure()
            self._graph = (kind, graph)
        graph = self._graph[1]
        graph.vpush(frame)
        plane = graph.vpull().planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        pixels = rows[:, : plane.width * 3].reshape(plane.height, plane.width, 3)
        if frame.rotation % 360:
            pixels = np.ascontiguousarray(np.rot90(pixels, (frame.rotation // 90) % 4))
        if self.size is not None and pixels.shape[:2] != self.size:
            height, width = self.size
            raise VideoLoadError(
                self._name,
                f"its frames change their size from {height}x{width} to {pixels.shape[0]}x{pixels.shape[1]}; decode "
                "and resize them before, or cut the video there",
            )
        return pixels


def _with_first(first: Any, others: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from others


def _upright(frame: Any) -> tuple[int, int]:
    """Height and width of a frame as it is shown."""
    return (frame.width, frame.height) if (frame.rotation // 90) % 2 else (frame.height, frame.width)


def _skips(context: Any) -> bool:
    """Whether frames that nothing refers to can be left out; FFmpeg's words for it are per frame on one thread."""
    if context.thread_count != 1:
        return False
    if context.name != "hevc":
        return context.name in _SKIPPED
    layout = context.extradata or b""  # ISO/IEC 14496-15: byte 21 holds the number of temporal layers
    return len(layout) > 22 and layout[0] == 1 and (layout[21] >> 3) & 7 == 1

"""Video files made here, small ones, and what is in them: every frame decoded in order, none left out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

os.environ.setdefault("SVT_LOG", "0")  # else that encoder talks


def drawn(number: int, height: int, width: int) -> Any:
    """Frame `number`: blocks that move, a patch that tells frames apart."""
    colors = np.random.default_rng(0).integers(0, 255, (-(-height // 8), -(-width // 8), 3), dtype=np.uint8)
    image = np.kron(np.roll(colors, number, axis=1), np.ones((8, 8, 1), np.uint8))[:height, :width].copy()
    image[: height // 4, : width // 4] = number * 37 % 256
    return image


def make_clip(
    path: Path | str,
    frames: int = 40,
    codec: str = "libx264",
    size: tuple[int, int] = (96, 128),
    rate: Fraction | int = 25,
    pixels: str = "yuv420p",
    options: Mapping[str, str] | None = None,
    container: Mapping[str, str] | None = None,
    rotation: int = 0,
    milliseconds: Sequence[int] | None = None,
) -> Path:
    """A video file of frames of `size` (height, width).

    Args:
        options, container: of the encoder and of the container.
        rotation: degrees that the container asks players to turn frames by.
        milliseconds: when each frame is shown, in place of `rate`.
    """
    height, width = size
    quiet = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    with av.open(str(path), "w", options=dict(container or {})) as file:
        stream: Any = file.add_stream(codec, rate=rate, options={**quiet, **(options or {})})
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        if milliseconds is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if rotation:
            stream.set_display_rotation(rotation)
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(drawn(number, height, width), format="rgb24")
            if milliseconds is not None:
                frame.pts, frame.time_base = milliseconds[number], Fraction(1, 1000)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return Path(path)


def all_frames(path: Path | str) -> list[Any]:
    """Every frame as RGB, upright."""
    found: list[Any] = []
    with av.open(str(path)) as file:
        stream: Any = file.streams.video[0]
        graph = None
        for frame in file.decode(stream):
            if graph is None:
                graph = av.filter.Graph()
                source, sink = graph.add_buffer(template=stream), graph.add("buffersink")
                graph.link_nodes(source, graph.add("format", "rgb24"), sink).configure()
            graph.vpush(frame)
            made: Any = graph.vpull()
            found.append(np.rot90(made.to_ndarray(), (frame.rotation // 90) % 4).copy())
    return found

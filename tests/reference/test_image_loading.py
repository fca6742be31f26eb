"""Loading: every kind of source, upright and bounded, and an error that names the source for every kind of trouble."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import http.server
import io
import os
import pickle
import struct
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest
import torch
import transformers.image_transforms
from torchvision.io import ImageReadMode, decode_image

from pixelprep.images import urls
from pixelprep.images.colors import convert_to_rgb
from pixelprep.images.decoding import (
    DecodeLimits,
    ImageLoadError,
    ImageNotFoundError,
    fetch_images,
    get_decode_limits,
    load_image,
    set_decode_limits,
)

NOISE = np.random.default_rng(0).integers(0, 256, (13, 17, 3), np.uint8)
PHOTO = PIL.Image.fromarray(NOISE)


def encode(image: PIL.Image.Image = PHOTO, format: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


PNG = encode()


def png_header(width: int, height: int) -> bytes:
    """A PNG of a few dozen bytes that claims any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def same(image: Any, expected: Any) -> bool:
    return np.array_equal(np.asarray(image), np.asarray(expected))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(PNG)
    return path


class TestSources:
    @pytest.mark.parametrize(
        "source",
        [
            PNG,
            bytearray(PNG),
            memoryview(PNG),
            memoryview(PNG + bytes(len(PNG)))[: len(PNG)],
            base64.b64encode(PNG).decode(),
            base64.encodebytes(PNG).decode(),
            "data:image/png;base64," + base64.b64encode(PNG).decode(),
            "DATA:;base64," + base64.b64encode(PNG).decode().replace("=", "%3D"),
            "data:image/png," + "".join(f"%{byte:02x}" for byte in PNG),
        ],
        ids=["bytes", "bytearray", "view", "part", "base64", "lines", "data", "escaped", "percent"],
    )
    def test_in_memory(self, source: Any) -> None:
        assert same(load_image(source), NOISE)

    def test_paths(self, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(photo.parent)
        for source in (str(photo), photo, os.fsencode(photo).decode(), "photo.png", np.str_("photo.png")):
            assert same(load_image(source), NOISE)

    def test_files_are_read_from_their_start(self, photo: Path) -> None:
        buffer = io.BytesIO(PNG)
        buffer.seek(20)
        assert same(load_image(buffer), NOISE)
        with photo.open("rb") as file, photo.open("rb", buffering=0) as raw:
            assert same(load_image(file), NOISE)
            assert same(load_image(raw), NOISE)

    def test_file_that_cannot_seek(self) -> None:
        read_end, write_end = os.pipe()
        os.write(write_end, PNG)
        os.close(write_end)
        with os.fdopen(read_end, "rb") as pipe:
            assert same(load_image(pipe), NOISE)

    def test_opened_images_come_upright_and_are_left_alone(self) -> None:
        exif = PIL.Image.Exif()
        exif[274] = 6
        opened = PIL.Image.open(io.BytesIO(encode(exif=exif)))
        assert load_image(opened).size == PHOTO.size[::-1]
        assert opened.size == PHOTO.size

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
    def test_modes_are_kept(self, mode: str) -> None:
        image = PIL.Image.new(mode, (3, 2), {"I;16": 40_000, "1": 255}.get(mode, 1))
        loaded = load_image(encode(image))
        assert loaded.mode == mode
        assert loaded.getpixel((0, 0)) == image.getpixel((0, 0))

    def test_cmyk_jpeg(self) -> None:
        assert load_image(encode(PHOTO.convert("CMYK"), "JPEG")).mode == "CMYK"

    @pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "TIFF"])
    def test_first_frame_of_many(self, format: str) -> None:
        frames = [PIL.Image.new("RGB", (3, 2), colour) for colour in ("red", "lime", "blue")]
        data = encode(frames[0], format, save_all=True, append_images=frames[1:], lossless=True)
        assert load_image(data).convert("RGB").getpixel((1, 1)) == (255, 0, 0)

    def test_loaded_completely(self, photo: Path) -> None:
        image = load_image(photo)
        photo.unlink()
        assert same(pickle.loads(pickle.dumps(image)), NOISE)

    @pytest.mark.parametrize("source", [None, 3, object(), [PNG], NOISE])
    def test_other_types(self, source: Any) -> None:
        with pytest.raises(TypeError, match=f"{type(source).__name__}; expected a path"):
            load_image(source)


UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a),
}


class TestOrientation:
    @pytest.mark.parametrize("orientation", UPRIGHT)
    def test_turned_upright_once(self, orientation: int) -> None:
        exif = PIL.Image.Exif()
        exif[274] = orientation
        image = load_image(encode(exif=exif))
        assert same(image, UPRIGHT[orientation](NOISE))
        assert image.size == np.asarray(image).shape[1::-1]
        assert same(PIL.ImageOps.exif_transpose(image), image)

    @pytest.mark.parametrize("format", ["JPEG", "WEBP", "TIFF"])
    def test_every_format(self, format: str) -> None:
        exif = PIL.Image.Exif()
        exif[274] = 8
        assert load_image(encode(format=format, exif=exif)).size == (13, 17)

    @pytest.mark.parametrize(
        "exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0XX*\0\x08\0\0\0", b"rubbish"]
    )
    def test_broken_exif_costs_no_image(self, exif: bytes) -> None:
        assert same(load_image(encode(exif=exif)), NOISE)

    def test_broken_exif_beside_an_orientation(self, caplog: pytest.LogCaptureFixture) -> None:
        # Pillow reads a text as ResolutionUnit (tag 296) and cannot write it again once it has turned the image.
        entries = struct.pack(">HHIHH", 274, 3, 1, 6, 0) + struct.pack(">HHI4s", 296, 2, 1, b"\0A")
        exif = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 2) + entries + bytes(4)
        image = load_image(encode(exif=exif))
        assert same(image, UPRIGHT[6](NOISE))
        assert same(PIL.ImageOps.exif_transpose(image.copy()), image)
        assert "EXIF data is broken" in caplog.text

    def test_unknown_orientation(self) -> None:
        exif = PIL.Image.Exif()
        exif[274] = 99
        assert same(load_image(encode(exif=exif)), NOISE)


class TestBadFiles:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "empty"),
            (b"hello, this is text", "no image"),
            (b"%PDF-1.7", "no image"),
            (PNG[: len(PNG) // 2], "broken or cut short"),
            (PNG[:40], "no image"),
            (encode(format="JPEG", quality=95)[:700], "broken or cut short"),
            (encode(format="WEBP")[:-60], "broken or cut short"),
            (encode(format="GIF")[:300], "no image"),
            (encode(format="BMP")[:300], "broken or cut short"),
            (png_header(100_000, 100_000), "Pillow's own limit"),
            (png_header(0, 5), "(broken|no image|no pixels)"),
            (
                b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n%%EndProlog\n",
                "EPS files are programs",
            ),
        ],
    )
    def test_named_with_reason(self, tmp_path: Path, content: bytes, message: str) -> None:
        path = tmp_path / "photo.jpg"
        path.write_bytes(content)
        with pytest.raises(ImageLoadError, match=message) as caught:
            load_image(path)
        assert "photo.jpg" in str(caught.value)
        with pytest.raises(ImageLoadError, match=message) as caught:
            load_image(content)
        assert str(caught.value).startswith("cannot load bytes: ")

    def test_absent(self, tmp_path: Path) -> None:
        for source in (
            tmp_path / "none.png",
            str(tmp_path / "none.png"),
            "none.png/x",
            "nonexistent",
            "",
            "a\0b",
            "é.png",
        ):
            with pytest.raises(ImageNotFoundError, match="no such file") as caught:
                load_image(source)
            assert isinstance(caught.value, FileNotFoundError)
            assert isinstance(caught.value, ImageLoadError)

    def test_long_text_is_shortened(self) -> None:
        with pytest.raises(ImageNotFoundError) as caught:
            load_image("no such thing " * 1000)
        assert len(str(caught.value)) < 400

    def test_text_for_the_terminal_is_escaped(self) -> None:
        with pytest.raises(ImageNotFoundError) as caught:
            load_image("\x1b[2Jx.png")
        assert "\x1b" not in str(caught.value)

    def test_base64_of_a_broken_image(self) -> None:
        with pytest.raises(ImageLoadError, match="cut short"):
            load_image(base64.b64encode(PNG[:300]).decode())

    @pytest.mark.parametrize(
        "url", ["data:image/png;base64", "data:image/png;base64,????", "data:,hello", "data:;base64,"]
    )
    def test_data_url(self, url: str) -> None:
        with pytest.raises(ImageLoadError, match=r"data:.*(comma|base64|no image|empty)"):
            load_image(url)

    def test_directory_and_device(self, tmp_path: Path) -> None:
        with pytest.raises(ImageLoadError, match="directory"):
            load_image(tmp_path)
        with pytest.raises(ImageLoadError, match="not a regular file"):
            load_image("/dev/zero")

    def test_file_objects(self, photo: Path) -> None:
        with photo.open("rb") as file:
            pass
        with pytest.raises(ImageLoadError, match=r"photo\.png: it cannot be read: ValueError.*closed"):
            load_image(file)
        text = photo.parent / "notes.txt"
        text.write_text("text")
        with text.open() as file_of_text, pytest.raises(ImageLoadError, match="text mode"):
            load_image(file_of_text)
        with pytest.raises(ImageLoadError, match="BytesIO: it is empty"):
            load_image(io.BytesIO())

    @pytest.mark.filterwarnings("ignore")
    def test_mutations_give_an_image_or_our_error(self) -> None:
        random = np.random.default_rng(1)
        exif = PIL.Image.Exif()
        exif[274], exif[271] = 6, "maker"
        limits = DecodeLimits(max_pixels=100_000)
        outcomes = set()
        for format in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"):
            good = encode(format=format, exif=exif)
            for _ in range(60):
                data = np.frombuffer(good, np.uint8).copy()
                data[random.integers(0, min(len(data), 300), 3)] = random.integers(0, 256, 3)
                try:
                    load_image(data.tobytes(), limits=limits)
                    outcomes.add("image")
                except ImageLoadError:
                    outcomes.add("error")
        assert outcomes == {"image", "error"}

    @pytest.mark.parametrize(
        "error", [ImageLoadError("a.png", "broken", "image 3"), ImageNotFoundError("a.png", "absent")]
    )
    def test_errors_travel_between_processes(self, error: ImageLoadError) -> None:
        copy = pickle.loads(pickle.dumps(error))
        assert type(copy) is type(error)
        assert str(copy) == str(error)
        assert (copy.source, copy.reason, copy.position) == (error.source, error.reason, error.position)


class Endless(io.RawIOBase):
    """Zeros for ever."""

    taken = 0

    def read(self, size: int = -1) -> bytes:
        assert size > 0
        self.taken += size
        return bytes(size)


class TestLimits:
    def test_pixels(self) -> None:
        assert load_image(PNG, limits=DecodeLimits(max_pixels=13 * 17)).size == (17, 13)
        with pytest.raises(ImageLoadError, match="13x17 = 221 pixels, more than the 220 that max_pixels"):
            load_image(PNG, limits=DecodeLimits(max_pixels=13 * 17 - 1))

    def test_bomb_is_refused_before_it_is_decoded(self) -> None:
        bomb = png_header(10_000, 8_000)  # 240 MB of pixels, below the size at which Pillow warns
        with pytest.raises(ImageLoadError, match="max_pixels"):
            load_image(bomb, limits=DecodeLimits(max_pixels=10**6))

    def test_bytes(self, photo: Path) -> None:
        exact, less = DecodeLimits(max_bytes=len(PNG)), DecodeLimits(max_bytes=len(PNG) - 1)
        url = "data:;base64," + base64.b64encode(PNG).decode()
        for source in (PNG, photo, str(photo), io.BytesIO(PNG), url, url.partition(",")[2]):
            assert load_image(source, limits=exact).size == (17, 13)
            with pytest.raises(ImageLoadError, match="max_bytes"):
                load_image(source, limits=less)

    def test_endless_stream(self) -> None:
        stream = Endless()
        with pytest.raises(ImageLoadError, match="max_bytes"):
            load_image(stream, limits=DecodeLimits(max_bytes=3 << 20))
        assert stream.taken <= 4 << 20

    def test_global_limits_reach_other_threads(self) -> None:
        previous = set_decode_limits(DecodeLimits(max_pixels=10))
        errors: list[Exception] = []

        def work() -> None:
            try:
                fetch_images([PNG])
            except ImageLoadError as error:
                errors.append(error)

        try:
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        finally:
            assert set_decode_limits(previous) == DecodeLimits(max_pixels=10)
        assert "max_pixels" in str(errors[0])
        assert get_decode_limits() == previous == DecodeLimits()

    @pytest.mark.parametrize(
        "bad",
        [
            {"max_pixels": 0},
            {"max_bytes": -1},
            {"url_timeout": float("nan")},
            {"max_redirects": -1},
            {"max_pixels": None},
        ],
    )
    def test_limits_are_checked(self, bad: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=f"{next(iter(bad))} must be a number"):
            DecodeLimits(**bad)


class Handler(http.server.BaseHTTPRequestHandler):
    """One path for each way in which a server can behave."""

    protocol_version = "HTTP/1.1"
    secret: Path

    def reply(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        headers = {"Content_Length": str(len(body)), "Connection": "close"} | headers
        for name, value in headers.items():
            if value:
                self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def drip(self, text: bytes) -> None:
        for _ in range(200):
            self.wfile.write(text)
            time.sleep(0.05)

    def do_GET(self) -> None:
        self.close_connection = True
        kind, _, rest = self.path.partition("?")[0][1:].partition("/")
        with contextlib.suppress(OSError):  # the client has hung up
            getattr(self, f"on_{kind}")(rest)

    def on_photo(self, rest: str) -> None:
        assert self.headers["Accept-Encoding"] == "identity"
        self.reply(PNG)

    def on_unsized(self, rest: str) -> None:
        self.reply(PNG, Content_Length="")

    def on_status(self, rest: str) -> None:
        self.reply(b"sorry", int(rest))

    def on_page(self, rest: str) -> None:
        self.reply(b"<html>", Content_Type="text/html; charset=utf-8")

    def on_short(self, rest: str) -> None:
        self.reply(PNG, Content_Length=str(2 * len(PNG)))

    def on_long(self, rest: str) -> None:
        self.reply(PNG, Content_Length=str(len(PNG) // 2))

    def on_claim(self, rest: str) -> None:
        self.reply(PNG, Content_Length=str(10**12))

    def on_endless(self, rest: str) -> None:
        self.reply(b"", Content_Length="")
        while True:
            self.wfile.write(bytes(100_000))

    def on_zip(self, rest: str) -> None:
        self.reply(gzip.compress(PNG), Content_Encoding="gzip")

    def on_drip(self, rest: str) -> None:
        self.reply(PNG[:100], Content_Length=str(len(PNG)))
        self.drip(b"x")

    def on_drip_header(self, rest: str) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        self.drip(b"x")

    def on_silent(self, rest: str) -> None:
        time.sleep(1)

    def on_garbage(self, rest: str) -> None:
        self.wfile.write(b"hello\r\n\r\n")

    def on_hops(self, rest: str) -> None:
        self.reply(b"", 302, Location=f"/hops/{int(rest) - 1}" if rest != "1" else "/photo")

    def on_loop(self, rest: str) -> None:
        self.reply(b"", 301, Location="/loop")

    def on_to(self, rest: str) -> None:
        targets = {
            "file": self.secret.as_uri(),
            "data": "data:image/png;base64,AAAA",
            "ftp": "ftp://x/y",
            "bad": "http://[",
        }
        self.reply(b"", 307, Location=targets[rest])

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    Handler.secret = tmp_path_factory.mktemp("secret") / "photo.png"
    Handler.secret.write_bytes(PNG)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.daemon_threads = True
        threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


class TestUrls:
    @pytest.mark.parametrize("path", ["photo", "photo?token=secret", "unsized", "hops/1", "hops/5"])
    def test_loads(self, server: str, path: str) -> None:
        assert same(load_image(f"{server}/{path}"), NOISE)
        assert same(load_image(f"{server}/{path}".replace("http", "HTTP", 1)), NOISE)

    @pytest.mark.parametrize(
        ("path", "message"),
        [
            ("status/404", "404 Not Found"),
            ("status/500", "500 Internal Server Error"),
            ("status/304", "304 Not Modified"),
            ("page", "web page"),
            ("short", "cannot be fetched: RemoteProtocolError"),
            ("long", "broken or cut short"),
            ("claim", "max_bytes"),
            ("endless", "max_bytes"),
            ("zip", "content coding 'gzip'"),
            ("garbage", "cannot be fetched"),
            ("hops/6", "more than 5 redirects"),
            ("loop", "more than 5 redirects"),
            ("to/file", "scheme 'file'"),
            ("to/data", "cannot be fetched"),
            ("to/ftp", "scheme 'ftp'"),
            ("to/bad", "cannot be fetched"),
        ],
    )
    def test_refuses(self, server: str, path: str, message: str) -> None:
        with pytest.raises(ImageLoadError, match=message) as caught:
            load_image(f"{server}/{path}", limits=DecodeLimits(max_bytes=10**6))
        assert f"{server}/{path}" in str(caught.value)

    @pytest.mark.parametrize("path", ["drip", "drip_header", "silent"])
    def test_deadline_covers_the_whole_exchange(self, server: str, path: str) -> None:
        start = time.monotonic()
        with pytest.raises(ImageLoadError, match=r"not loaded within 0\.3 s; raise url_timeout"):
            load_image(f"{server}/{path}", limits=DecodeLimits(url_timeout=0.3))
        # Generous for a busy machine; the drips alone last 10 s.
        assert time.monotonic() - start < 5

    def test_redirects_can_be_forbidden(self, server: str) -> None:
        with pytest.raises(ImageLoadError, match="more than 0 redirects"):
            load_image(f"{server}/hops/1", limits=DecodeLimits(max_redirects=0))

    def test_secrets_stay_out_of_messages(self, server: str) -> None:
        with pytest.raises(ImageLoadError) as caught:
            load_image(server.replace("//", "//me:password@") + "/status/403?token=abc#d")
        assert f"{server}/status/403: " in str(caught.value)

    def test_unreachable(self) -> None:
        with pytest.raises(ImageLoadError, match=r"http://127\.0\.0\.1:9/x\.png: it cannot be fetched"):
            load_image("http://127.0.0.1:9/x.png")

    @pytest.mark.parametrize("scheme", ["file", "ftp", "s3", "FILE", "gopher"])
    def test_other_schemes(self, photo: Path, scheme: str) -> None:
        with pytest.raises(ImageLoadError, match=f"scheme '{scheme.lower()}'.*only http and https"):
            load_image(f"{scheme}://{photo}")

    def test_file_scheme_without_slashes(self, photo: Path) -> None:
        with pytest.raises(ImageLoadError, match="Pass a local file as a path"):
            load_image(f"file:{photo}")

    def test_inside_a_running_event_loop(self, server: str) -> None:
        async def main() -> PIL.Image.Image:
            return load_image(f"{server}/photo")

        assert same(asyncio.run(main()), NOISE)

    def test_without_httpx(self, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "httpx", None)
        urls._client_library.cache_clear()
        assert load_image(f"{server}/photo").size == NOISE.shape[1::-1]  # by what the hub client brings along
        monkeypatch.setitem(sys.modules, "httpx2", None)
        urls._client_library.cache_clear()
        with pytest.raises(ImportError, match=r'pip install "pixelprep\[http\]"'):
            fetch_images([f"{server}/photo"])
        monkeypatch.undo()
        urls._client_library.cache_clear()


class TestFetchImages:
    def test_nesting_is_kept_and_images_pass_through(self, photo: Path) -> None:
        tensor, array = torch.zeros(3, 4, 5), NOISE
        single = fetch_images(tensor)
        flat = fetch_images([PHOTO, str(photo), array])
        nested = fetch_images(((x for x in [photo, tensor]), [], (PNG,)))
        assert single is tensor
        assert flat[0] is PHOTO
        assert flat[2] is array
        assert same(flat[1], NOISE)
        assert [len(sample) for sample in nested] == [2, 0, 1]
        assert nested[0][1] is tensor
        assert same(nested[2][0], NOISE)

    def test_only_what_is_loaded_here_is_converted(self) -> None:
        grey = PHOTO.convert("L")
        loaded, passed = fetch_images([encode(grey), grey], convert_rgb=True)
        assert loaded.mode == "RGB"
        assert passed is grey

    @pytest.mark.parametrize(
        ("wrap", "position"),
        [
            (lambda bad: bad, ""),
            (lambda bad: [PNG, PHOTO, bad], "image 2"),
            (lambda bad: [[PNG], [PHOTO, bad]], "image 1 of sample 1"),
        ],
    )
    def test_bad_image_is_named_by_position_and_source(self, tmp_path: Path, wrap: Any, position: str) -> None:
        broken = tmp_path / "broken.jpg"
        broken.write_bytes(PNG[:300])
        with pytest.raises(ImageLoadError) as caught:
            fetch_images(wrap(broken))
        assert str(caught.value).startswith(f"{position} ({broken}): " if position else f"cannot load {broken}: ")
        assert isinstance(caught.value.__cause__, OSError)
        with pytest.raises(ImageNotFoundError, match="no such file") as caught:
            fetch_images(wrap("absent.jpg"))
        assert caught.value.position == position
        with pytest.raises(TypeError, match=f"{position}.*from NoneType"):
            fetch_images(wrap(None))

    def test_nested_too_deep(self) -> None:
        with pytest.raises(ValueError, match="image 0 of sample 1 is nested more than two levels"):
            fetch_images([PNG, [[PNG]]])


MODES = [
    "1",
    "L",
    "P",
    "PA",
    "LA",
    "RGB",
    "RGBA",
    "RGBa",
    "RGBX",
    "CMYK",
    "YCbCr",
    "LAB",
    "HSV",
    "I",
    "F",
    "I;16",
    "I;16B",
]


class TestConvertToRgb:
    @pytest.mark.parametrize("mode", MODES)
    def test_pillow_images_as_the_reference(self, mode: str) -> None:
        image = PIL.Image.new(mode, PHOTO.size)
        size = len(image.tobytes())
        image.frombytes(np.random.default_rng(2).integers(0, 256, size, np.uint8).tobytes())
        ours = convert_to_rgb(image)
        assert ours.mode == "RGB"
        assert same(ours, transformers.image_transforms.convert_to_rgb(image))
        assert (ours is image) == (mode == "RGB")

    def test_premultiplied_grey(self) -> None:
        assert convert_to_rgb(PIL.Image.new("LA", (2, 2), (100, 255)).convert("La")).getpixel((0, 0)) == (100, 100, 100)

    def test_sixteen_bits_are_clipped(self) -> None:
        image = PIL.Image.fromarray(np.array([[0, 200, 255, 256, 65535]], np.uint16))
        assert np.asarray(convert_to_rgb(image))[0, :, 0].tolist() == [0, 200, 255, 255, 255]

    @pytest.mark.parametrize("make", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
    @pytest.mark.parametrize("dtype", [np.uint8, np.float32])
    def test_arrays(self, make: Any, dtype: Any) -> None:
        last = np.random.default_rng(3).integers(0, 256, (6, 7, 4)).astype(dtype)
        last = last / dtype(255) if dtype is np.float32 else last
        first = last.transpose(2, 0, 1)
        white, alpha = (1, last[..., 3:]) if dtype is np.float32 else (255, last[..., 3:] / 255)
        on_white = alpha * last[..., :3] + (1 - alpha) * white
        on_white = on_white if dtype is np.float32 else on_white.round().astype(dtype)
        for image, expected in [
            (last[..., 0], first[[0, 0, 0]]),
            (first[:1], first[[0, 0, 0]]),
            (last[..., :1], last[..., [0, 0, 0]]),
            (first, on_white.transpose(2, 0, 1)),
            (last, on_white),
            (first[None], on_white.transpose(2, 0, 1)[None]),
        ]:
            converted = convert_to_rgb(make(image.copy()))
            assert type(converted) is type(make(image.copy()))
            assert converted.dtype == make(image.copy()).dtype
            assert same(converted, expected)
        for image in (make(first[:3].copy()), make(last[..., :3].copy())):
            assert convert_to_rgb(image) is image
        assert convert_to_rgb(make(last[..., 0].copy()), "channels_last").shape == (6, 7, 3)
        assert convert_to_rgb(make(last.copy()), "channels_last").shape == (6, 7, 3)

    @pytest.mark.parametrize("shape", [(6, 7, 5), (2, 6, 7), (6, 7, 2)])
    def test_other_channel_counts(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(ValueError, match="channels"):
            convert_to_rgb(np.zeros(shape))
        with pytest.raises(ValueError, match=r"(2|5|6) channels to RGB.*expected 1, 3 or 4"):
            convert_to_rgb(np.zeros(shape), "channels_first" if shape[0] == 2 else "channels_last")


LARGE = PIL.Image.fromarray(np.random.default_rng(4).integers(0, 256, (61, 83, 3), np.uint8)).resize((251, 187), 3)
FILES = {
    "JPEG 4:2:0": encode(LARGE, "JPEG", subsampling=2),
    "JPEG 4:4:4": encode(LARGE, "JPEG", subsampling=0, quality=95),
    "JPEG progressive": encode(LARGE, "JPEG", progressive=True),
    "JPEG grey": encode(LARGE.convert("L"), "JPEG"),
    "JPEG CMYK": encode(LARGE.convert("CMYK"), "JPEG"),
    "PNG": encode(LARGE),
    "PNG grey": encode(LARGE.convert("L")),
    "PNG alpha": encode(LARGE.convert("RGBA").rotate(30)),
    "PNG palette": encode(LARGE.quantize(60)),
    "PNG palette, transparency": encode(LARGE.quantize(60), transparency=3),
    "WebP": encode(LARGE, "WEBP"),
    "WebP alpha": encode(LARGE.convert("RGBA").rotate(30), "WEBP"),
    "GIF": encode(LARGE.quantize(60), "GIF"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.filterwarnings("ignore")
def test_decodes_to_the_bits_of_torchvision(name: str) -> None:
    """The reference's torchvision classes decode with torchvision, ours with Pillow on every backend; where a file has
    transparency theirs loses it on the way, and ours is what the same file opened first gives."""
    decoded = np.asarray(fetch_images(FILES[name], convert_rgb=True))
    if "alpha" in name or "transparency" in name:
        opened = PIL.Image.open(io.BytesIO(FILES[name]))
        assert same(decoded, np.asarray(transformers.image_transforms.convert_to_rgb(opened)))
        return
    expected = decode_image(torch.frombuffer(bytearray(FILES[name]), dtype=torch.uint8), ImageReadMode.RGB)
    assert same(decoded.transpose(2, 0, 1), expected)

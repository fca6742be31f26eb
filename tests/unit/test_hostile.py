"""What comes from outside is hostile: limits on sources, files that are written, libraries that are broken."""

from __future__ import annotations

import io
import os
import socket
import stat
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from safetensors.numpy import load as load_safetensors

import pixelprep
from pixelprep import DecodeLimits, ImageLoadError, load_image
from pixelprep.cli.tensor_files import NpzFile, SafetensorsFile
from pixelprep.core.files import open_atomically, write_atomically
from pixelprep.images import decoding, urls
from pixelprep.ops import registration


def encoded(format: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    PIL.Image.new("RGB", (30, 20), (200, 10, 10)).save(file, format, **options)
    return file.getvalue()


class TestFiles:
    def test_the_umask_counts_and_is_never_touched(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        before = os.umask(0o027)
        try:
            monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("os.umask was called"))
            write_atomically(tmp_path / "file", b"content")
        finally:
            monkeypatch.undo()
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640

    def test_of_a_link_the_target_is_replaced(self, tmp_path: Path) -> None:
        target, link = tmp_path / "target", tmp_path / "link"
        target.write_bytes(b"old")
        link.symlink_to(target)
        write_atomically(link, b"new")
        assert (link.is_symlink(), target.read_bytes()) == (True, b"new")

    def test_a_device_stays_a_device(self) -> None:
        write_atomically(os.devnull, b"content")
        assert stat.S_ISCHR(os.stat(os.devnull).st_mode)

    def test_a_fifo_is_written_into(self, tmp_path: Path) -> None:
        fifo = tmp_path / "fifo"
        os.mkfifo(fifo)
        found: list[bytes] = []
        reader = threading.Thread(target=lambda: found.append(fifo.read_bytes()))
        reader.start()
        write_atomically(fifo, b"content")
        reader.join(20)
        assert found == [b"content"]
        assert stat.S_ISFIFO(fifo.stat().st_mode)

    def test_what_fails_leaves_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"old")

        def fail() -> None:
            with open_atomically(tmp_path / "file") as file:
                file.write(b"half")
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fail()
        assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"old")]


class TestTensorFiles:
    ARRAYS = [
        np.arange(6, dtype=dtype).reshape(2, 3) for dtype in ("uint8", "int64", ">i2", "float16", "float32", "float64")
    ] + [np.array([True, False]), np.zeros((0, 3), np.float32), np.arange(12.0).reshape(3, 4).T]

    def test_safetensors_is_read_by_its_own_library(self, tmp_path: Path) -> None:
        with open(tmp_path / "file", "w+b") as file:
            made = SafetensorsFile(file)
            for index, array in enumerate(self.ARRAYS):
                made.add(f"a.{index}", array)
            made.finish({"images": "[]"})
        found = load_safetensors((tmp_path / "file").read_bytes())
        for index, array in enumerate(self.ARRAYS):
            np.testing.assert_array_equal(found[f"a.{index}"], array)
            assert found[f"a.{index}"].dtype == array.dtype.newbyteorder("=")

    def test_npz_is_read_by_numpy(self) -> None:
        file = io.BytesIO()
        made = NpzFile(file)
        for index, array in enumerate(self.ARRAYS):
            made.add(f"a.{index}", array)
        made.finish({"images": "[]"})
        file.seek(0)
        with np.load(file) as found:
            assert found.files == [*(f"a.{index}" for index in range(len(self.ARRAYS))), "metadata"]
            for index, array in enumerate(self.ARRAYS):
                np.testing.assert_array_equal(found[f"a.{index}"], array)


class TestSources:
    def test_only_data(self, tmp_path: Path) -> None:
        import base64

        path = tmp_path / "a.png"
        path.write_bytes(encoded())
        limits = DecodeLimits.only_data()
        text = base64.b64encode(encoded()).decode()
        for source in (encoded(), io.BytesIO(encoded()), f"data:image/png;base64,{text}", text):
            assert load_image(source, limits=limits).size == (30, 20)
        for source in (path, str(path)):
            with pytest.raises(ImageLoadError, match="no file is opened by its name"):
                load_image(source, limits=limits)
        with pytest.raises(ImageLoadError, match="no URL is fetched"):
            load_image("http://127.0.0.1:9/a.png", limits=limits)

    def test_folders_follow_links(self, tmp_path: Path) -> None:
        inside, outside = tmp_path / "in", tmp_path / "in-not"
        for folder in (inside, outside):
            folder.mkdir()
            (folder / "a.png").write_bytes(encoded())
        (inside / "link.png").symlink_to(outside / "a.png")
        limits = DecodeLimits(folders=[inside])
        assert load_image(inside / "a.png", limits=limits).size == (30, 20)
        for path in (outside / "a.png", inside / "link.png", inside / ".." / "in-not" / "a.png"):
            with pytest.raises(ImageLoadError, match="none of the folders allowed"):
                load_image(path, limits=limits)

    def test_formats(self) -> None:
        limits = DecodeLimits(formats=("PNG",))
        assert load_image(encoded(), limits=limits).size == (30, 20)
        with pytest.raises(ImageLoadError, match="its format is JPEG, which is not read; add it to formats"):
            load_image(encoded("JPEG"), limits=limits)
        with pytest.raises(ImageLoadError, match="IM"):
            load_image(encoded("IM"))
        assert load_image(encoded("IM"), limits=DecodeLimits(formats=("IM",))).size == (30, 20)

    def test_scans_of_a_jpeg(self) -> None:
        data = encoded("JPEG", progressive=True)
        assert load_image(data).size == (30, 20)
        scan = data.rindex(b"\xff\xda")
        bomb = data[:-2] + data[scan:-2] * 200 + data[-2:]
        start = time.monotonic()
        with pytest.raises(ImageLoadError, match="scans, more than the 100 that max_jpeg_scans"):
            load_image(bomb)
        assert time.monotonic() - start < 5

    @pytest.mark.parametrize("limits", [{"hosts": "example.org"}, {"folders": "here"}, {"formats": "PNG"}])
    def test_one_text_is_not_several(self, limits: dict[str, Any]) -> None:
        with pytest.raises(TypeError, match="several names"):
            DecodeLimits(**limits)


class Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        location = self.path.partition("?to=")[2]
        if location:
            self.send_response(302)
            self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data = encoded()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_address[1]}"
        http.shutdown()


class TestUrls:
    def test_hosts(self, server: str) -> None:
        address = server.removeprefix("http://")
        for hosts in (None, ["127.0.0.1"], [address]):
            assert load_image(f"{server}/a.png", limits=DecodeLimits(hosts=hosts)).size == (30, 20)
        with pytest.raises(ImageLoadError, match=r"'127\.0\.0\.1', which is not among those allowed"):
            load_image(f"{server}/a.png", limits=DecodeLimits(hosts=["example.org"]))
        to = server.replace("127.0.0.1", "localhost")
        with pytest.raises(ImageLoadError, match="'localhost', which is not among those allowed"):
            load_image(f"{server}/a?to={to}/b.png", limits=DecodeLimits(hosts=["127.0.0.1"]))

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1"])
    def test_a_public_host_redirects_to_no_private_one(
        self, server: str, monkeypatch: pytest.MonkeyPatch, host: str
    ) -> None:
        monkeypatch.setattr(urls, "_came_from_private", lambda response: False)
        with pytest.raises(ImageLoadError, match="an address of this machine or its network"):
            load_image(f"{server}/a?to=http://{host}:{server.rpartition(':')[2]}/b.png")

    def test_a_private_redirect_that_is_meant(self, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(urls, "_came_from_private", lambda response: False)
        limits = DecodeLimits(private_redirects=True)
        assert load_image(f"{server}/a?to={server}/b.png", limits=limits).size == (30, 20)

    def test_a_private_host_may_redirect_to_itself(self, server: str) -> None:
        assert load_image(f"{server}/a?to={server}/b.png").size == (30, 20)

    @pytest.mark.parametrize("port", ["65536", "99999", "0"])
    def test_a_port_that_cannot_be(self, server: str, port: str) -> None:
        for url in (f"http://127.0.0.1:{port}/a.png", f"{server}/a?to=http://127.0.0.1:{port}/a.png"):
            with pytest.raises(ImageLoadError, match="port"):
                load_image(url)

    def test_looking_up_a_host_counts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: time.sleep(3) or [])
        start = time.monotonic()
        with pytest.raises(ImageLoadError, match=r"not loaded within 0\.3 s"):
            load_image("http://slow.invalid/a.png", limits=DecodeLimits(url_timeout=0.3))
        assert time.monotonic() - start < 2

    def test_what_a_server_says_is_printable_and_short(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:

            def answer() -> None:
                connection, _ = listening.accept()
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 404 \x1b[2J" + b"x" * 5000 + b"\r\nContent-Length: 0\r\n\r\n")
                connection.close()

            threading.Thread(target=answer, daemon=True).start()
            with pytest.raises(ImageLoadError, match="404") as caught:
                load_image(f"http://127.0.0.1:{listening.getsockname()[1]}/a.png")
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 500


class TestBrokenLibraries:
    def test_a_backend_that_cannot_be_loaded_counts_as_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def load() -> Any:
            raise ImportError("libexample.so.1: cannot open shared object file")

        monkeypatch.setattr(registration, "_BACKENDS", dict(registration._BACKENDS))
        registration.register_backend("broken_example", load, requires=("json",), install="pip install example")
        with pytest.warns(UserWarning, match=r"libexample\.so\.1.*pip install example.*Using 'pil'"):
            assert pixelprep.ops.choose_backend("broken_example", ("pil",), sure=True) == "pil"
        with pytest.warns(UserWarning, match=r"libexample\.so\.1.*Using 'pil'"):  # by default too
            assert pixelprep.ops.choose_backend(None, ("broken_example", "pil"), sure=True) == "pil"

    def test_a_jpeg_library_that_cannot_be_loaded_leaves_pillow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        decoding._jpeg_reader.cache_clear()
        monkeypatch.setitem(sys.modules, "simplejpeg", None)
        monkeypatch.setattr("importlib.util.find_spec", lambda name, package=None: object())
        with pytest.warns(UserWarning, match="simplejpeg is installed and cannot be imported"):
            image = decoding.fetch_images(encoded("JPEG"), jpeg="direct")
        with warnings.catch_warnings():  # once is enough
            warnings.simplefilter("error")
            decoding.fetch_images(encoded("JPEG"), jpeg="direct")
        decoding._jpeg_reader.cache_clear()
        assert image.size == (30, 20)


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pixelprep", *arguments]
    return subprocess.run(command, text=True, timeout=120, stderr=subprocess.PIPE, **options)


@pytest.mark.more
class TestCommandLine:
    def test_a_full_standard_output_is_one_line(self, tmp_path: Path) -> None:
        with open("/dev/full", "w") as full:
            done = run("families", stdout=full)
        assert done.returncode == 1
        assert done.stderr == "pixelprep: error: standard output: No space left on device\n"

    def test_a_failure_is_reported_under_the_name_that_was_passed(self, tmp_path: Path) -> None:
        import json

        broken = tmp_path / "new\nline.png"
        broken.write_bytes(b"no image")
        done = run(
            *("process", "clip", str(broken), "--backend", "pil", "--json", "-o", str(tmp_path / "a.npz")),
            stdout=subprocess.PIPE,
        )
        assert json.loads(done.stdout)["failures"][0]["image"] == str(broken)
        assert not (tmp_path / "a.npz").exists()

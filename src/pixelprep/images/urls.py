"""Images from http and https: one exchange, bounded in time and bytes, that leads nowhere a caller did not mean."""

from __future__ import annotations

import asyncio
import importlib
import ipaddress
import re
import socket
import threading
from concurrent.futures import Future
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .limits import Bounded, DecodeLimits, ImageLoadError, explain, shorten

if TYPE_CHECKING:
    import ssl

    import httpx


def url_name(url: str) -> str:
    """A URL without the parts that may hold secrets: user, password, query and fragment."""
    scheme, _, rest = re.split(r"[?#]", url, maxsplit=1)[0].partition("://")
    host, slash, path = rest.partition("/")
    return shorten(f"{scheme}://{host.rpartition('@')[2]}{slash}{path}", 100)


def read_url(url: str, limits: DecodeLimits) -> Bounded:
    """Download a URL.

    On an event loop, in a thread of its own: its timeout covers the whole exchange, whereas that of a blocking client
    starts again at every read and a slow drip would go on for ever. The thread makes this work under a running loop; it
    and the look-up of the host's name are daemons, so that nobody waits for a resolver that does not answer.

    Raises:
        ImageLoadError: the URL leads nowhere, or is not allowed, or its server sent no image in time.
        ImportError: no HTTP client is installed.
    """
    name = url_name(url)
    _check_scheme(url, name)
    client = _client_library()
    done: Future[Bounded] = Future()
    loop = asyncio.new_event_loop()
    download: asyncio.Task[Bounded] | None = None

    def run() -> None:
        nonlocal download
        lookup = _Lookup(loop)
        loop.getaddrinfo = lookup.getaddrinfo  # type: ignore[method-assign]
        try:
            download = loop.create_task(_download(url, name, limits, lookup))
            done.set_result(loop.run_until_complete(download))
        except BaseException as error:
            done.set_exception(error)
        finally:
            loop.close()

    threading.Thread(target=run, daemon=True, name="pixelprep-url").start()
    try:
        return done.result()
    except KeyboardInterrupt:
        if download is not None and not loop.is_closed():
            loop.call_soon_threadsafe(download.cancel)
        raise
    except ImageLoadError:
        raise
    except TimeoutError as error:
        reason = f"not loaded within {limits.url_timeout:g} s; raise url_timeout of {limits.owner} to wait longer"
        raise ImageLoadError(name, reason) from error
    except (client.HTTPError, client.InvalidURL, OSError, ValueError) as error:
        raise ImageLoadError(name, f"it cannot be fetched: {explain(error)}") from error


@cache
def _client_library() -> ModuleType:
    """httpx, or its successor of the same interface, which the hub client brings along.

    Raises:
        ImportError: neither is installed.
    """
    for library in ("httpx", "httpx2"):
        try:
            return importlib.import_module(library)
        except ImportError:
            continue
    raise ImportError('loading from URLs needs httpx: pip install "pixelprep[http]"')


def _check_scheme(url: str, name: str) -> None:
    scheme = url.partition(":")[0].lower()
    if scheme not in {"http", "https"}:
        hint = ". Pass a local file as a path" if scheme == "file" else ""
        raise ImageLoadError(
            name, f"it leads to a URL of scheme {shorten(scheme)!r}, and only http and https are read{hint}"
        )


@cache
def _certificates() -> ssl.SSLContext:
    # Reading them takes 40 ms, several times what a small image does.
    context: ssl.SSLContext = _client_library().create_ssl_context()
    return context


class _Lookup:
    """Names of hosts into addresses, in threads that nobody waits for; private ones only where they are allowed."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self.private_allowed, self.refused = loop, True, False

    async def getaddrinfo(self, host: Any, port: Any, **hints: Any) -> Any:
        found: asyncio.Future[Any] = self._loop.create_future()

        def tell(result: Any, error: BaseException | None) -> None:
            if not found.done():
                found.set_exception(error) if error is not None else found.set_result(result)

        def look_up() -> None:
            result, error = None, None
            try:
                result = socket.getaddrinfo(host, port, **hints)
            except BaseException as raised:
                error = raised
            if not self._loop.is_closed():  # else nobody waits any more
                self._loop.call_soon_threadsafe(tell, result, error)

        threading.Thread(target=look_up, daemon=True, name="pixelprep-lookup").start()
        addresses = await found
        if not self.private_allowed and any(is_private(entry[4][0]) for entry in addresses):
            self.refused = True  # the client makes an error of its own of this one
            raise OSError("a private address")
        return addresses


def is_private(address: str) -> bool:
    """Whether an IP address is one of this machine, its network, or no address of the public internet otherwise."""
    try:
        return not ipaddress.ip_address(address.strip("[]").partition("%")[0]).is_global
    except ValueError:  # a name
        return False


async def _download(url: str, name: str, limits: DecodeLimits, lookup: _Lookup) -> Bounded:
    library: Any = _client_library()
    async with asyncio.timeout(limits.url_timeout), library.AsyncClient(timeout=None, verify=_certificates()) as client:
        # No content coding: a few bytes of gzip can hold gigabytes, and images are compressed already.
        request = client.build_request("GET", url, headers={"Accept-Encoding": "identity"})
        for _ in range(limits.max_redirects + 1):
            _check_address(request.url, name, limits, lookup)
            try:
                response = await client.send(request, stream=True)
            except library.ConnectError as error:
                if lookup.refused:
                    raise _private(request.url.host, name) from error
                raise
            try:
                if response.next_request is None:
                    return await _read_body(response, name, limits)
                lookup.private_allowed = limits.private_redirects or _came_from_private(response)
            finally:
                await response.aclose()
            request = response.next_request
            _check_scheme(str(request.url), name)
    raise ImageLoadError(name, f"more than {limits.max_redirects} redirects, the limit max_redirects of DecodeLimits")


def _check_address(url: httpx.URL, name: str, limits: DecodeLimits, lookup: _Lookup) -> None:
    if url.port is not None and not 0 < url.port < 65536:
        raise ImageLoadError(name, f"it leads to the port {url.port}, and ports end at 65535")
    limits.check_host(url.host, url.port, name)
    if not lookup.private_allowed and is_private(url.host):
        raise _private(url.host, name)


def _private(host: str, name: str) -> ImageLoadError:
    return ImageLoadError(
        name,
        f"its server redirects to {shorten(host, 80)}, an address of this machine or its network; set "
        "private_redirects of DecodeLimits if that is meant",
    )


def _came_from_private(response: httpx.Response) -> bool:
    """Whether the server that answered is on this machine or its network itself."""
    stream = response.extensions.get("network_stream")
    address = stream.get_extra_info("server_addr") if stream is not None else None
    return address is not None and is_private(str(address[0]))


async def _read_body(response: httpx.Response, name: str, limits: DecodeLimits) -> Bounded:
    if not response.is_success:
        answer = f"{response.status_code} {response.reason_phrase}".rstrip()
        raise ImageLoadError(name, f"the server answered {shorten(answer, 100)}")
    coding = response.headers.get("content-encoding", "identity")
    if coding.lower() != "identity":
        raise ImageLoadError(name, f"the server sent content coding {shorten(coding)!r} although none was accepted")
    media_type = response.headers.get("content-type", "")
    if media_type.startswith("text/html"):
        raise ImageLoadError(name, "the server sent a web page (text/html), not a file of pixels")
    data = Bounded(name, limits)
    length = response.headers.get("content-length", "")
    if length.isdecimal():
        data.expect(int(length[:20]))
    async for chunk in response.aiter_raw():
        data.add(chunk)
    return data

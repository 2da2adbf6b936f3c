"""A server on the loopback address, and who may speak to it.

Host     one of this server's own names, so that no name of a stranger leads here (DNS rebinding)
Origin   none, or exactly this server's: the pages of others are refused, over HTTP and at a WebSocket's handshake
"""

import contextlib
import errno
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import uvicorn
from starlette.responses import Response

from glasswork.errors import FileError, GlassworkError

#: Where a server listens: no other machine can reach this address.
LOOPBACK = "127.0.0.1"

#: Seconds that requests have to end when the server is told to stop.
_GRACE = 10


def listen(port: int) -> socket.socket:
    """Return a socket that listens on the loopback address; port 0 is any free one.

    Raises
    ------
    FileError
        If the port cannot be had.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        why = "it is in use" if error.errno == errno.EADDRINUSE else str(error.strerror)
        raise FileError(f"port {port} of {LOOPBACK}: {why}; choose another one, such as --port 0 for any") from error
    return listening


def address_of(listening: socket.socket) -> str:
    """Return the address of a server as it is typed: ``http://127.0.0.1:8000``."""
    return f"http://{LOOPBACK}:{listening.getsockname()[1]}"


def run(app: Any, listening: socket.socket, *, until: Callable[[], bool] = lambda: False) -> None:
    """Serve an ASGI application until a signal ends it: requests that were begun are answered first.

    Parameters
    ----------
    app : ASGI application
    listening : socket
        From `listen`.
    until : callable
        Asked every second; the server ends when it returns True.
    """
    names = [f"{name}:{listening.getsockname()[1]}" for name in (LOOPBACK, "localhost")]
    config = uvicorn.Config(
        Guard(app, names), log_config=None, access_log=False, ws="websockets-sansio", server_header=False,
        proxy_headers=False, timeout_graceful_shutdown=_GRACE, lifespan="off", ws_max_size=1 << 16,
        ws_per_message_deflate=False,
    )  # fmt: skip
    with listening, contextlib.suppress(KeyboardInterrupt):  # the server raises it again once it has stopped
        server = uvicorn.Server(config)
        threading.Thread(target=_end_if, args=(server, until), daemon=True).start()
        server.run(sockets=[listening])


def _end_if(server: Any, until: Callable[[], bool]) -> None:
    while not until():
        time.sleep(1)
    server.should_exit = True


class Guard:
    """Lets requests pass to an application that call this server by one of its names, and come from no other page."""

    def __init__(self, app: Any, names: Sequence[str]) -> None:
        self.app, self.names = app, tuple(names)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request, or refuse it in words."""
        said = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        status, why = self.refusal(said, handshake=scope["type"] == "websocket")
        if not why:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.http.response.start", "status": status, "headers": []})
            await send({"type": "websocket.http.response.body", "body": why.encode()})
        else:
            await refuse(status, why)(scope, receive, send)

    def refusal(self, headers: Sequence[tuple[str, str]], *, handshake: bool = False) -> tuple[int, str]:
        """Return the status and the reason if a request is refused; no reason if it may pass.

        A WebSocket's handshake has to name its origin; other requests need none, as those of programs.
        """
        hosts = [value for name, value in headers if name == "host"]
        origins = [value for name, value in headers if name == "origin"]
        if len(hosts) != 1 or hosts[0] not in self.names:
            return 421, f"this server answers only as {self.names[0]}; open http://{self.names[0]}"
        if (origins or handshake) and origins != [f"http://{hosts[0]}"]:
            return 403, f"this server takes no requests from other pages; open http://{self.names[0]} itself"
        return 0, ""


def answer(content: Any, status: int = 200) -> Response:
    """Return content as JSON."""
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(msgspec.json.encode(content), status, headers, "application/json")


async def refused(request: Any, error: Any) -> Response:
    """Answer an error that was raised on purpose."""
    return refuse(getattr(error, "status", 422), str(error), getattr(error, "headers", None))


def refuse(status: int, why: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return why a request was refused, as JSON: ``{"error": why}``."""
    response = answer({"error": why}, status)
    response.headers.update(headers or {})
    return response


class RefusedError(GlassworkError):
    """A request that is refused, with its HTTP status and further headers."""

    def __init__(self, status: int, why: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(why)
        self.status, self.headers = status, headers

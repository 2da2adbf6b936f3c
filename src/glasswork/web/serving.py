"""``glasswork serve``: a network answers other programs over HTTP.

POST /predict   a picture, or numbers as JSON ──► the list that ``glasswork predict --json`` prints
GET /health, /model, /openapi.json

Bodies and waiting requests are bounded; one request after another is computed, in a thread of its own.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route

from glasswork.errors import GlassworkError
from glasswork.models.loaded import ModelFile
from glasswork.version import __version__
from glasswork.web.openapi import Health, ModelDescription, document
from glasswork.web.question import answers_to, takes
from glasswork.web.server import RefusedError, answer, refuse, refused

#: The most bytes of a request, the most requests at a time, and the seconds in which a body has to arrive.
MOST_BYTES, MOST_REQUESTS, PATIENCE = 16 << 20, 32, 30.0

#: Bytes beyond the limit that are read and thrown away, so that a client can read why it was refused.
_DRAINED = 64 << 20


class Serving:
    """The application: a network, what ``/model`` says of it, and how requests reach it."""

    def __init__(self, read: ModelFile, description: ModelDescription) -> None:
        self.read, self.description = read, description
        self._waiting = 0
        self._worker = ThreadPoolExecutor(1, "predict")
        self.app = Starlette(
            routes=[
                Route("/predict", self.predict, methods=["POST"]),
                Route("/health", self.health),
                Route("/model", self.model),
                Route("/openapi.json", self.openapi),
            ],
            exception_handlers={404: _not_found, 405: _wrong_method, GlassworkError: refused},
        )

    async def predict(self, request: Any) -> Any:
        """Answer a picture or numbers."""
        if self._waiting >= MOST_REQUESTS:
            why = f"{MOST_REQUESTS} requests are waiting already; ask again in a second"
            raise RefusedError(503, why, {"retry-after": "1", "connection": "close"})
        self._waiting += 1
        try:
            kind, body = await _question(request)
            found = await asyncio.get_running_loop().run_in_executor(self._worker, answers_to, self.read, kind, body)
        finally:
            self._waiting -= 1
        if all("error" in entry for entry in found):
            raise RefusedError(422, found[0]["error"])
        return answer(found)

    async def health(self, request: Any) -> Any:
        """Say that the server is there."""
        return answer(Health(status="ok", version=__version__))

    async def model(self, request: Any) -> Any:
        """Describe the network."""
        return answer(self.description)

    async def openapi(self, request: Any) -> Any:
        """Describe this interface."""
        return answer(document(self.description))


async def _question(request: Any) -> tuple[str, bytes]:
    """Return the content type and the body of a request; raise a RefusedError if they are not taken."""
    kind: str = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        async with asyncio.timeout(PATIENCE):
            body = await _body(request)
    except TimeoutError:
        why = f"the body did not arrive within {PATIENCE:g} seconds; send it again"
        raise RefusedError(408, why, {"connection": "close"}) from None
    if body is None:
        why = f"expected a body of at most {MOST_BYTES >> 20} MB, got a larger one; send less at a time"
        raise RefusedError(413, why, {"connection": "close"})
    if not takes(kind):
        raise RefusedError(
            415,
            f"expected a picture, as image/png or another image type, or numbers, as application/json; got "
            f"{kind or 'no content type'}; for example: curl -H 'Content-Type: image/png' --data-binary @seven.png ...",
        )
    return kind, body


async def _body(request: Any) -> bytes | None:
    """Return the body of a request; None if it is larger than allowed."""
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > _DRAINED:
        return None
    content, size = bytearray(), 0
    async for piece in request.stream():
        size += len(piece)
        if size <= MOST_BYTES:
            content += piece
        elif size > _DRAINED:
            break
    return bytes(content) if size <= MOST_BYTES else None


async def _not_found(request: Any, error: Any) -> Any:
    return refuse(404, f"there is no {request.url.path}; there are /predict, /health, /model and /openapi.json")


async def _wrong_method(request: Any, error: Any) -> Any:
    return refuse(405, f"{request.url.path} takes {error.headers['Allow']}, got {request.method}", error.headers)

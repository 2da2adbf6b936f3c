"""The live page and the studio: what a server tells pages, and what pages may ask of it.

first message   Hello, with the token of the page's address, compared in constant time
then            news of a run, at most ten times a second; Commands for it
or              the list of runs, when it changes; Start, Compare, Report

A page changes things only through its WebSocket, after its Hello; no GET changes anything.
"""

import asyncio
import hmac
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocketDisconnect, WebSocketState

from glasswork.errors import GlassworkError
from glasswork.report.words import Language
from glasswork.runs.folder import RunFolder
from glasswork.runs.looks import Command
from glasswork.web.hub import INTERVAL, Hub
from glasswork.web.messages import Compare, Hello, Report, Start
from glasswork.web.pages import live_page, preferred
from glasswork.web.server import refuse, refused
from glasswork.web.studio import Studio, find_run

#: Seconds in which a page has to say hello, and between two of its messages that are read.
PATIENCE, PAUSE = 5.0, 0.05

#: The most pages at a time, and the most characters of their messages.
MOST_PAGES, MOST_CHARACTERS = 100, 10_000

#: WebSocket's code for what a rule forbids (RFC 6455, section 7.4.1).
FORBIDDEN = 1008

_asked = msgspec.json.Decoder(Command | Start | Compare | Report)
_hello = msgspec.json.Decoder(Hello)


class Watching:
    """The application of ``glasswork watch`` and ``glasswork studio``.

    Parameters
    ----------
    parent : Path
        The folder of runs.
    only : str
        The name of the only run that is shown; empty for a studio, which shows all of them.
    language : {"en", "de"}, optional
        The language of the pages; by default each is in that of its browser.
    """

    def __init__(self, parent: Path, only: str = "", language: Language | None = None) -> None:
        self.parent, self.only, self.language = parent, only, language
        self.token = secrets.token_urlsafe(32)
        self.studio = Studio(parent)
        self._hubs: dict[str, Hub] = {}
        self._pages = 0
        self.app = Starlette(
            routes=[Route("/", self.page), Route("/report/{key}", self.report), WebSocketRoute("/live", self.live)],
            exception_handlers={404: _not_found, GlassworkError: refused},
        )

    async def page(self, request: Any) -> Any:
        """Return the page, which holds no data: they come through its WebSocket."""
        text, policy = live_page(request.url.netloc, self._language(request))
        return HTMLResponse(text, headers={"content-security-policy": policy, **_PRIVATE})

    async def report(self, request: Any) -> Any:
        """Return the report of a run whose key a page was given."""
        text = await asyncio.to_thread(self.studio.report, request.path_params["key"], self._language(request))
        return HTMLResponse(text, headers=_PRIVATE)

    def _language(self, request: Any) -> Language:
        return self.language or preferred(request.headers.get("accept-language", ""))

    async def live(self, socket: Any) -> None:
        """Talk to a page."""
        await socket.accept()
        if self._pages >= MOST_PAGES:
            await _end(socket, f"{MOST_PAGES} pages are open already; close one")
            return
        self._pages += 1
        try:
            hello = await self._greeted(socket)
            if hello is not None:
                name = self.only or hello.run
                await (self._tell_of_run(socket, name, hello) if name else self._tell_of_all(socket))
        except WebSocketDisconnect:
            pass  # the page was closed
        except GlassworkError as error:
            await _end(socket, str(error))
        except Exception:  # a mistake of ours: the server prints it
            await _end(socket, "glasswork made a mistake here; the terminal of this page's server says which")
            raise
        finally:
            self._pages -= 1

    async def _greeted(self, socket: Any) -> Hello | None:
        """Return the first message of a page; None, after a refusal, if it does not know the token."""
        hello = None
        with suppress(msgspec.MsgspecError, TimeoutError):
            hello = _hello.decode(await asyncio.wait_for(_text(socket), PATIENCE))
        if hello is None or not hmac.compare_digest(hello.token.encode(), self.token.encode()):
            await _end(socket, "this page does not know the token; open the address that glasswork printed")
            return None
        return hello

    # One run ------------------------------------------------------------------------------------------

    async def _tell_of_run(self, socket: Any, name: str, hello: Hello) -> None:
        hub = await self._hub(name)
        if hub.problem:
            await _end(socket, hub.problem)
            return
        if hello.after < 0:
            await _send(socket, {"kind": "run", "name": name, "studio": not self.only, **hub.facts})
        await _both(self._send_news(socket, hub, hello), self._obey(socket, hub))

    async def _send_news(self, socket: Any, hub: Hub, hello: Hello) -> None:
        """Send what is new, at most ten times a second; a page that is slow is sent the newest alone."""
        seen: Any = (hello.after, hello.epochs, None)
        while True:
            async with hub.changed:
                while hub.state == seen:
                    await hub.changed.wait()
            seq = seen[0] if seen[0] <= hub.seq else -1  # else the page knows another server
            seen, news = hub.state, hub.news(seq, seen[1])
            await _send(socket, news)
            await asyncio.sleep(INTERVAL)

    async def _obey(self, socket: Any, hub: Hub) -> None:
        """Pass a page's commands on."""
        async for asked in _messages(socket):
            why = "this page watches a run; open the studio for that"
            if why := hub.command(asked) if isinstance(asked, Command) else why:
                await _send(socket, {"kind": "refused", "why": why})

    async def _hub(self, name: str) -> Hub:
        if name not in self._hubs:
            place = RunFolder(find_run(self.parent, name))
            hub = self._hubs[name] = Hub(place)
            await hub.open()
        hub = self._hubs[name]
        await hub.opened.wait()
        if hub.problem:
            del self._hubs[name]
        return hub

    # All runs -----------------------------------------------------------------------------------------

    async def _tell_of_all(self, socket: Any) -> None:
        await _both(self._send_list(socket), self._serve(socket))

    async def _send_list(self, socket: Any) -> None:
        """Send the list of runs whenever it has changed."""
        sent = b""
        while True:
            listed = msgspec.json.encode(await asyncio.to_thread(self.studio.listed))
            if listed != sent:
                sent = listed
                await _send(socket, {"kind": "runs", **msgspec.json.decode(listed)})
            await asyncio.sleep(1)

    async def _serve(self, socket: Any) -> None:
        """Do what a studio's page asks for."""
        async for asked in _messages(socket):
            try:
                if isinstance(asked, Start):
                    told = await asyncio.to_thread(self.studio.start, asked)
                elif isinstance(asked, Compare):
                    told = await asyncio.to_thread(self.studio.compare, asked.runs)
                elif isinstance(asked, Report):
                    told = await asyncio.to_thread(self.studio.offer_report, asked.run)
                else:
                    told = {"kind": "refused", "why": "open a run to command its training"}
            except GlassworkError as error:
                told = {"kind": "refused", "why": str(error)}
            await _send(socket, told)


#: Nobody keeps these pages, and no other page learns their addresses.
_PRIVATE = {
    "cache-control": "no-store", "referrer-policy": "no-referrer", "x-content-type-options": "nosniff",
    "x-frame-options": "DENY", "cross-origin-opener-policy": "same-origin",
}  # fmt: skip


async def _both(telling: Any, asking: Any) -> None:
    """Run two tasks until one of them ends; raise what it raised."""
    tasks = [asyncio.create_task(telling), asyncio.create_task(asking)]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def _text(socket: Any) -> str:
    """Return the next message of a page; raise a WebSocketDisconnect when it was closed."""
    message: dict[str, Any] = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect
    text: str = message.get("text") or ""
    return text


async def _messages(socket: Any) -> Any:
    """Yield what a page asks for; refuse in words what is not a message, or too long."""
    while True:
        text = await _text(socket)
        try:
            asked = _asked.decode(text[: MOST_CHARACTERS + 1])
        except msgspec.MsgspecError as error:
            await _send(socket, {"kind": "refused", "why": f"not a message of this page: {error}"})
        else:
            yield asked
        await asyncio.sleep(PAUSE)


async def _send(socket: Any, content: Any) -> None:
    if socket.application_state is not WebSocketState.CONNECTED:
        raise WebSocketDisconnect
    await socket.send_text(msgspec.json.encode(content).decode())


async def _end(socket: Any, why: str) -> None:
    """Tell a page why it is refused, and end the connection."""
    with suppress(Exception):  # it may be gone
        await _send(socket, {"kind": "refused", "why": why})
        await socket.close(FORBIDDEN)


async def _not_found(request: Any, error: Any) -> Any:
    return refuse(404, f"there is no {request.url.path}; open the address that glasswork printed")

"""How a person comes to a page: its address with the token, on the terminal and in a file for this user alone.

A browser is given the file and not the address, as everybody on this machine sees the words of a command.
"""

import os
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from glasswork.runs.looks import own_room

_DOOR = (
    '<!doctype html><meta charset="utf-8"><title>glasswork</title><meta http-equiv="refresh" content="0; url={url}">\n'
)


@contextmanager
def open_to_user(url: str, what: str, *, browser: bool) -> Iterator[None]:
    """Context manager: tells the user where a page is, and opens it in a browser if that is asked for.

    Parameters
    ----------
    url : str
        With the token; it is printed on a terminal only, never into a file or a pipe.
    what : str
        What can be seen there, as the beginning of a line.
    """
    door = own_room() / f"{url.rpartition(':')[2].partition('/')[0]}.html"
    with suppress(OSError):
        door.unlink(missing_ok=True)
    with os.fdopen(os.open(door, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(_DOOR.format(url=url.replace("&", "&amp;")))
    try:
        print(f"{what}: {url if sys.stdout.isatty() else door.as_uri()}", flush=True)
        if browser:
            webbrowser.open(door.as_uri())
        yield
    finally:
        with suppress(OSError):
            Path(door).unlink()

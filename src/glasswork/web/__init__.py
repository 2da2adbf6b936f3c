"""Networks and trainings over HTTP, on this machine alone.

server      a socket on the loopback address, and who may speak to it
serving     ``glasswork serve``: a network answers other programs
watching    the live page and the studio: what pages are told, and what they may ask
"""

from glasswork.errors import MissingLibraryError


def check_installed() -> None:
    """Raise a MissingLibraryError if a package is missing that the room needs."""
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
        import websockets  # noqa: F401
    except ImportError as error:
        raise MissingLibraryError(
            f"a server needs other packages ({error.name} is missing): pip install 'glasswork[web]'"
        ) from None

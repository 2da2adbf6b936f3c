"""``glasswork serve``: a network that answers other programs over HTTP, on this machine."""

import sys
from typing import Annotated

import typer

from glasswork.cli.options import Debug, NetworkArgument

Port = Annotated[int, typer.Option(min=0, max=65535, help="The port on 127.0.0.1; 0 is any free one.")]


def serve(run: NetworkArgument, port: Port = 8000, debug: Debug = False) -> None:
    """Answer pictures and numbers over HTTP as glasswork predict --json does, for programs on this machine.

    POST /predict takes a picture file, or JSON: a list of numbers, a list of such lists, or {"pictures": [...]} in
    base64. GET /model describes the network, /openapi.json the interface, /health says that the server is there.
    Other machines and web pages cannot reach it. After Ctrl-C, it answers the requests that it has accepted, and stops.

    Examples:

    glasswork serve runs/mine

    curl -H "Content-Type: image/png" --data-binary @seven.png http://127.0.0.1:8000/predict
    """
    from glasswork.cli.networks import read_for_data
    from glasswork.web import check_installed

    check_installed()
    read = read_for_data(run)
    from glasswork.web import server
    from glasswork.web.openapi import describe
    from glasswork.web.serving import Serving

    description = describe(run, read)
    listening = server.listen(port)
    print(f"{description.name}, {description.network}, answers at {server.address_of(listening)}/predict", flush=True)
    print("Ctrl-C stops it", file=sys.stderr, flush=True)
    server.run(Serving(read, description).app, listening)
    print("Stopped", file=sys.stderr)

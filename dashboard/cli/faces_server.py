"""The command `faces-server`."""

from __future__ import annotations

import argparse
import socket
import sys

from dashboard.cli.parser import BadInput
from dashboard.cli.work import Outcome


def run_faces_server(arguments: argparse.Namespace) -> Outcome:
    """Serve our restorer until interrupted."""
    from dashboard.faces.pocket_restorer import PocketRestorer
    from dashboard.faces.server import serve

    if not 1 <= arguments.port <= 65_535:
        raise BadInput("A port is a number from 1 to 65535.")
    with socket.socket() as probe:  # uvicorn would print a traceback's worth
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((arguments.host, arguments.port))
        except OSError as error:
            raise BadInput(f"Cannot listen on {arguments.host}:{arguments.port}: {error.strerror}.") from error
    address = f"http://{arguments.host}:{arguments.port}"
    sys.stderr.write(f"Restoring faces at {address}; Ctrl-C ends it.\n")
    serve(PocketRestorer(), arguments.host, arguments.port)
    return Outcome({"address": address}, f"Ended: {address}")

"""`streamlit run` as a process of its own, on a free port, for as long as a block lasts."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from visitors import Server

ROOT = Path(__file__).parent.parent.parent


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[Server]:
    """A server with its data and its log in `folder`, and these environment variables besides."""
    log = folder / "server.log"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = ["--server.address", "127.0.0.1", "--server.port", str(port)]
    environment = {**os.environ, "DASHBOARD_DATA_DIR": str(folder / "data"), **settings}
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", *address],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for_answer(f"http://127.0.0.1:{port}/_stcore/health", process, log)
        yield Server(url=f"http://127.0.0.1:{port}", log=log, started=time.monotonic())
    finally:
        process.terminate()
        process.wait(20)


def _wait_for_answer(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2)
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the server did not answer:\n{log.read_text()[-3000:]}")

"""`python -m dashboard faces-server`, started for real, and spoken to as the lesson's code and Gradio's clients do."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image

from dashboard.faces import PocketRestorer, improve_image
from dashboard.faces.known import known_faces
from dashboard.faces.remote import RemoteRestorer
from dashboard.faces.server import MAX_KEPT, MAX_REQUEST, Shelf

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The real program on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "dashboard", "faces-server", "--port", str(port)]
    environment = {**os.environ, "DASHBOARD_THREADS": "1"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None, process.stderr and process.stderr.read()
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
        process.send_signal(signal.SIGINT)
        process.wait(20)


def scene(number: int = 0) -> Image.Image:
    return known_faces()[number].picture.resize((64, 64), Image.Resampling.BOX)


def alike(a: Image.Image, b: Image.Image) -> bool:
    """The same but for rounding: another process may compute with another number of threads."""
    return a.size == b.size and int(np.abs(np.asarray(a).astype(int) - np.asarray(b).astype(int)).max()) <= 2


def uri(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


@pytest.mark.parametrize("path", ["", "/run/predict"])
def test_the_dashboards_own_client(address, path):
    here = PocketRestorer().restore(scene(), factor=2)
    there = RemoteRestorer(address + path, 60).restore(scene(), factor=2)
    assert alike(there.image, here.image)
    assert not there.untouched and there.seconds > 0


def test_the_courses_protocol(address):
    answer = requests.post(f"{address}/run/predict", json={"data": [uri(scene()), 3]}, timeout=60).json()["data"][0]
    picture = Image.open(io.BytesIO(base64.b64decode(answer.partition(",")[2])))
    assert alike(picture, improve_image(scene(), 3))


def test_concurrent_people_are_not_mixed(address):
    client = RemoteRestorer(address, 120)
    with ThreadPoolExecutor(4) as pool:
        there = list(pool.map(lambda n: client.restore(scene(n), factor=1).image, range(8)))
    assert all(alike(picture, improve_image(scene(n), 1)) for n, picture in enumerate(there))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"data": 3}',
        b'{"data": []}',
        b'{"data": ["x", 2]}',
        b'{"data": [7, 2]}',
        b"[" * 99_999,
    ],
)
def test_bad_requests_get_a_sentence(address, body):
    answer = requests.post(f"{address}/run/predict", data=body, timeout=30)
    assert answer.status_code == 422 and answer.json()["error"].endswith(".")


@pytest.mark.parametrize("factor", [0, 5, 1.5, True, None, "2", [], 1e400, float("nan")])
def test_bad_factors_get_a_sentence(address, factor):
    body = json.dumps({"data": [uri(scene()), factor]})
    answer = requests.post(f"{address}/run/predict", data=body, timeout=30)
    assert answer.status_code == 422 and "factor" in answer.json()["error"]


def test_a_large_request_is_refused(address):
    answer = requests.post(f"{address}/run/predict", data=b" " * (MAX_REQUEST + 1), timeout=30)
    assert answer.status_code == 422 and "larger" in answer.json()["error"]


def test_an_endless_upload_is_refused_before_its_end(address):
    """The server must not read, or write to its disk, more than a picture can hold."""
    host, port = address.removeprefix("http://").split(":")
    head = (
        b"POST /gradio_api/upload HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Type: multipart/form-data; boundary=edge\r\n\r\n"
    )
    part = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    with socket.create_connection((host, int(port)), timeout=60) as sock:
        sock.sendall(head + _chunk(part))
        for _ in range(MAX_REQUEST // 2**20 + 1):
            sock.sendall(_chunk(bytes(2**20)))
        assert sock.recv(64).startswith(b"HTTP/1.1 422"), "answered though the upload has not ended"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=edge", "text/plain", ""])
def test_an_upload_that_is_no_form_gets_a_sentence(address, kind):
    answer = requests.post(f"{address}/gradio_api/upload", data=b"x", headers={"Content-Type": kind}, timeout=30)
    assert answer.status_code == 422 and answer.json()["error"].endswith(".")


def test_todays_protocol_step_by_step(address):
    api = f"{address}/gradio_api"
    buffer = io.BytesIO()
    scene().save(buffer, "PNG")
    (name,) = requests.post(f"{api}/upload", files={"files": ("a.png", buffer.getvalue())}, timeout=30).json()
    asked = {"data": [{"path": name}, 2]}
    event = requests.post(f"{api}/call/improve", json=asked, timeout=30).json()["event_id"]
    told = requests.get(f"{api}/call/improve/{event}", timeout=60)
    assert told.headers["Content-Type"].startswith("text/event-stream")
    (data,) = re.findall(r"^event: complete\ndata: (.*)$", told.text, re.MULTILINE)
    (file,) = json.loads(data)
    picture = Image.open(io.BytesIO(requests.get(f"{address}{file['url']}", timeout=30).content))
    assert alike(picture, improve_image(scene(), 2))


def test_todays_protocol_refuses(address):
    api = f"{address}/gradio_api"
    assert requests.post(f"{api}/upload", files={"other": b"x"}, timeout=30).status_code == 422
    assert requests.post(f"{api}/call/improve", json={"data": [{"path": "none"}, 2]}, timeout=30).status_code == 422
    assert requests.get(f"{api}/call/improve/none", timeout=30).status_code == 404
    assert requests.get(f"{api}/file=none/picture.png", timeout=30).status_code == 404
    assert requests.get(f"{api}/file=../../etc/passwd", timeout=30).status_code == 404
    (name,) = requests.post(f"{api}/upload", files={"files": b"no picture"}, timeout=30).json()
    event = requests.post(f"{api}/call/improve", json={"data": [{"path": name}, 2]}, timeout=30).json()["event_id"]
    assert "event: error" in requests.get(f"{api}/call/improve/{event}", timeout=30).text


def test_gradios_own_client(address, tmp_path):
    """Gradio's client, where it is installed, uses the server as any Gradio app."""
    client = pytest.importorskip("gradio_client", reason="gradio_client is not installed")
    scene().save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    gradio = client.Client(address, verbose=False, analytics_enabled=False, download_files=str(tmp_path))
    for _ in range(2):
        file = gradio.predict(client.handle_file(tmp_path / "a.png"), 2, api_name="/improve")
        assert alike(Image.open(file), improve_image(scene(), 2))
    with pytest.raises(Exception, match="not a PNG"):
        gradio.predict(client.handle_file(tmp_path / "b.png"), 2, api_name="/improve")


def test_the_shelf_forgets():
    shelf = Shelf()
    names = [shelf.put(n) for n in range(MAX_KEPT + 1)]
    assert shelf.get(names[0]) is None and shelf.get(names[-1]) == MAX_KEPT
    assert shelf.get("none") is None


def test_a_taken_port_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "dashboard", "faces-server", "--port", port]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1
    assert "Cannot listen" in done.stderr

"""A face restorer that misbehaves: a raw server on loopback, well-behaved but for one stage of the conversation."""

from __future__ import annotations

import base64
import io
import json
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from PIL import Image

Misbehave = Callable[[socket.socket], None]
STAGES = ("predict", "upload", "call", "event", "file")


@dataclass
class Hostile:
    """Answers like a restorer; at `stage`, `misbehave` takes over the connection."""

    stage: str = ""
    misbehave: Misbehave = lambda sock: None
    improve: Callable[[Image.Image, int], Image.Image] = lambda img, factor: img.resize(
        (img.width * factor, img.height * factor), Image.Resampling.BICUBIC
    )
    asked: list[str] = field(default_factory=list)  # the request lines
    headers: list[str] = field(default_factory=list)
    port: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    pictures: dict[str, bytes] = field(default_factory=dict)

    def address(self, path: str = "") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def answer(self, sock: socket.socket) -> None:
        head, body = _request(sock)
        if not head:
            return
        line, _, rest = head.partition("\r\n")
        self.asked.append(line)
        self.headers.append(rest)
        _, path, _ = line.split(" ", 2)
        stage = next((s for s, part in _PATHS.items() if part in path and (s != "call" or line.startswith("POST"))), "")
        if stage == self.stage:
            self.misbehave(sock)
        elif stage == "predict":
            picture, factor = json.loads(body)["data"]
            png = self._improved(base64.b64decode(picture.partition(",")[2]), factor)
            sock.sendall(ok(json.dumps({"data": [uri(png)]}).encode()))
        elif stage == "upload":
            name = f"p{len(self.pictures)}"
            self.pictures[name] = body[body.index(b"\x89PNG") : body.rindex(b"\r\n--")]
            sock.sendall(ok(json.dumps([name]).encode()))
        elif stage == "call":
            file, factor = json.loads(body)["data"]
            done = f"e{file['path']}"
            self.pictures[done] = self._improved(self.pictures[file["path"]], factor)
            sock.sendall(ok(json.dumps({"event_id": done}).encode()))
        elif stage == "event":
            file = {"path": path.rpartition("/")[2], "url": "http://127.0.0.1:1/elsewhere"}
            sock.sendall(ok(f"event: complete\ndata: {json.dumps([file])}\n\n".encode(), "text/event-stream"))
        elif stage == "file":
            sock.sendall(ok(self.pictures[path.rpartition("=")[2]], "image/png"))

    def _improved(self, png: bytes, factor: int) -> bytes:
        return png_of(self.improve(Image.open(io.BytesIO(png)).convert("RGB"), factor))


_PATHS = {"predict": "/run/predict", "upload": "/upload", "file": "/file=", "call": "/call/", "event": "/call/"}


@contextmanager
def running(hostile: Hostile) -> Iterator[Hostile]:
    """Serve until the block ends; each connection has a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        hostile.port = listener.getsockname()[1]
        listener.settimeout(0.1)

        def serve() -> None:
            while not hostile.over.is_set():
                try:
                    sock, _ = listener.accept()
                except OSError:
                    continue
                threading.Thread(target=one, args=(sock,), daemon=True).start()

        def one(sock: socket.socket) -> None:
            sock.settimeout(20)
            try:
                with sock:
                    hostile.answer(sock)
            except OSError:
                pass  # the client has cut the connection

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield hostile
        finally:
            hostile.over.set()
            thread.join(5)


def _request(sock: socket.socket) -> tuple[str, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65536)
        if not more:
            return "", b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    text = head.decode("latin-1")
    length = next((int(h.split(":")[1]) for h in text.split("\r\n") if h.lower().startswith("content-length")), 0)
    while len(body) < length:
        body += sock.recv(65536)
    return text, body


def ok(body: bytes, kind: str = "application/json", status: str = "200 OK", extra: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


def uri(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def png_of(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def bomb() -> bytes:
    """A PNG of a few kilobytes that says it is 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(10**6)))
        + chunk(b"IEND", b"")
    )


def says(data: bytes) -> Misbehave:
    """Send these bytes and close."""
    return lambda sock: sock.sendall(data)


def silent(sock: socket.socket) -> None:
    """Never answer."""
    time.sleep(15)


def endless(sock: socket.socket) -> None:
    """A body without end."""
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while True:
        sock.sendall(b" " * 65536)


def dripping(start: bytes) -> Misbehave:
    """`start`, then a byte at a time, each well within any read timeout."""

    def drip(sock: socket.socket) -> None:
        sock.sendall(start)
        for _ in range(150):
            sock.sendall(b"x")
            time.sleep(0.1)

    return drip


def reset(sock: socket.socket) -> None:
    """Half an answer, then a reset of the connection."""
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()

"""A face restorer on another server: the course's `improve_image`, over Gradio's HTTP interface, old or of today.

The operator's address names the endpoint. One that ends in `/run/predict` or `/api/predict` speaks Gradio 3: one POST
of `{"data": [picture as base64, factor]}`. Any other speaks today's: upload, call, wait for the event, fetch the
file. A bare address means the endpoint `improve`, as `python -m dashboard faces-server` offers it.
(gradio.app/guides/querying-gradio-apps-with-curl)
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import numpy as np
from PIL import Image

from dashboard.faces.exchange import Exchange, ExchangeFailed, within
from dashboard.faces.pictures import png_bytes, read_picture
from dashboard.faces.restoration import MAX_SIDE, FaceError, Restoration, checked, enlarge

OLD_ENDINGS = ("/run/predict", "/api/predict")
PREFIX, ENDPOINT = "/gradio_api", "improve"
JSON = {"Content-Type": "application/json"}
MAX_CALLS = 8  # at once: a server that hangs must not use up ours
UNCHANGED = 3.0  # of 255: what another way of enlarging, or lossy compression, makes of a block
KEPT = " Your picture is unchanged."


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where an endpoint is. Built from the operator's setting, never from what a server answers."""

    origin: str  # "http://host:port"
    prefix: str  # before /upload, /call and /file
    endpoint: str  # its name; empty for the old protocol
    old_path: str = ""

    @classmethod
    def parse(cls, text: str) -> Address:
        """ValueError, with a sentence, unless it is a plain http or https address."""
        parts = urlsplit(text.strip())
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1:
            raise ValueError("The face restorer's address must begin with http:// or https:// and name a server.")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("The face restorer's address must hold no credentials, no query and no fragment.")
        origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
        if path.endswith(OLD_ENDINGS):
            return cls(origin=origin, prefix="", endpoint="", old_path=parts.path)
        prefix, call, endpoint = path.rpartition("/call/")
        if not call:
            return cls(origin=origin, prefix=path + PREFIX, endpoint=ENDPOINT)
        return cls(origin=origin, prefix=prefix, endpoint=endpoint)

    def url(self, *path: str) -> str:
        """An address on this server, below the prefix."""
        return f"{self.origin}{self.prefix}/{'/'.join(path)}"


class RemoteRestorer:
    """Asks the operator's server. Each call has its own connection and state, so that calls never mix."""

    def __init__(self, address: str, seconds: float = 30.0) -> None:
        self.address, self.seconds = Address.parse(address), seconds
        self.name = f"the face restorer at {urlsplit(self.address.origin).netloc}"
        self._places = threading.BoundedSemaphore(MAX_CALLS)

    def restore(self, picture: Image.Image, *, factor: int = 2, blend: float = 1.0) -> Restoration:
        """As `Restorer.restore`; the deadline holds for the whole call."""
        began = time.perf_counter()
        picture = checked(picture, factor, blend)
        if not self._places.acquire(blocking=False):
            raise FaceError(f"Many pictures are at the face restorer; try again in a while.{KEPT}")
        try:
            data = within(self.seconds, lambda exchange: self._ask(exchange, picture, factor))
        except ExchangeFailed as failed:
            raise FaceError(f"The face restorer {failed}.{KEPT}") from failed
        finally:
            self._places.release()
        enlarged = enlarge(picture, factor)
        answer = _checked_answer(data, picture, factor)
        return Restoration(
            image=Image.blend(enlarged, answer, blend),
            enlarged=enlarged,
            factor=factor,
            changes=None,
            untouched=not blend or looks_untouched(answer, picture),
            seconds=time.perf_counter() - began,
            restorer=self.name,
        )

    def _ask(self, exchange: Exchange, picture: Image.Image, factor: int) -> bytes:
        """The answer's picture as bytes, from whichever protocol the address speaks."""
        if self.address.old_path:
            return self._ask_old(exchange, png_bytes(picture), factor)
        return self._ask_today(exchange, png_bytes(picture), factor)

    def _ask_old(self, exchange: Exchange, png: bytes, factor: int) -> bytes:
        text = f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
        body = json.dumps({"data": [text, factor]}).encode()
        answer = exchange.ask("POST", self.address.origin + self.address.old_path, body, JSON)
        return _from_data_uri(_first(_object(answer.body).get("data")))

    def _ask_today(self, exchange: Exchange, png: bytes, factor: int) -> bytes:
        where = self.address
        form, kind = _multipart(png)
        uploaded = _first(_json(exchange.ask("POST", where.url("upload"), form, {"Content-Type": kind}).body))
        if not isinstance(uploaded, str):
            raise ExchangeFailed(NOT_OURS)
        file = {"path": uploaded, "meta": {"_type": "gradio.FileData"}}
        call = json.dumps({"data": [file, factor]}).encode()
        event = _object(exchange.ask("POST", where.url("call", where.endpoint), call, JSON).body).get("event_id")
        if not isinstance(event, str) or not event:
            raise ExchangeFailed(NOT_OURS)
        told = exchange.ask("GET", where.url("call", where.endpoint, quote(event, safe="")))
        result = _first(_completed(told.body))
        path = result.get("path") if isinstance(result, dict) else None
        if not isinstance(path, str):
            raise ExchangeFailed(NOT_OURS)
        # Built from the operator's address: the answer's own `url` could point anywhere.
        return exchange.ask("GET", where.url(f"file={quote(path, safe='/')}")).body


NOT_OURS = "answered something that is not a restored picture"


def _completed(stream: bytes) -> object:
    """The data of the event that ends a call (server-sent events)."""
    for event, data in _events(stream):
        if event == "complete":
            return _json(data.encode())
        if event == "error":
            raise ExchangeFailed("reported that it failed")
    raise ExchangeFailed("broke off in the middle of its answer")


def _events(stream: bytes) -> Iterator[tuple[str, str]]:
    event = ""
    for line in stream.decode("utf-8", "replace").splitlines():
        name, _, value = line.partition(":")
        if name == "event":
            event = value.strip()
        elif name == "data":
            yield event, value.strip()


def _multipart(png: bytes) -> tuple[bytes, str]:
    """A form with one file, and its media type."""
    edge = secrets.token_hex(16)
    head = f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="picture.png"\r\n'
    body = f"{head}Content-Type: image/png\r\n\r\n".encode() + png + f"\r\n--{edge}--\r\n".encode()
    return body, f"multipart/form-data; boundary={edge}"


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ExchangeFailed(NOT_OURS) from error


def _object(body: bytes) -> dict[str, object]:
    value = _json(body)
    if not isinstance(value, dict):
        raise ExchangeFailed(NOT_OURS)
    return value


def _first(value: object) -> object:
    if not isinstance(value, list) or not value:
        raise ExchangeFailed(NOT_OURS)
    return value[0]


def _from_data_uri(value: object) -> bytes:
    head, comma, body = value.partition(",") if isinstance(value, str) else ("", "", "")
    try:
        if not (comma and head.startswith("data:image/") and head.endswith(";base64")):
            raise ValueError("no picture")
        return base64.b64decode(body, validate=True)
    except ValueError as error:
        raise ExchangeFailed(NOT_OURS) from error


def _checked_answer(data: bytes, picture: Image.Image, factor: int) -> Image.Image:
    """The answer, `factor` times as large as the picture. Servers round their own way; another shape is refused."""
    try:
        answer = read_picture(data, max_pixels=(2 * MAX_SIDE) ** 2)
    except FaceError as error:
        raise FaceError(f"The face restorer {NOT_OURS}.{KEPT}") from error
    across, down = answer.width / picture.width, answer.height / picture.height
    if min(across, down) < 0.99 or abs(across - down) > 0.02 * max(across, down):
        raise FaceError(f"The face restorer sent a picture of another size and shape.{KEPT}")
    size = (picture.width * factor, picture.height * factor)
    return answer if answer.size == size else answer.resize(size, Image.Resampling.LANCZOS)


def looks_untouched(answer: Image.Image, picture: Image.Image) -> bool:
    """Whether the answer is the picture merely enlarged: GFPGAN gives that back, silently, when it fails."""
    ways = (Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
    return any(_largest_block(answer, picture.resize(answer.size, way)) < UNCHANGED for way in ways)


def _largest_block(a: Image.Image, b: Image.Image) -> float:
    """The largest mean absolute difference, 0 .. 255, of any of about 16 x 16 blocks."""
    gap = np.abs(np.asarray(a).astype(np.int16) - np.asarray(b).astype(np.int16)).mean(axis=-1)
    blocks = [part for band in np.array_split(gap, 16, axis=0) for part in np.array_split(band, 16, axis=1)]
    return float(max(block.mean() for block in blocks if block.size))

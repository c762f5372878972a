"""The faces server: our restorer behind Gradio's HTTP interface, the old one and today's, on Starlette.

Gradio itself needs an older Pillow than the dashboard's, so its protocol is spoken here without it:

- `POST /run/predict` with `{"data": [picture as base64, factor]}`, as Gradio 3 did and the course calls it;
- `POST /gradio_api/upload`, `POST /gradio_api/call/improve`, `GET /gradio_api/call/improve/{event}`,
  `GET /gradio_api/file={path}`, as Gradio does since version 5;
- `/config`, `/gradio_api/info` and `/gradio_api/queue/*`, which Gradio's own client uses.

Pictures live in memory, a few minutes at most, and nothing is written to disk.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import anyio.to_thread
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from dashboard.faces.gradio_words import CLOSE, CONFIG, ENDPOINT, INFO, PREFIX, completed
from dashboard.faces.pictures import MAX_BYTES, png_bytes, read_picture
from dashboard.faces.restoration import FaceError, Restorer

MAX_REQUEST = MAX_BYTES * 4 // 3 + 4096  # bytes: a picture as base64 with its envelope
T = TypeVar("T")
KEPT_SECONDS = 300
MAX_KEPT = 64  # pictures, and calls
HEARTBEAT = 5.0  # seconds
ONE_FILE = "Upload one picture of modest size, as the file `files`."
EXPECTED = 'Send {"data": [picture, factor]} as JSON.'
PAGE = """<!doctype html><title>Faces server</title><h1>Faces server</h1>
<p>Restores the faces of a picture. Endpoint <code>improve</code>: picture, factor &rarr; picture.
Call <code>POST /run/predict</code> or <code>/gradio_api/call/improve</code>.</p>"""


@dataclass(frozen=True)
class Call:
    """A restoration under way, and the client's session that asked for it, where it named one."""

    session: str
    work: asyncio.Future[bytes]


class Shelf(Generic[T]):
    """Things by random names, forgotten after some minutes or when there are too many."""

    def __init__(self) -> None:
        self._things: OrderedDict[str, tuple[float, T]] = OrderedDict()

    def put(self, thing: T) -> str:
        name, now = secrets.token_hex(16), time.monotonic()
        self._things[name] = (now, thing)
        while len(self._things) > MAX_KEPT or next(iter(self._things.values()))[0] < now - KEPT_SECONDS:
            self._things.popitem(last=False)
        return name

    def get(self, name: str) -> T | None:
        return self.all().get(name)

    def all(self) -> dict[str, T]:
        """What is not forgotten yet, by name."""
        oldest = time.monotonic() - KEPT_SECONDS
        return {name: thing for name, (since, thing) in self._things.items() if since >= oldest}

    def drop(self, name: str) -> None:
        self._things.pop(name, None)


def build_app(restorer: Restorer, *, at_once: int = 2) -> Starlette:
    """The application; `at_once`: pictures restored at the same time."""
    server = _Server(restorer, at_once)
    return Starlette(
        routes=[
            Route("/", server.page),
            Route("/run/predict", server.predict, methods=["POST"]),
            Route("/config", server.config),
            Route(f"{PREFIX}/info", server.info),
            Route(f"{PREFIX}/upload", server.upload, methods=["POST"]),
            Route(f"{PREFIX}/call/{ENDPOINT}", server.call, methods=["POST"]),
            Route(f"{PREFIX}/call/{ENDPOINT}/{{event}}", server.event),
            Route(f"{PREFIX}/queue/join", server.call, methods=["POST"]),
            Route(f"{PREFIX}/queue/data", server.queue),
            Route(f"{PREFIX}/file={{name}}/picture.png", server.file),
        ]
    )


class _Server:
    def __init__(self, restorer: Restorer, at_once: int) -> None:
        self.restorer, self.at_once = restorer, at_once
        self.pictures: Shelf[bytes] = Shelf()
        self.calls: Shelf[Call] = Shelf()
        self._limiter: anyio.CapacityLimiter | None = None

    async def page(self, _request: Request) -> Response:
        return HTMLResponse(PAGE)

    async def config(self, _request: Request) -> Response:
        return JSONResponse(CONFIG)

    async def info(self, _request: Request) -> Response:
        return JSONResponse(INFO)

    async def predict(self, request: Request) -> Response:
        """Gradio 3's protocol."""
        try:
            picture, factor = _inputs(_object(await _body(request)))
            improved = await self._improve(_from_uri(picture), factor)
        except FaceError as error:
            return JSONResponse({"error": str(error)}, 422)
        uri = f"data:image/png;base64,{base64.b64encode(improved).decode('ascii')}"
        return JSONResponse({"data": [uri]})

    async def upload(self, request: Request) -> Response:
        """A form with one file `files` -> its name here."""
        try:
            name = self.pictures.put(await _uploaded(request))
        except FaceError as error:
            return JSONResponse({"error": str(error)}, 422)
        return JSONResponse([f"{name}/picture.png"])

    async def call(self, request: Request) -> Response:
        """Begin a restoration; the answer names the event to wait for."""
        try:
            asked = _object(await _body(request))
            picture, factor = _inputs(asked)
            path = picture.get("path") if isinstance(picture, dict) else None
            data = self.pictures.get(str(path).partition("/")[0])
            if not isinstance(data, bytes):
                raise FaceError("There is no such uploaded picture here; it may have been forgotten.")
        except FaceError as error:
            return JSONResponse({"error": str(error)}, 422)
        call = Call(str(asked.get("session_hash", "")), asyncio.ensure_future(self._improve(data, factor)))
        return JSONResponse({"event_id": self.calls.put(call)})

    async def queue(self, request: Request) -> Response:
        """The events of all calls of a session of Gradio's own client."""
        session = request.query_params.get("session_hash", "")
        calls = {name: call for name, call in self.calls.all().items() if session and call.session == session}
        return StreamingResponse(self._watch_all(calls), media_type="text/event-stream")

    async def event(self, request: Request) -> Response:
        """The server-sent events of a call, up to `complete` or `error`."""
        call = self.calls.get(request.path_params["event"])
        if call is None:
            return JSONResponse({"error": "There is no such call here."}, 404)
        return StreamingResponse(self._watch(call), media_type="text/event-stream")

    async def file(self, request: Request) -> Response:
        data = self.pictures.get(request.path_params["name"])
        if data is None:
            return JSONResponse({"error": "There is no such picture here."}, 404)
        return Response(data, media_type="image/png")

    async def _watch(self, call: Call) -> AsyncIterator[str]:
        while not (await asyncio.wait([call.work], timeout=HEARTBEAT))[0]:
            yield "event: heartbeat\ndata: null\n\n"
        try:
            yield f"event: complete\ndata: {json.dumps(self._files(call))}\n\n"
        except FaceError as error:
            yield f"event: error\ndata: {json.dumps({'error': str(error)})}\n\n"

    async def _watch_all(self, calls: dict[str, Call]) -> AsyncIterator[str]:
        for event, call in calls.items():
            await asyncio.wait([call.work])
            try:
                message = completed(event, self._files(call))
            except FaceError as error:
                message = completed(event, None, str(error))
            self.calls.drop(event)
            yield f"data: {json.dumps(message)}\n\n"
        yield f"data: {json.dumps(CLOSE)}\n\n"

    def _files(self, call: Call) -> list[dict[str, object]]:
        """The finished picture, put on the shelf. Raises what the work raised."""
        path = f"{self.pictures.put(call.work.result())}/picture.png"
        return [{"path": path, "url": f"{PREFIX}/file={path}", "meta": {"_type": "gradio.FileData"}}]

    async def _improve(self, data: bytes, factor: object) -> bytes:
        """The picture restored, as PNG."""
        if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not float(factor).is_integer():
            raise FaceError("The factor must be a whole number.")
        self._limiter = self._limiter or anyio.CapacityLimiter(self.at_once)
        return await anyio.to_thread.run_sync(
            partial(_improved, self.restorer, data, int(factor)), limiter=self._limiter
        )


def serve(restorer: Restorer, host: str, port: int) -> None:
    """Run until interrupted."""
    import uvicorn

    uvicorn.run(build_app(restorer), host=host, port=port, log_level="warning", access_log=False)


def _improved(restorer: Restorer, data: bytes, factor: int) -> bytes:
    return png_bytes(restorer.restore(read_picture(data), factor=factor).image)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_REQUEST:
            raise FaceError("This request is larger than a picture needs.")
    return bytes(body)


class _InMemory(MultiPartParser):
    """Starlette's own parser would put a file of more than a megabyte on the disk."""

    spool_max_size = MAX_REQUEST


async def _uploaded(request: Request) -> bytes:
    """The file `files` of a form that is read no further than a picture can be long."""
    body = await _body(request)

    async def whole() -> AsyncGenerator[bytes, None]:
        yield body
        yield b""

    try:
        form = await _InMemory(request.headers, whole(), max_files=1, max_fields=1).parse()
    except (MultiPartException, KeyError) as error:  # KeyError: a form of another kind has no boundary
        raise FaceError(ONE_FILE) from error
    file = form.get("files")
    if not isinstance(file, UploadFile) or (file.size or 0) > MAX_BYTES:
        raise FaceError(ONE_FILE)
    return await file.read()


def _object(body: bytes) -> dict[str, object]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FaceError(EXPECTED) from error
    if not isinstance(value, dict):
        raise FaceError(EXPECTED)
    return value


def _inputs(asked: dict[str, object]) -> tuple[object, object]:
    """The two inputs of the endpoint: picture and factor."""
    values = asked.get("data")
    if not isinstance(values, list) or len(values) != 2:
        raise FaceError(EXPECTED)
    return values[0], values[1]


def _from_uri(picture: object) -> bytes:
    if not isinstance(picture, str):
        raise FaceError("The picture must be base64 text.")
    try:
        return base64.b64decode(picture.rpartition(",")[2], validate=True)
    except (binascii.Error, ValueError) as error:
        raise FaceError("The picture must be base64 text.") from error

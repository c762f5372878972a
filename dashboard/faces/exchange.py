"""HTTP with a wall-clock deadline: `http.client`, because the socket must be at hand to be cut when time is up.

`requests` counts its timeout anew at every read, so a server that sends a byte a second holds it for ever. Nothing here
follows a redirect, sends a credential or a cookie, uses a proxy or unpacks compressed data.
"""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

T = TypeVar("T")
MAX_BODY = 16 * 2**20  # bytes of one answer
CHUNK = 64 * 2**10
NOT_THERE = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN)


class ExchangeFailed(Exception):
    """No usable answer; the message completes the sentence `The face restorer ...`."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One complete answer with status 200."""

    body: bytes
    kind: str  # its media type, without parameters


@dataclass
class Exchange:
    """All requests of one call to one server; they share the deadline. Used by one thread at a time."""

    ends: float  # time.monotonic()
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)
    _cut: bool = False

    def ask(self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Send one request. ExchangeFailed unless a complete answer with status 200 comes in time."""
        parts = urlsplit(url)
        connection = _connection_to(parts, max(0.1, self.ends - time.monotonic()))
        self._connection = connection
        try:
            connection.connect()
            self._check()
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(
                method, path, body, {"Accept-Encoding": "identity", "Connection": "close", **(headers or {})}
            )
            response = connection.getresponse()
            self._check()
            _refuse(response)
            return Answer(body=self._read(response), kind=response.headers.get_content_type())
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._check()  # what the cut broke is not the server's fault
            raise ExchangeFailed(_reason(error)) from error
        finally:
            connection.close()

    def cut(self) -> None:
        """End the exchange from another thread: whatever it waits for ends now."""
        self._cut = True
        sock = self._connection.sock if self._connection is not None else None
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        body = bytearray()
        while chunk := response.read1(CHUNK):
            body += chunk
            self._check()
            if len(body) > MAX_BODY:
                raise ExchangeFailed("sent far more data than a picture needs")
        if response.length:  # says how much is still to come
            raise ExchangeFailed("broke off in the middle of its answer")
        return bytes(body)

    def _check(self) -> None:
        if self._cut or time.monotonic() > self.ends:
            raise ExchangeFailed("did not answer in time")


def within(seconds: float, work: Callable[[Exchange], T]) -> T:
    """What `work` gives for a new exchange; ExchangeFailed once `seconds` have passed, whatever it is waiting for."""
    exchange = Exchange(ends=time.monotonic() + seconds)
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work(exchange))
        except BaseException as error:  # handed to the caller's thread
            failure.append(error)

    thread = threading.Thread(target=run, daemon=True, name="face-restorer-call")
    thread.start()
    thread.join(seconds)
    if thread.is_alive():  # also while a name is looked up, which nothing can interrupt
        exchange.cut()
        raise ExchangeFailed("did not answer in time")
    if failure:
        raise failure[0]
    return outcome[0]


def _connection_to(parts: SplitResult, seconds: float) -> http.client.HTTPConnection:
    if parts.scheme == "https":
        return http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=seconds, context=ssl.create_default_context()
        )
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)


def _refuse(response: http.client.HTTPResponse) -> None:
    if 300 <= response.status < 400:
        raise ExchangeFailed("wants to send us to another address, which is not allowed")
    if response.status == 429:
        raise ExchangeFailed("is busy; try again in a while")
    if response.status != 200:
        raise ExchangeFailed(f"reported an error (status {response.status})")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise ExchangeFailed("sent data in a form that we did not ask for")
    announced = response.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) > MAX_BODY:
        raise ExchangeFailed("sent far more data than a picture needs")


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "did not answer in time"
    if isinstance(error, ssl.SSLError):
        return "has no secure connection that can be trusted"
    if isinstance(error, socket.gaierror) or (isinstance(error, OSError) and error.errno in NOT_THERE):
        return "cannot be reached"
    return "broke off in the middle of its answer"

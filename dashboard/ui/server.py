"""What surrounds the script on the web server: warming the engine at start, and the learner's cookie."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime.pages_manager import PagesManager

from dashboard.ui import engine_room
from dashboard.ui.session import COOKIE, is_token, new_token

_OURS = re.compile(rb"(?:^|;\s*)" + COOKIE.encode() + rb"=([^;]*)")
COOKIE_SECONDS = 180 * 24 * 3600  # a term and a holiday


class LearnerCookie:
    """Give each new browser a random token, so that a reload finds the learner's progress again.

    HttpOnly: no script reads it. It never stands in the address, so sharing a link does not share an identity.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._known(scope):
            await self._app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.append("set-cookie", self._cookie())
            await send(message)

        await self._app(scope, receive, send_with_cookie)

    @staticmethod
    def _known(scope: Scope) -> bool:
        """Looked for by itself: localhost's other programs share this header, and not all write it well."""
        found = (_OURS.search(value) for name, value in scope["headers"] if name == b"cookie")
        return any(match is not None and is_token(match[1].decode("latin-1")) for match in found)

    @staticmethod
    def _cookie() -> str:
        return f"{COOKIE}={new_token()}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax"


MIDDLEWARE = [Middleware(LearnerCookie)]


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Start the engine with the server, in its own thread: the server answers while the model loads."""
    PagesManager.uses_pages_directory = False  # else the first visit runs a file of pages/ alone, without the router
    engine_room.start()
    yield
    engine_room.stop()

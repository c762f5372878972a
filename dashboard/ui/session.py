"""Who is at the other end: the browser session (one tab) and the learner (a random token in a cookie)."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

import streamlit as st

from dashboard.ui.keeper import JobKeeper

COOKIE = "dashboard_learner"
_TOKEN = re.compile(r"[0-9a-f]{32}")


def new_token() -> str:
    """A random pseudonym: it says nothing about the learner."""
    return secrets.token_hex(16)


def is_token(text: str | None) -> bool:
    """Whether a cookie's value is one of our tokens."""
    return bool(text and _TOKEN.fullmatch(text))


def learner() -> str:
    """The learner's token: the cookie that the server set, or one for this session where cookies are off."""
    token = st.context.cookies.get(COOKIE)
    if isinstance(token, str) and is_token(token):
        return token
    return str(st.session_state.setdefault("learner", new_token()))


@dataclass(frozen=True)
class BrowserSession:
    """One open connection of one tab."""

    id: str


@st.cache_resource(show_spinner=False)
def keeper() -> JobKeeper:
    """The server's one book of watched jobs."""
    return JobKeeper()


@st.cache_resource(scope="session", show_spinner=False, on_release=lambda gone: keeper().leave(gone.id))
def browser_session() -> BrowserSession:
    """This tab's connection. Streamlit releases it when the connection ends: closed tab, reload, lost network."""
    return BrowserSession(id=secrets.token_hex(8))

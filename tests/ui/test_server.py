"""The cookie: each new browser gets one, a known browser keeps its own, and nothing but pages carries it."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from dashboard.ui.server import MIDDLEWARE
from dashboard.ui.session import COOKIE, is_token, new_token


@pytest.fixture
def client() -> TestClient:
    routes = [
        Route("/", lambda _: HTMLResponse("<p>page</p>")),
        Route("/data", lambda _: JSONResponse({})),
    ]
    return TestClient(Starlette(routes=routes, middleware=MIDDLEWARE))


def cookie_of(header: str | None) -> SimpleCookie:
    cookies = SimpleCookie()
    cookies.load(header or "")
    return cookies


def test_a_new_browser_gets_a_token_that_scripts_cannot_read(client: TestClient) -> None:
    morsel = cookie_of(client.get("/").headers["set-cookie"])[COOKIE]
    assert is_token(morsel.value) and morsel["httponly"] and morsel["samesite"] == "Lax"


def test_a_known_browser_keeps_its_token(client: TestClient) -> None:
    assert "set-cookie" not in client.get("/", headers={"cookie": f"a=b; {COOKIE}={new_token()}"}).headers


def test_a_forged_token_is_replaced(client: TestClient) -> None:
    assert COOKIE in client.get("/", headers={"cookie": f"{COOKIE}=me"}).headers["set-cookie"]


def test_only_pages_carry_it(client: TestClient) -> None:
    assert "set-cookie" not in client.get("/data").headers


@pytest.mark.parametrize("neighbour", ["a@b=1", 'prefs={"a":1}', "=; ;;"])
def test_another_programs_badly_written_cookie_does_no_harm(client: TestClient, neighbour: str) -> None:
    answer = client.get("/", headers={"cookie": f"{neighbour}; {COOKIE}={new_token()}"})
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers

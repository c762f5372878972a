"""A real server and a real browser: `streamlit run`, Pocket on the processor, Debian's Chromium."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import ROOT, serving
from visitors import NewVisitor, Server, Visitor

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
WEIGHTS = ROOT / "dashboard" / "pocket" / "weights" / "model_index.json"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Streamlit's own client asks for these below the page's path first, and for them alone a 404 is normal.
EXPECTED = re.compile(r"/_stcore/(health|host-config)")
SLOW = 120_000  # milliseconds: for waits on images, on a machine that does other work too


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def _reason() -> str:
    try:
        import playwright  # noqa: F401
    except ImportError:
        return "the browser tests need playwright: install requirements-dev.txt"
    if not Path(CHROMIUM).exists():
        return "the browser tests need Debian's chromium: apt-get install chromium"
    if not WEIGHTS.exists():
        return "the browser tests need Pocket's weights in dashboard/pocket/weights"
    return ""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`streamlit run` with an empty memo, on a free port."""
    if reason := _reason():
        pytest.skip(reason)
    with serving(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture(scope="session")
def browser(server: Server) -> Iterator[object]:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=SLOW)
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def new_visitor(browser, server: Server) -> Iterator[NewVisitor]:
    """Open a page as a new person; at the end, none of their browsers may have had an error."""
    visitors: list[Visitor] = []

    def visit(path: str = "/seeds", *, width: int = 1280, height: int = 900, scheme: str = "light") -> Visitor:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        page = context.new_page()
        page.set_default_timeout(SLOW)
        visitor = Visitor(page=page, close=context.close)
        page.on("pageerror", lambda error: visitor.faults.append(str(error)))
        page.on("console", lambda message: _note(visitor, message))
        page.goto(server.url + path)
        page.locator("h1").first.wait_for()
        visitors.append(visitor)
        return visitor

    yield visit
    faults = [fault for visitor in visitors for fault in visitor.faults]
    for visitor in visitors:
        visitor.close()
    assert not faults, faults
    assert "Traceback" not in server.log.read_text(), server.log.read_text()[-4000:]


def _note(visitor: Visitor, message) -> None:
    if message.type == "error" and not EXPECTED.search(message.location.get("url", "")):
        visitor.faults.append(f"{message.text} {message.location}")

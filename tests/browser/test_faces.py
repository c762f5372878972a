"""The faces lesson in a real browser, with the real faces server behind it."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from served import ROOT, serving
from visitors import NewVisitor, Server, choose


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dashboard whose operator has set a faces server beside it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "dashboard", "faces-server", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as faces:
        try:
            folder = tmp_path_factory.mktemp("faces")
            with serving(folder, DASHBOARD_FACES_API=f"http://127.0.0.1:{port}", DASHBOARD_FACES_TIMEOUT="60") as found:
                _wait(port)
                yield found
        finally:
            faces.terminate()


def _wait(port: int) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail("the faces server did not answer")


def test_people_are_drawn_and_restored_by_the_server(new_visitor: NewVisitor) -> None:
    page = new_visitor("/faces").page
    restorer = page.get_by_role("combobox", name=re.compile("Restorer for this page"))
    choose(restorer, re.compile("the face restorer at 127.0.0.1"))
    page.get_by_role("button", name="Draw and restore").click()
    expect(page.get_by_text("does not say what it found")).to_be_visible()
    slider = page.get_by_role("slider", name=re.compile("^seed 5: how much")).first
    slider.fill("0")
    after = page.locator("img[alt='seed 5. After.']").first
    expect(after).to_have_css("clip-path", re.compile(r"inset\(0(px)? 0(px)? 0(px)? 100%\)"))
    slider.press("End")
    expect(after).to_have_css("clip-path", re.compile(r"inset\(0(px)?( 0(px)? 0(px)? 0(%|px))?\)"))


def test_the_laboratories_of_known_faces(new_visitor: NewVisitor) -> None:
    page = new_visitor("/faces").page
    page.get_by_role("button", name="Send them through the latents").click()
    expect(page.get_by_text("At 6 pixels a face ends")).to_be_visible()
    page.get_by_role("button", name="Test it on faces that we know").click()
    expect(page.get_by_text("restored faces are taken for somebody else")).to_be_visible()

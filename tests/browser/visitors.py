"""The server and the people in the browser tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from re import Pattern

import pytest
from playwright.sync_api import Locator, Page, TimeoutError, expect

TRIES = 10
OPEN_MS = 3_000  # milliseconds, for an opened list to show an option


@dataclass
class Server:
    """A running dashboard."""

    url: str
    log: Path
    started: float  # time.monotonic() of its first answer


@dataclass
class Visitor:
    """One person's browser: its page, and everything that went wrong in it."""

    page: object
    close: Callable[[], None]
    faults: list[str] = field(default_factory=list)


NewVisitor = Callable[..., Visitor]


def settled(page: Page) -> None:
    """Wait until the server has nothing left to draw on this page."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def choose(select: Locator, option: Pattern[str]) -> None:
    """Pick from a select, and see it chosen.

    Any scrolling closes an open list: the browser's own that brings the select into view, and that of a page which
    still grows above it. So the list is opened again until the option is there.
    """
    page = select.page
    select.scroll_into_view_if_needed()
    for _ in range(TRIES):
        settled(page)
        select.click()
        try:
            page.get_by_role("option", name=option).click(timeout=OPEN_MS)
        except TimeoutError:
            continue
        expect(select).to_have_value(option)
        return
    pytest.fail(f"the list did not show {option.pattern!r} in {TRIES} tries")

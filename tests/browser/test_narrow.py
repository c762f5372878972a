"""Every page as a newcomer opens it on a telephone: nothing fails, nothing sticks out, every picture is described."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from served import ROOT
from visitors import NewVisitor, settled

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
WIDE = """() => [document.documentElement, document.querySelector('[data-testid=stMain]')]
    .map(box => [box.scrollWidth, box.clientWidth])"""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_and_fits(new_visitor: NewVisitor, name: str) -> None:
    page = new_visitor("/" if name == "welcome" else f"/{name}", width=390).page
    expect(page.get_by_text("Share this page")).to_be_visible()  # the page has come to its end
    settled(page)
    expect(page.locator('[data-testid="stException"], [data-testid="stAlertContentError"]')).to_have_count(0)
    assert all(inner <= outer for inner, outer in page.evaluate(WIDE)), page.evaluate(WIDE)
    pictures = page.get_by_test_id("stMain").locator("img")
    assert all(pictures.evaluate_all("all => all.map(image => image.alt)")), "a picture without words"

"""Every page as a newcomer opens it on a telephone: nothing fails, nothing sticks out, every picture is described."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Locator, expect
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


def test_the_sidebars_links_do_not_lie_over_one_another(new_visitor: NewVisitor) -> None:
    page = new_visitor("/seeds", width=390).page
    page.get_by_test_id("stExpandSidebarButton").click()
    links = page.get_by_test_id("stSidebar").get_by_test_id("stPageLink-NavLink")
    expect(links).to_have_count(len(PAGES))
    edges = links.evaluate_all("all => all.map(link => link.getBoundingClientRect()).map(box => [box.top, box.bottom])")
    assert all(above[1] <= below[0] for above, below in pairwise(edges)), edges


def test_a_grids_rows_scroll_together_and_keep_their_labels(new_visitor: NewVisitor) -> None:
    page = new_visitor("/playground?ran=grid&grid.steps=2", width=390).page
    page.locator(".st-key-playground-grid-skip button").click()
    labels = page.locator('[class*="st-key-row-playground-grid-"]')
    expect(labels).to_have_text(["guidance 1", "guidance 2", "guidance 5", "guidance 10"])
    upper, lower = (page.locator(f".st-key-cell-playground-grid-{row}-4") for row in (0, 3))
    _scroll_to_its_end(upper)
    assert _left(upper) == _left(lower) < 390
    assert all(0 <= _left(label) < 100 for label in labels.all())


def test_difference_maps_scroll_with_their_images(new_visitor: NewVisitor) -> None:
    page = new_visitor("/prompts?ran=negative&negative.steps=2", width=390).page
    image = page.locator(".st-key-cell-prompts-negative-1-4")
    maps = page.get_by_role("img", name="Where seed 4 differs")
    expect(maps).to_have_count(2)
    _scroll_to_its_end(image)
    assert [_left(found) for found in maps.all()] == [_left(image)] * 2


def test_a_face_stays_above_the_same_blend_of_the_next_factor(new_visitor: NewVisitor) -> None:
    page = new_visitor("/faces?ran=sweep", width=390).page
    faces = page.get_by_role("img", name=re.compile(r"^A known face, factor \d.*, blend 1:"))
    expect(faces).to_have_count(3)
    faces.first.evaluate("image => image.scrollIntoView({inline: 'end', behavior: 'instant'})")
    assert len({_left(face) for face in faces.all()}) == 1 and _left(faces.first) < 390
    labels = page.locator('[class*="st-key-row-faces-sweep-"]')
    assert labels.count() > 1 and all(_left(label) >= 0 for label in labels.all())


def _scroll_to_its_end(cell: Locator) -> None:
    cell.wait_for()
    assert _left(cell) > 390 - 16, "the row's last image fits: nothing to scroll"
    cell.locator("img").evaluate("image => image.scrollIntoView({inline: 'end', behavior: 'instant'})")


def _left(element: Locator) -> float:
    return float(element.evaluate("element => element.getBoundingClientRect().left"))

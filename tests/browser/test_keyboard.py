"""A lesson without a mouse: guess, run, reveal, look at an image, answer a question, all with Tab, arrows and Enter."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect
from visitors import NewVisitor, settled

FAR = 150  # presses of Tab: more than any lesson's page needs from one control to the next


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until `target` has the focus, as somebody does who sees where the focus is."""
    for _ in range(FAR):
        page.keyboard.press("Tab")
        if target.count() and target.first.evaluate("wanted => wanted === document.activeElement"):
            return
    raise AssertionError(f"Tab never reaches {target}")


def pick(page: Page, group: Locator, down: int) -> None:
    """Choose the option `down` places below the first of a group of radio buttons."""
    tab_to(page, group.get_by_role("radio").first)
    page.keyboard.press("Space")
    for _ in range(down):
        page.keyboard.press("ArrowDown")
    expect(group.get_by_role("radio").nth(down)).to_be_checked()


def test_a_lesson_needs_no_mouse(new_visitor: NewVisitor) -> None:
    page = new_visitor("/playground?grid.steps=6").page  # few steps: the run is not what is tested
    settled(page)
    pick(page, page.get_by_role("radiogroup", name="Your guess"), 1)
    tab_to(page, page.get_by_role("slider", name="How sure are you?"))
    page.keyboard.press("ArrowRight")
    tab_to(page, page.get_by_role("button", name="Commit to this guess"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("You are 65% sure.")).to_be_visible()

    tab_to(page, page.get_by_role("button", name="Run the grid"))
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile(r"of 100 points"))).to_be_visible()
    settled(page)

    opener = page.locator('[class*="st-key-cell-playground-grid"]').get_by_role("button").first
    tab_to(page, opener)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Image SHA-256")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)

    question = page.get_by_test_id("stForm").filter(has=page.get_by_role("button", name="Check")).first
    pick(page, question.get_by_role("radiogroup"), 2)
    tab_to(page, question.get_by_role("button", name="Check"))
    page.keyboard.press("Enter")
    expect(question.get_by_test_id("stAlert")).to_be_visible()


def test_a_term_explains_itself_to_the_keyboard(new_visitor: NewVisitor) -> None:
    page = new_visitor("/seeds").page
    settled(page)
    term = page.locator(".dd-term").first
    tab_to(page, term)
    # Waited for, because the browser may still be fetching what lays the style sheet on.
    page.wait_for_function("() => getComputedStyle(document.activeElement, '::after').display === 'block'")
    told = term.get_attribute("data-told") or ""
    assert len(told) > 20 and told in (term.get_attribute("aria-label") or "")

"""Lessons without a mouse: guess, run, reveal, look at an image, answer a question, all with Tab, arrows and Enter."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from visitors import NewVisitor, settled

from dashboard.course import load_course

FAR = 250  # presses of Tab: more than any lesson's page needs from one control to the next
PREDICTING = [lesson.id for lesson in load_course().lessons.values() if lesson.predictions]
# A page with its predicted experiment made quick, and the buttons from there to the score.
WALKS = {
    "welcome": ("word.seeds=3,4&word.steps=2", "Draw them"),
    "setup": ("timed.steps=2", "Draw and time it"),
    "diffusion": ("film.steps=3", "Film it"),
    "first-images": ("change.seeds=1&change.steps=2&change.othersteps=1", "Change one thing at a time"),
    "seeds": ("grid.seeds=1,2&grid.steps=2", "Run the grid"),
    "steps": ("sweep.counts=1,2,3", "Run the sweep", "Show the chart"),
    "prompts": ("grid.seeds=1,2&grid.steps=2", "Run the prompts"),
    "guidance": ("sweep.guidances=2,5&sweep.steps=2", "Run the sweep"),
    "faces": ("study.shrinks=16", "Damage and restore"),
    "data-and-bias": ("bias.seeds=0-3&bias.steps=8", "Draw the astronauts"),
    "beyond": ("teach.teaching=10&teach.seeds=1", "Teach the word"),
    "playground": ("grid.steps=2", "Run the grid"),
}


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


def press(page: Page, button: Locator) -> None:
    tab_to(page, button)
    page.keyboard.press("Enter")


@pytest.mark.parametrize("lesson", PREDICTING)
def test_a_lesson_needs_no_mouse(new_visitor: NewVisitor, lesson: str) -> None:
    values, *buttons = WALKS[lesson]
    page = new_visitor(f"{'/' if lesson == 'welcome' else f'/{lesson}'}?{values}").page
    settled(page)
    pick(page, page.get_by_role("radiogroup", name="Your guess").first, 1)
    tab_to(page, page.get_by_role("slider", name="How sure are you?").first)
    page.keyboard.press("ArrowRight")
    press(page, page.get_by_role("button", name="Commit to this guess").first)
    expect(page.get_by_text("You are 65% sure.")).to_be_visible()

    for button in buttons:
        press(page, page.get_by_role("button", name=button, exact=True).first)
    expect(page.get_by_text(re.compile(r"of 100 points"))).to_be_visible()
    settled(page)

    question = page.get_by_test_id("stForm").filter(has=page.get_by_role("button", name="Check")).first
    pick(page, question.get_by_role("radiogroup"), 2)
    press(page, question.get_by_role("button", name="Check"))
    expect(question.get_by_test_id("stAlert")).to_be_visible()


def test_an_image_opens_and_closes_without_a_mouse(new_visitor: NewVisitor) -> None:
    page = new_visitor("/playground").page
    settled(page)
    press(page, page.locator('[class*="st-key-cell-"]').get_by_role("button").first)
    expect(page.get_by_role("dialog")).to_contain_text("Image SHA-256")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_term_explains_itself_to_the_keyboard(new_visitor: NewVisitor) -> None:
    page = new_visitor("/seeds").page
    settled(page)
    term = page.locator(".dd-term").first
    tab_to(page, term)
    # Waited for, because the browser may still be fetching what lays the style sheet on.
    page.wait_for_function("() => getComputedStyle(document.activeElement, '::after').display === 'block'")
    told = term.get_attribute("data-told") or ""
    assert len(told) > 20 and told in (term.get_attribute("aria-label") or "")

"""The film of a run plays in the browser alone, by mouse and by keyboard; a rerun of the page leaves it in place."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from visitors import NewVisitor

SHORT = "/diffusion?ran=film&film.steps=6"


def skip(page: Page, experiment: str) -> None:
    """Skip this experiment's prediction: the page may ask others, and more of them while it is still being drawn."""
    page.locator(f".st-key-diffusion-{experiment}-skip button").click()


def open_film(page: Page) -> None:
    skip(page, "film")
    expect(page.get_by_role("slider", name="Step", exact=True)).to_be_visible()


def test_the_slider_moves_all_three_pictures(new_visitor: NewVisitor) -> None:
    page = new_visitor(SHORT).page
    open_film(page)
    slider = page.get_by_role("slider", name="Step", exact=True)
    shown = page.locator(".screen img")
    first = [image.get_attribute("src") for image in shown.all()]
    assert len(first) == 3
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_value("1")
    second = [image.get_attribute("src") for image in shown.all()]
    assert all(a != b for a, b in zip(first, second, strict=True))
    assert "Step 2 of 6" in (shown.first.get_attribute("alt") or "")
    page.keyboard.press("End")
    expect(slider).to_have_value("5")
    page.locator(".column").nth(2).click()
    expect(slider).to_have_value("2")


def test_it_plays_to_its_end_and_begins_again(new_visitor: NewVisitor) -> None:
    page = new_visitor(SHORT).page
    open_film(page)
    slider, play = page.get_by_role("slider", name="Step", exact=True), page.locator(".play")
    play.click()
    expect(play).to_contain_text("Pause")
    expect(slider).to_have_value("5")
    expect(play).to_contain_text("Play")
    play.click()
    expect(play).to_contain_text("Pause")
    play.click()
    expect(play).to_contain_text("Play")


def test_a_rerun_of_the_page_leaves_the_film_where_it_is(new_visitor: NewVisitor) -> None:
    page = new_visitor(SHORT).page
    open_film(page)
    slider = page.get_by_role("slider", name="Step", exact=True)
    slider.focus()
    page.keyboard.press("End")
    page.get_by_role("button", name="Look it up").click()
    expect(page.get_by_text("places are always read")).to_be_visible()
    expect(slider).to_have_value("5")


def test_it_fits_a_narrow_screen(new_visitor: NewVisitor) -> None:
    page = new_visitor(SHORT, width=390).page
    open_film(page)
    film = page.locator(".film")
    assert film.evaluate("film => film.scrollWidth <= film.clientWidth")
    width = film.evaluate("film => film.getBoundingClientRect().right")
    assert width <= 390


def test_the_strip_shows_the_frame_that_the_film_begins_with(new_visitor: NewVisitor) -> None:
    page = new_visitor("/diffusion?ran=attention", width=390).page
    skip(page, "attention")
    expect(page.get_by_role("slider", name="Step", exact=True)).to_have_value("20")
    page.locator(".column.now").wait_for()
    page.wait_for_timeout(500)
    column, strip = page.locator(".column.now").bounding_box(), page.locator(".strip").bounding_box()
    assert column and strip
    assert strip["x"] - 1 <= column["x"] and column["x"] + column["width"] <= strip["x"] + strip["width"] + 1

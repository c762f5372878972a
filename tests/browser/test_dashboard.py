"""What a person sees and does: the seeds lesson in a real browser, on real images."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from visitors import NewVisitor, Server

from dashboard.course import load_course

FIRST = re.compile("seed 6421725739674010")
STOPPED = "You stopped this run."


def open_grid(page: Page) -> None:
    """Skip the prediction, so that the grid shows itself."""
    page.get_by_role("button", name="Skip").click()
    expect(page.get_by_role("button", name="Commit to this guess")).to_have_count(0)


def control(page: Page, role: str, name: str) -> Locator:
    """A control of the grid's form."""
    form = page.get_by_test_id("stForm").filter(has=page.get_by_role("button", name="Run the grid"))
    return form.get_by_role(role, name=name, exact=True)


def set_grid(page: Page, *, seeds: str, steps: int, prompt: str | None = None) -> None:
    control(page, "textbox", "Seeds").fill(seeds)
    control(page, "spinbutton", "Steps").fill(str(steps))
    if prompt is not None:
        control(page, "textbox", "Prompt").fill(prompt)
    page.keyboard.press("Tab")


def run_grid(page: Page) -> None:
    page.get_by_role("button", name="Run the grid").click()


def grid_images(page: Page) -> Locator:
    return page.locator('[class*="st-key-cell-seeds-grid-"] img')


def hashes(page: Page) -> list[str]:
    """What stands under each image of the grid: the first eight digits of its hash."""
    captions = page.locator('[class*="st-key-cell-seeds-grid-"] figcaption').all_inner_texts()
    return [found[0] for caption in captions if (found := re.search(r"\b[0-9a-f]{8}\b", caption))]


def engine_line(page: Page) -> str:
    return page.locator(".dd-engine").first.inner_text()


def test_the_first_image_comes_soon_after_the_server_answers(
    server: Server, new_visitor: NewVisitor, record_property: Callable[[str, object], None]
) -> None:
    page = new_visitor("/seeds").page
    image = page.locator('[class*="st-key-cell-"] img').first
    expect(image).to_be_visible()
    expect(image).to_have_attribute("alt", FIRST)
    assert image.evaluate("async image => (await image.decode(), image.naturalWidth)") >= 64
    seconds = time.monotonic() - server.started
    record_property("seconds_from_the_servers_first_answer", round(seconds, 1))
    assert seconds < 30, "the goal is 10 s on two quiet cores; three times that on a machine that does other work"


def test_a_grid_runs_with_moving_previews_and_shows_its_images(new_visitor: NewVisitor) -> None:
    page = new_visitor().page
    open_grid(page)
    set_grid(page, seeds="100-105", steps=20)
    run_grid(page)
    preview = page.locator(".dd-grid img").first
    preview.wait_for()
    seen = {preview.get_attribute("src")}
    while page.locator(".dd-grid img").count():
        source = page.evaluate("document.querySelector('.dd-grid img')?.src")
        seen.add(source)
        page.wait_for_timeout(150)
    assert len(seen - {None}) >= 3, "the previews do not move"
    expect(grid_images(page)).to_have_count(6)
    expect(page.get_by_text("What this run showed.").first).to_be_visible()
    assert len(set(hashes(page))) == 6
    assert all(alt and "seed 10" in alt for alt in grid_images(page).evaluate_all("all => all.map(i => i.alt)"))


def test_cancel_takes_effect_within_a_second(
    new_visitor: NewVisitor, record_property: Callable[[str, object], None]
) -> None:
    page = new_visitor().page
    open_grid(page)
    set_grid(page, seeds="0-23", steps=150)
    run_grid(page)
    page.locator(".dd-grid img").first.wait_for()
    start = time.monotonic()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text(STOPPED).wait_for()
    seconds = time.monotonic() - start
    record_property("seconds_to_cancel", round(seconds, 2))
    assert seconds < 3, "a second on an idle machine; three beside other work"
    expect(control(page, "spinbutton", "Steps")).to_have_value("150")


def test_a_reload_brings_back_the_form_and_the_images(new_visitor: NewVisitor) -> None:
    page = new_visitor().page
    open_grid(page)
    set_grid(page, seeds="3, 9, 27", steps=6, prompt="an owl & 100% <b>bold</b>")
    run_grid(page)
    expect(grid_images(page)).to_have_count(3)
    before = hashes(page)
    assert len(set(before)) == 3
    page.reload()
    expect(grid_images(page)).to_have_count(3)
    assert hashes(page) == before
    expect(control(page, "textbox", "Seeds")).to_have_value("3, 9, 27")
    expect(control(page, "textbox", "Prompt")).to_have_value("an owl & 100% <b>bold</b>")


def test_a_link_shows_a_friend_the_same_images(new_visitor: NewVisitor, server: Server) -> None:
    mine = new_visitor().page
    open_grid(mine)
    set_grid(mine, seeds="3, 9, 27", steps=6)
    run_grid(mine)
    expect(grid_images(mine)).to_have_count(3)
    friend = new_visitor(mine.url.removeprefix(server.url)).page
    expect(friend.get_by_text("Your images are ready.")).to_be_visible()
    open_grid(friend)
    expect(grid_images(friend)).to_have_count(3)
    assert len(hashes(friend)) == 3 and hashes(friend) == hashes(mine)


def test_two_people_at_once_get_their_own_images(new_visitor: NewVisitor) -> None:
    people = {"200-205": new_visitor().page, "300-305": new_visitor().page}
    for seeds, page in people.items():
        open_grid(page)
        set_grid(page, seeds=seeds, steps=20)
    for page in people.values():
        run_grid(page)
    for seeds, page in people.items():
        expect(grid_images(page)).to_have_count(6)
        alts = grid_images(page).evaluate_all("all => all.map(i => i.alt)")
        first = int(seeds.split("-")[0])
        assert [f"seed {first + i}," in alt for i, alt in enumerate(alts)] == [True] * 6, alts


def test_closing_the_tab_frees_the_engine(new_visitor: NewVisitor) -> None:
    worker, watcher = new_visitor(), new_visitor("/")
    open_grid(worker.page)
    set_grid(worker.page, seeds="0-23", steps=150)
    run_grid(worker.page)
    worker.page.locator(".dd-grid img").first.wait_for()
    watcher.page.reload()
    expect(watcher.page.locator(".dd-engine")).to_contain_text("drawing")
    worker.close()
    deadline = time.monotonic() + 30
    while "Idle" not in engine_line(watcher.page) and time.monotonic() < deadline:
        watcher.page.wait_for_timeout(500)
        watcher.page.reload()
        watcher.page.locator(".dd-engine").wait_for()
    assert "Idle" in engine_line(watcher.page)


def test_an_image_opens_large_by_keyboard_and_saves_its_receipt(new_visitor: NewVisitor, tmp_path) -> None:
    page = new_visitor().page
    opener = page.get_by_role("button", name=re.compile("Open seed 6421725739674010")).first
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Image SHA-256")
    with page.expect_download() as download:
        dialog.get_by_role("button", name="PNG with its receipt").click()
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    assert re.fullmatch(r"pocket-seed6421725739674010-steps20-g5-[0-9a-f]{8}\.png", saved.name)
    page.keyboard.press("Escape")
    page.locator('input[type="file"]').set_input_files(saved)
    expect(page.get_by_text("Identical: every pixel is the same.")).to_be_visible()


@pytest.mark.parametrize(("path", "lesson"), [("/", "welcome"), ("/seeds", "seeds")])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_screen_never_scrolls_sideways(new_visitor: NewVisitor, path: str, lesson: str, scheme: str) -> None:
    page = new_visitor(path, width=390, scheme=scheme).page
    first = load_course().lessons[lesson].experiments["first"]
    expect(page.get_by_role("img", name=re.compile(f"seed {first['seed']}")).first).to_be_visible()
    widths = page.evaluate(
        "() => [document.documentElement, document.querySelector('[data-testid=stMain]')]"
        ".map(box => [box.scrollWidth, box.clientWidth])"
    )
    assert all(inner <= outer for inner, outer in widths), widths


def test_a_long_seed_can_be_read_where_it_is_typed(new_visitor: NewVisitor) -> None:
    page = new_visitor("/seeds").page
    field = page.locator('[class*="st-key-seeds-challenge-seed"] input')
    expect(field).to_have_value("6421725739674010")
    assert field.evaluate("field => field.scrollWidth <= field.clientWidth"), "its last digits are out of sight"

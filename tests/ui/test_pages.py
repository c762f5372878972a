"""Every page of the course under AppTest: it opens, it is complete, and nothing on it breaks."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from fake_engine import FakeEngine
from streamlit.testing.v1 import AppTest

from dashboard.course import load_course
from dashboard.ui import engine_room
from pages import ROOT, OpenPage, jobs, pictures, press, words

COURSE = load_course()
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))


def first_image_of(page: str) -> Mapping[str, object] | None:
    return COURSE.lessons[page].experiments.get("first")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_with_its_title_and_a_first_image(open_page: OpenPage, engine: FakeEngine, page: str) -> None:
    app = open_page(page)
    assert not app.exception and not app.error
    assert len(app.title) == 1
    if first := first_image_of(page):
        assert any(f"seed {first['seed']}" in alt for alt in pictures(app)), "the first live image is missing"


@pytest.mark.parametrize("page", PAGES)
def test_opening_a_page_computes_its_first_image_only(open_page: OpenPage, engine: FakeEngine, page: str) -> None:
    open_page(page).run()
    firsts = (first_image_of(page), first_image_of("welcome"), COURSE.lessons[page].experiments.get("live"))
    wanted = {first["prompt"] for first in firsts if first}
    assert {request.prompt for job in engine.submitted for request in job.requests} == wanted
    assert {len(job.requests) for job in engine.submitted} == {1}


def test_the_sidebar_names_the_model_and_greys_what_is_planned(seeds: AppTest) -> None:
    sidebar = "\n".join(str(e.value) for kind in ("markdown", "caption") for e in seeds.sidebar.get(kind))
    assert "Fake" in sidebar and "Not a model." in sidebar
    html = "\n".join(str(e.proto.body) for e in seeds.sidebar.get("html"))
    planned = [entry.title for entry in COURSE.entries if not entry.available]
    assert all(f"{title} <span>planned</span>" in html for title in planned) and "Idle" in html
    linked = [link.proto.page for link in seeds.sidebar.get("page_link")]
    assert len(linked) == len(PAGES)


def test_a_model_that_cannot_load_leaves_the_text_and_a_sentence(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> FakeEngine:
        raise RuntimeError("The weights are missing.")

    monkeypatch.setattr(engine_room, "build", broken)
    app = open_page("seeds")
    assert not app.exception
    assert "The weights are missing." in app.error[0].value
    assert "Check yourself" in [header.value for header in app.header]


def test_the_quiz_explains_right_and_wrong_answers(seeds: AppTest) -> None:
    radio = seeds.radio(key="seeds.quiz.0.choice")
    radio.set_value(radio.options[0])
    press(seeds, "seeds.quiz.0.check")
    assert any("Not this one." in box.value for box in seeds.error)
    radio = seeds.radio(key="seeds.quiz.0.choice")
    radio.set_value(radio.options[1])
    press(seeds, "seeds.quiz.0.check")
    assert any(box.value.startswith("Right.") for box in seeds.success)
    assert "1 of 4 right so far" in words(seeds)


def test_progress_counts_what_was_done(seeds: AppTest) -> None:
    label = lambda: next(  # noqa: E731
        link.proto.label for link in seeds.sidebar.get("page_link") if link.proto.label.startswith("Seeds")
    )
    before = label()
    press(seeds, "seeds.generator.run")
    seeds.run()
    assert before.startswith("Seeds · 0 of ") and label().startswith("Seeds · 1 of ")


def test_two_visitors_do_not_share_anything(open_page: OpenPage, engine: FakeEngine) -> None:
    one, two = open_page("seeds"), open_page("seeds")
    press(one, "seeds.strip.run")
    two.run()
    assert len(jobs(engine, 8)) == 1
    assert "ran" in one.query_params and "ran" not in two.query_params
    learners = {job.learner for job in engine.submitted}
    assert len(learners) == 2 and "" not in learners


def test_the_way_on_and_back_stands_at_the_end_of_every_page(open_page: OpenPage) -> None:
    for page in PAGES:
        labels = [link.proto.label for link in open_page(page).get("page_link")]
        before, after = COURSE.before(page), COURSE.after(page)
        assert (f"Back: {before.title}" in labels) if before else not any(x.startswith("Back:") for x in labels)
        assert (f"Next: {after.title}" in labels) if after else not any(x.startswith("Next:") for x in labels)


EXPORTS = {"Images (zip)", "Table (CSV)", "Page (HTML)", "Sheet (PNG)", "Notebook"}


@pytest.mark.parametrize(
    ("page", "experiment"),
    [
        ("setup", "timed"),
        ("diffusion", "hidden"),
        ("first-images", "finished"),
        ("prompts", "tokens"),
        ("prompts", "eraser"),
        ("data-and-bias", "fair"),
        ("playground", "anecdote"),
    ],
)
def test_what_was_drawn_can_be_taken_along(open_page: OpenPage, page: str, experiment: str) -> None:
    app = open_page(page)
    if experiment in COURSE.lessons[page].predictions:
        press(app, f"{page}.{experiment}.skip")
    press(app, f"{page}.{experiment}.run")
    offered = {button.proto.label for button in app.get("download_button") if f"{page}.{experiment}" in button.proto.id}
    assert offered == EXPORTS

"""A picture that a safety checker withheld is black, and no laboratory measures black as if it had been drawn."""

from __future__ import annotations

from dataclasses import replace

import fake_engine
import pytest

from dashboard.course import load_course
from dashboard.engine import ImageRequest, ImageResult
from pages import OpenPage, press, words

COURSE = load_course()
SHOWED = "What this run showed."
MEASURING = [
    ("setup", "timed", True),  # measures the clock alone
    ("first-images", "change", False),
    ("seeds", "grid", False),
    ("steps", "sweep", False),
    ("steps", "knee", False),
    ("prompts", "grid", False),
    ("prompts", "anatomy", False),
    ("prompts", "negative", False),
    ("prompts", "eraser", False),
    ("guidance", "sweep", False),
    ("guidance", "seeds", False),
    ("guidance", "grid", False),
    ("guidance", "higher", False),
    ("playground", "grid", False),
    ("playground", "anecdote", False),
]


@pytest.mark.parametrize(("page", "experiment", "measured"), MEASURING)
def test_a_run_with_a_withheld_picture_is_not_measured(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, page: str, experiment: str, measured: bool
) -> None:
    paint, seen = fake_engine.paint, list[ImageRequest]()

    def withholding(request: ImageRequest) -> ImageResult:
        seen.append(request)
        result = paint(request)
        withheld = len(seen) > 1  # every one but the page's first
        return replace(result, rgb=bytes(len(result.rgb)), filtered=True) if withheld else result

    monkeypatch.setattr(fake_engine, "paint", withholding)
    app = open_page(page)
    before = words(app).count(SHOWED)
    if experiment in COURSE.lessons[page].predictions:
        press(app, f"{page}.{experiment}.skip")
    press(app, f"{page}.{experiment}.run")
    assert ("Nothing is measured here." in words(app)) != measured
    assert (words(app).count(SHOWED) > before) == measured

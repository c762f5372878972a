"""The engine's start: what it draws before anybody asks."""

from __future__ import annotations

import time

from fake_engine import FakeEngine

from dashboard.course import load_course
from dashboard.engine.catalogue import POCKET_FAST
from dashboard.ui import engine_room
from dashboard.ui.controls import request_from


def test_the_lessons_first_images_are_drawn_one_after_another_in_the_courses_order(engine: FakeEngine) -> None:
    firsts = [lesson.experiments["first"] for lesson in load_course().lessons.values() if "first" in lesson.experiments]
    live = request_from(load_course().lessons["playground"].experiments["live"]).replace(model=POCKET_FAST)
    wanted = [*dict.fromkeys(request_from(values) for values in firsts), live]
    engine_room.start()
    end = time.monotonic() + 30
    while len(engine.submitted) < len(wanted) and time.monotonic() < end:
        time.sleep(0.02)
    assert [job.requests for job in engine.submitted] == [(request,) for request in wanted]
    assert {job.learner for job in engine.submitted} == {engine_room.WARM_UP}


def test_a_server_that_ends_meanwhile_draws_no_more(engine: FakeEngine) -> None:
    engine.broken = "The engine was shut down."
    engine_room.start()
    time.sleep(0.5)
    assert len(engine.submitted) == 1

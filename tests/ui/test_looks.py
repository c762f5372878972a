"""Looks at the model are taken one at a time, and what goes wrong is one sentence."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from dashboard.engine import ConsultFailed, QueueFull
from dashboard.ui.looks import Looks


class Desk:
    """An engine that answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.futures: list[Future[Any]] = []

    def consult(self, model_id: str, work: Callable[..., Any], *args: Any) -> Future[Any]:
        self.asked.append((model_id, work, *args))
        self.futures.append(Future())
        return self.futures[-1]


def looks(desk: Any, count: int = 3) -> Looks:
    return Looks(desk, "pocket", "these", [(abs, -number) for number in range(count)])


def test_one_waits_at_a_time_and_answers_keep_their_order() -> None:
    desk = Desk()
    three = looks(desk)
    for number in range(3):
        assert desk.asked[-1] == ("pocket", abs, -number) and len(desk.asked) == number + 1
        assert not three.ended.is_set()
        desk.futures[-1].set_result(number)
    assert three.ended.is_set() and three.answers == [0, 1, 2] and not three.problem


def test_no_wishes_are_done_at_once() -> None:
    assert looks(Desk(), 0).ended.is_set()


def test_a_failure_ends_them_with_its_sentence() -> None:
    desk = Desk()
    three = looks(desk)
    desk.futures[-1].set_exception(ConsultFailed("This picture is too small."))
    assert three.ended.is_set() and three.problem == "This picture is too small."
    assert len(desk.asked) == 1


def test_a_full_engine_is_said() -> None:
    class Full:
        def consult(self, *_: Any) -> Future[Any]:
            raise QueueFull("The engine is full.", retry_after=5)

    assert looks(Full()).problem == "The engine is full."


@pytest.mark.parametrize("stopped", [True, False])
def test_stopped_looks_ask_for_nothing_more(stopped: bool) -> None:
    desk = Desk()
    three = looks(desk)
    if stopped:
        three.stop()
    desk.futures[-1].set_result(0)
    assert len(desk.asked) == (1 if stopped else 2)

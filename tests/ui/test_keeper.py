"""The keeper: a job that nobody watches any more is cancelled, a reload takes it up again."""

from __future__ import annotations

import threading
import time

from dashboard.ui.keeper import JobKeeper

GRACE = 0.05  # seconds


class Work:
    """A job that only knows whether it was cancelled."""

    def __init__(self, name: str = "job") -> None:
        self.id = name
        self.ended = False
        self.cancelled = threading.Event()

    def cancel(self) -> None:
        self.ended = True
        self.cancelled.set()


def test_closing_the_only_tab_cancels_after_the_grace() -> None:
    keeper, job = JobKeeper(GRACE), Work()
    keeper.hold(job, "tab")
    keeper.leave("tab")
    assert not job.cancelled.is_set(), "a reload must have its time"
    assert job.cancelled.wait(1)


def test_a_reload_keeps_its_job() -> None:
    keeper, job = JobKeeper(GRACE), Work()
    keeper.hold(job, "before")
    keeper.leave("before")
    keeper.hold(job, "after")
    assert not job.cancelled.wait(GRACE * 4)


def test_one_of_two_tabs_may_close() -> None:
    keeper, job = JobKeeper(GRACE), Work()
    keeper.hold(job, "one")
    keeper.hold(job, "two")
    keeper.leave("one")
    assert not job.cancelled.wait(GRACE * 4)
    keeper.leave("two")
    assert job.cancelled.wait(1)


def test_other_peoples_jobs_go_on() -> None:
    keeper, mine, theirs = JobKeeper(GRACE), Work("mine"), Work("theirs")
    keeper.hold(mine, "me")
    keeper.hold(theirs, "them")
    keeper.leave("me")
    assert mine.cancelled.wait(1) and not theirs.cancelled.is_set()


def test_ended_jobs_are_forgotten() -> None:
    keeper = JobKeeper(GRACE)
    for number in range(100):
        job = Work(str(number))
        keeper.hold(job, "tab")
        job.ended = True
    keeper.hold(Work("last"), "tab")
    assert len(keeper._jobs) == len(keeper._holders) == 1


def test_an_unknown_session_may_leave() -> None:
    JobKeeper(GRACE).leave("never seen")


def test_many_tabs_come_and_go_at_once() -> None:
    keeper, jobs = JobKeeper(GRACE), [Work(str(number)) for number in range(20)]

    def visit(number: int) -> None:
        for job in jobs:
            keeper.hold(job, f"tab {number}")
        keeper.leave(f"tab {number}")

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deadline = time.monotonic() + 2
    while not all(job.cancelled.is_set() for job in jobs) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert all(job.cancelled.is_set() for job in jobs)

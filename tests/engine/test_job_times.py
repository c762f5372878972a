"""A job knows when it was asked for, when its first step was done, and when it ended."""

from __future__ import annotations

import pytest
from asking import ask

from dashboard.engine import Engine, JobCancelled, Memo
from dashboard.engine.jobs import Job


def test_a_job_tells_its_times(engine: Engine) -> None:
    job = engine.submit([ask(seed=11, num_inference_steps=4)])
    (result,) = job.results(60)
    times = job.waited
    assert times.first_step is not None and times.whole is not None
    assert 0 < times.first_step < times.whole
    assert times.whole >= result.seconds


def test_from_the_memo_there_are_no_steps(make_engine, tmp_path) -> None:
    engine = make_engine(memo=Memo(tmp_path, max_bytes=10_000_000))
    asked = [ask(seed=12, num_inference_steps=4)]
    engine.submit(asked).results(60)
    again = engine.submit(asked)
    assert again.results(60)[0].from_memo
    assert again.waited.first_step is None and again.waited.whole is not None and again.waited.whole > 0


def test_a_cancelled_job_has_ended_too() -> None:
    job = Job("1", "", (ask(),))
    assert job.waited.whole is None
    job.cancel()
    assert job.waited.whole is not None
    with pytest.raises(JobCancelled):
        job.results()

"""One word at a time, told truthfully, shared by those who ask the same, stopped when nobody wants it."""

from __future__ import annotations

import dataclasses
import threading
import time

import pytest
import torch

from dashboard.engine import Engine, ImageRequest, ModelRegistry, ModelUnavailable, QueueFull, UnknownModel
from dashboard.teach import School, Teaching, WordTask
from dashboard.teach import school as school_file


def wait(teaching: Teaching, seconds: float = 60.0) -> Teaching:
    deadline = time.monotonic() + seconds
    while not teaching.ended:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return teaching


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """The teacher waits here before each step until the event is set."""
    event, teach = threading.Event(), school_file.teach_word

    def held(*args: object, **options: object):
        for progress in teach(*args, **options):
            assert event.wait(30)
            yield progress

    monkeypatch.setattr(school_file, "teach_word", held)
    return event


def test_a_word_is_learned_and_drawn(school: School, models: ModelRegistry, task: WordTask) -> None:
    teaching = wait(school.submit(task, learner="a", model="tiny"))
    snapshot = teaching.snapshot()
    assert snapshot.state == "done" and len(snapshot.history) == 11 and snapshot.history[-1].last
    assert teaching.word is not None
    engine = Engine(models)
    request = ImageRequest(prompt="a <star>", model="tiny", num_inference_steps=2, learned_words=(teaching.word,))
    assert engine.submit([request]).results()[0].request.learned_words == (teaching.word,)
    engine.close()


def test_equal_tasks_are_taught_once(school: School, task: WordTask) -> None:
    first = school.submit(task, learner="a", model="tiny")
    assert school.submit(task, learner="b", model="tiny") is first
    wait(first)
    assert school.submit(task, learner="c", model="tiny") is first and first.word is not None


def test_the_others_wait_in_their_order(school: School, task: WordTask, gate: threading.Event) -> None:
    tasks = [dataclasses.replace(task, seed=seed) for seed in range(3)]
    one, two, three = (school.submit(t, learner=str(i), model="tiny") for i, t in enumerate(tasks))
    assert (two.snapshot().ahead, three.snapshot().ahead) == (1, 2)
    two.cancel()
    assert three.snapshot().ahead == 1
    gate.set()
    assert wait(three).word is not None and one.word is not None and two.word is None


def test_a_shared_teaching_goes_on_until_the_last_learner_leaves(
    school: School, task: WordTask, gate: threading.Event
) -> None:
    teaching = school.submit(task, learner="a", model="tiny")
    school.submit(task, learner="b", model="tiny")
    teaching.leave("a")
    assert not teaching.ended
    teaching.leave("b")
    assert teaching.snapshot().state == "cancelled"
    gate.set()
    again = school.submit(task, learner="a", model="tiny")
    assert again is not teaching and wait(again).word is not None


def test_a_learner_has_one_teaching_in_progress(school: School, task: WordTask, gate: threading.Event) -> None:
    first = school.submit(task, learner="a", model="tiny")
    second = school.submit(dataclasses.replace(task, seed=9), learner="a", model="tiny")
    assert first.ended and first.word is None
    gate.set()
    assert wait(second).word is not None


def test_too_many_are_refused_with_a_sentence(school: School, task: WordTask, gate: threading.Event) -> None:
    def ask(seed: int) -> Teaching:
        return school.submit(dataclasses.replace(task, seed=seed), learner=str(seed), model="tiny")

    first = ask(0)
    while first.snapshot().ahead == 0 and school._current is None:
        time.sleep(0.01)
    for seed in range(1, school_file.MAX_WAITING + 1):
        ask(seed)
    with pytest.raises(QueueFull, match="8 words are waiting"):
        ask(99)
    gate.set()


def test_what_cannot_be_taught_is_refused_at_once(school: School, task: WordTask) -> None:
    with pytest.raises(UnknownModel):
        school.submit(task, learner="a", model="nobody")
    with pytest.raises(ValueError, match="64 x 64 pixels"):
        school.submit(task, learner="a", model="pocket")


def test_a_fault_fails_one_task_and_the_teacher_goes_on(
    school: School, task: WordTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(school_file, "teach_word", lambda *_, **__: 1 / 0)
        broken = wait(school.submit(task, learner="a", model="tiny"))
    assert broken.snapshot().message == "This word could not be taught, because of an error (ZeroDivisionError)."
    assert wait(school.submit(task, learner="a", model="tiny")).word is not None


def test_a_closed_school_says_so(models: ModelRegistry, task: WordTask, gate: threading.Event) -> None:
    school = School(models)
    teaching = school.submit(task, learner="a", model="tiny")
    gate.set()
    school.close()
    assert teaching.snapshot().state in ("failed", "done")
    with pytest.raises(ModelUnavailable, match="shut down"):
        school.submit(dataclasses.replace(task, seed=3), learner="a", model="tiny")


def test_the_teacher_keeps_to_one_thread_and_leaves_the_others_theirs(school: School, task: WordTask) -> None:
    torch.set_num_threads(2)
    wait(school.submit(task, learner="a", model="tiny"))
    assert torch.get_num_threads() == 2

"""Short looks at a model between the worker's ticks: answered once, never in the way, failing in one sentence."""

from __future__ import annotations

import threading
import time

import pytest
from asking import ask
from test_engine import wait_until

from dashboard.engine import ConsultFailed, ModelRegistry, ModelUnavailable, QueueFull, UnknownModel


def name_of(model) -> tuple[str, str]:
    return model.info.id, threading.current_thread().name


def test_the_work_gets_the_loaded_model_in_the_workers_thread(engine):
    assert engine.consult("tiny", name_of).result() == ("tiny", "engine")


def test_arguments_are_passed_on(engine):
    future = engine.consult("tiny", lambda model, a, *, b: (model.info.id, a, b), 1, b=2)
    assert future.result() == ("tiny", 1, 2)


def test_a_model_that_is_not_loaded_yet_is_loaded(make_engine, tiny_folder):
    registry = ModelRegistry.build([f"tiny={tiny_folder}"], device="cpu")
    assert make_engine(registry).consult("tiny", name_of).result()[0] == "tiny"
    assert registry.loaded_ids() == ("tiny",)


def test_errors_become_one_sentence_and_the_worker_goes_on(engine):
    def choke(_):
        raise ZeroDivisionError("deep inside")

    def refuse(_):
        raise ConsultFailed("This picture is too small.")

    with pytest.raises(ConsultFailed, match=r"ZeroDivisionError\)\.$") as failure:
        engine.consult("tiny", choke).result()
    assert isinstance(failure.value.__cause__, ZeroDivisionError) and "deep inside" not in str(failure.value)
    with pytest.raises(ConsultFailed, match=r"^This picture is too small\.$"):
        engine.consult("tiny", refuse).result()
    with pytest.raises(ConsultFailed, match="memory"):
        engine.consult("tiny", lambda _: (_ for _ in ()).throw(MemoryError())).result()
    assert len(engine.submit([ask()]).results()) == 1


def test_unknown_and_unavailable_models(make_engine, tmp_path):
    engine = make_engine(ModelRegistry.build([], device="cpu", pocket=tmp_path / "nothing"))
    with pytest.raises(UnknownModel):
        engine.consult("no such model", name_of)
    with pytest.raises(ModelUnavailable, match="cannot run here"):
        engine.consult("pocket", name_of)


def test_a_model_that_breaks_while_loading_fails_the_future(make_engine, tiny_folder, monkeypatch):
    registry = ModelRegistry.build([f"tiny={tiny_folder}"], device="cpu")

    def refuse(*_):
        raise ModelUnavailable("It is damaged.")

    monkeypatch.setattr(registry, "get", refuse)
    with pytest.raises(ModelUnavailable, match=r"^It is damaged\.$"):
        make_engine(registry).consult("tiny", name_of).result()


def test_ticks_and_consults_take_turns(engine, ticks, registry):
    """Ten looks asked for at once during a run: a tick comes between any two, and the run is not held up by all."""
    registry.get("tiny")
    order: list[str] = []
    ticks.hold()
    job = engine.submit([ask(num_inference_steps=20, scheduler="ddim")])
    wait_until(ticks.reached.is_set)
    futures = [engine.consult("tiny", lambda _: order.append(f"look after {len(ticks.requests)}")) for _ in range(10)]
    ticks.go.set()
    for future in futures:
        future.result()
    job.results()
    assert order == [f"look after {n}" for n in range(1, 11)]


def test_a_look_does_not_change_the_images_around_it(engine):
    alone = engine.submit([ask(seed=3)]).results()[0].sha256
    job = engine.submit([ask(seed=3, num_inference_steps=4)])
    looks = [engine.consult("tiny", lambda model: model.networks("float32").encode("an owl").sum()) for _ in range(4)]
    assert job.results()[0].sha256 == alone
    assert len({float(look.result()) for look in looks}) == 1


def test_a_look_can_be_cancelled_until_it_is_taken(engine, ticks):
    ticks.hold()
    engine.submit([ask()])
    wait_until(ticks.reached.is_set)
    taken: list[int] = []
    futures = [engine.consult("tiny", lambda _, n=n: taken.append(n)) for n in range(3)]
    assert futures[1].cancel()
    ticks.go.set()
    futures[2].result()
    assert taken == [0, 2]


def test_closing_fails_those_that_wait_and_refuses_more(make_engine, ticks):
    engine = make_engine()
    ticks.hold()
    engine.submit([ask()])
    wait_until(ticks.reached.is_set)
    waiting = [engine.consult("tiny", name_of) for _ in range(3)]
    threading.Timer(0.2, ticks.go.set).start()
    engine.close()
    for future in waiting:
        with pytest.raises(ModelUnavailable, match="shut down"):
            future.result(1)
    with pytest.raises(ModelUnavailable):
        engine.consult("tiny", name_of)


def test_too_many_looks_are_refused(engine, ticks, monkeypatch):
    monkeypatch.setattr("dashboard.engine.engine.MAX_CONSULTS_WAITING", 2)
    ticks.hold()
    engine.submit([ask()])
    wait_until(ticks.reached.is_set)
    futures = [engine.consult("tiny", name_of) for _ in range(2)]
    with pytest.raises(QueueFull) as refusal:
        engine.consult("tiny", name_of)
    assert refusal.value.retry_after > 0
    ticks.go.set()
    assert [future.result()[0] for future in futures] == ["tiny", "tiny"]


def test_an_idle_engine_answers_at_once(engine):
    engine.consult("tiny", name_of).result()
    start = time.monotonic()
    engine.consult("tiny", name_of).result()
    assert time.monotonic() - start < 5

"""The engine's manners: fair, cancellable, bounded, idempotent, and not to be brought down by one bad image."""

from __future__ import annotations

import threading
import time

import pytest
import torch
from asking import ask
from hypothesis import given
from hypothesis import strategies as st

from dashboard.engine import (
    Cancelled,
    Failed,
    Finished,
    ImageDone,
    JobCancelled,
    JobFailed,
    Latents,
    ModelUnavailable,
    Queued,
    QueueFull,
    Step,
    UnknownModel,
    initial_noise,
)
from dashboard.engine.denoising import Denoising
from dashboard.engine.networks import Networks


def wait_until(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


# ---- what a job tells


def test_events_come_in_order_and_complete(engine):
    requests = [ask(seed=1), ask(seed=2, scheduler="heun")]
    job = engine.submit(requests, previews=True)
    events = list(job.events())
    assert isinstance(events[-1], Finished)
    for index, steps in enumerate((5, 7)):
        seen = [event for event in events if isinstance(event, Step) and event.index == index]
        assert [event.step for event in seen] == sorted({event.step for event in seen})
        assert all(event.steps == steps and 0 <= event.timestep <= 999 for event in seen)
        done = [event for event in events if isinstance(event, ImageDone) and event.index == index]
        assert [event.result for event in done] == [job.results()[index]]
    assert any(
        event.preview is not None and event.preview.size == (8, 8) for event in events if isinstance(event, Step)
    )


def test_a_late_listener_still_hears_every_image_and_the_end(engine):
    job = engine.submit([ask(seed=1), ask(seed=2)])
    job.results()
    kinds = [type(event) for event in job.events()]
    assert kinds.count(ImageDone) == 2 and kinds[-1] is Finished


def test_no_previews_unless_asked_for(engine):
    assert all(event.preview is None for event in engine.submit([ask()]).events() if isinstance(event, Step))


def test_snapshots_run_from_queued_to_done(engine, ticks):
    ticks.hold()
    job = engine.submit([ask(), ask(seed=1, num_inference_steps=8)])
    first = job.snapshot()
    assert (first.state, first.progress, first.message) == ("queued", 0.0, "")
    assert [cell.state for cell in first.cells] == ["waiting", "waiting"]
    ticks.go.set()
    progress = [first.progress]
    while (snapshot := job.snapshot()).state != "done":
        progress.append(snapshot.progress)
        time.sleep(0.001)
    assert progress == sorted(progress)
    assert snapshot.progress == 1.0 and snapshot.eta_seconds is None
    assert [cell.steps for cell in snapshot.cells] == [5, 9]
    assert all(cell.result is not None for cell in snapshot.cells)


def test_eta_leaves_the_waiting_out(make_engine, ticks):
    engine = make_engine(max_rows=2)
    engine.submit([ask()]).results()  # so that the pace is known
    ticks.hold()
    engine.submit([ask(seed=s, num_inference_steps=50) for s in range(4)], learner="busy")
    wait_until(ticks.reached.is_set)
    job = engine.submit([ask(seed=9)], learner="short")
    snapshot = job.snapshot()
    status = engine.status()
    ticks.go.set()
    assert snapshot.state == "queued"
    assert snapshot.eta_seconds == pytest.approx(snapshot.wait_seconds, rel=0.2)  # fair: it waits as long as it takes
    assert snapshot.eta_seconds < status.eta_seconds / 10
    assert (status.state, status.in_flight, status.waiting) == ("busy", 1, 4)


def test_results_time_out(engine, ticks):
    ticks.hold()
    job = engine.submit([ask()])
    with pytest.raises(TimeoutError):
        job.results(timeout=0.05)
    ticks.go.set()
    assert len(job.results()) == 1


# ---- whose turn it is


def test_turns_go_round_the_learners(make_engine, ticks):
    engine = make_engine(max_rows=4)
    ticks.hold()
    long = engine.submit([ask(seed=s) for s in range(10)], learner="long")
    wait_until(ticks.reached.is_set)
    short = [engine.submit([ask(seed=100 + i)], learner=f"short {i}") for i in range(3)]
    ticks.go.set()
    for job in short:
        job.results()
    assert long.snapshot().state == "running"
    long.results()
    places = [place for place, tick in enumerate(ticks.seeds()) if any(seed >= 100 for seed in tick)]
    assert places[-1] - places[0] < 15  # 3 images of 5 steps beside the long job, 2 a tick
    together = [tick for tick in ticks.seeds()[places[0] : places[-1]] if any(seed < 100 for seed in tick)]
    assert together  # and the long job did not stand still


def test_a_learner_with_one_image_is_not_behind_one_with_many(make_engine, ticks):
    engine = make_engine(max_rows=2)
    engine.submit([ask()]).results()
    ticks.requests.clear()
    ticks.hold()
    engine.submit([ask(seed=s, num_inference_steps=8) for s in range(5)], learner="many")
    wait_until(ticks.reached.is_set)
    job = engine.submit([ask(seed=77)], learner="one")
    ticks.go.set()
    job.results()
    seeds = [tick[0] for tick in ticks.seeds()]
    assert seeds.index(77) <= 2
    assert len(seeds) <= 2 * 5 + 3  # every other tick was its own


# ---- one job a learner, one job an id


def test_the_same_job_id_is_the_same_job(engine, ticks):
    ticks.hold()
    jobs = {id(engine.submit([ask()], learner="a", job_id="click-1")) for _ in range(5)}
    assert len(jobs) == 1 and engine.job("click-1") is not None
    ticks.go.set()
    engine.job("click-1").results()
    assert engine.submit([ask()], job_id="click-1") is engine.job("click-1")
    assert ticks.rows == 10


def test_the_same_id_from_many_threads_is_one_job(engine, ticks):
    jobs: list[object] = []
    threads = [
        threading.Thread(target=lambda: jobs.append(engine.submit([ask()], job_id="double click"))) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(job) for job in jobs}) == 1


def test_an_id_is_not_given_to_other_images(engine):
    engine.submit([ask()], job_id="x")
    with pytest.raises(ValueError, match="other images"):
        engine.submit([ask(seed=1)], job_id="x")


def test_a_new_job_cancels_the_learners_older_one(engine, ticks):
    ticks.hold()
    clicks = [engine.submit([ask(seed=s)], learner="a") for s in range(20)]
    other = engine.submit([ask(seed=50)], learner="b")
    ticks.go.set()
    clicks[-1].results()
    other.results()
    assert [job.state for job in clicks] == ["cancelled"] * 19 + ["done"]
    stale = [tick for tick in ticks.seeds() if any(seed < 19 for seed in tick)]
    assert len(stale) <= 1  # the tick that was chosen already


# ---- cancel


def test_cancel_takes_effect_within_a_tick(engine, ticks):
    ticks.hold()
    job = engine.submit([ask(num_inference_steps=100)])
    wait_until(ticks.reached.is_set)
    job.cancel()
    assert job.snapshot().state == "cancelled" and job.snapshot().message
    assert isinstance(list(job.events())[-1], Cancelled)
    with pytest.raises(JobCancelled):
        job.results()
    ticks.go.set()
    wait_until(lambda: engine.status().state == "idle")
    assert len(ticks.requests) <= 1


def test_cancelling_a_learner_leaves_the_others_their_shared_images(engine, ticks):
    ticks.hold()
    left = engine.submit([ask()], learner="left")
    stayed = engine.submit([ask()], learner="stayed")
    engine.cancel_learner("left")
    ticks.go.set()
    assert left.state == "cancelled"
    assert len(stayed.results()) == 1


def test_cancelling_a_finished_job_changes_nothing(engine):
    job = engine.submit([ask()])
    job.results()
    job.cancel()
    assert job.snapshot().state == "done"


# ---- bounds and bad requests


def test_a_full_queue_says_when_to_come_back(make_engine, ticks):
    engine = make_engine(max_waiting=5, max_rows=2)  # one image a tick: the others wait, however far the worker is
    ticks.hold()
    engine.submit([ask(seed=s) for s in range(5)], learner="a")
    with pytest.raises(QueueFull) as refusal:
        engine.submit([ask(seed=s) for s in range(10, 16)], learner="b")
    assert 1 <= refusal.value.retry_after <= 600 and str(refusal.value).endswith(".")
    ticks.go.set()
    wait_until(lambda: engine.status().state == "idle")
    assert len(engine.submit([ask(seed=s) for s in range(10, 15)], learner="b").results()) == 5


def bad(**changes):
    return [ask(**changes)]


@pytest.mark.parametrize(
    ("requests", "error"),
    [
        ([], ValueError),
        ([ask()] * 10**6, ValueError),
        (["a poodle"], ValueError),
        (bad(model="no such model"), UnknownModel),
        (bad(height=2048), ValueError),
        (bad(width=33), ValueError),
        (bad(latents=Latents.from_tensor(initial_noise(0, (1, 4, 16, 16)))), ValueError),
        (bad(latents=Latents.from_tensor(initial_noise(0, (1, 3, 8, 8)))), ValueError),
    ],
    ids=["none", "a million", "text", "model", "too large", "odd width", "latents' size", "latents' channels"],
)
def test_bad_requests_are_refused_at_once(engine, requests, error):
    start = time.thread_time()  # not the clock on the wall: a busy machine is not the engine's fault
    with pytest.raises(error) as refusal:
        engine.submit(requests)
    assert time.thread_time() - start < 0.1
    assert str(refusal.value).endswith(".") and len(str(refusal.value)) < 300


@given(st.text(max_size=300))
def test_any_text_is_a_model_name_that_is_refused_with_a_sentence(registry, name):
    with pytest.raises((UnknownModel, ValueError)):
        registry.info(ask(model=name).model)


# ---- trouble


def test_one_image_that_fails_costs_its_job_only(engine, monkeypatch):
    plain_step = Denoising.step

    def step(self, predictions):
        if self.request.seed == 13:
            raise ZeroDivisionError("thirteen")
        plain_step(self, predictions)

    monkeypatch.setattr(Denoising, "step", step)
    unlucky, lucky = engine.submit([ask(seed=12), ask(seed=13)]), engine.submit([ask(seed=14)])
    with pytest.raises(JobFailed, match=r"ZeroDivisionError\)\."):
        unlucky.results()
    assert isinstance(list(unlucky.events())[-1], Failed)
    assert len(lucky.results()) == 1
    assert len(engine.submit([ask(seed=12)]).results()) == 1


@pytest.mark.parametrize("method", ["read", "decode"])
def test_trouble_before_or_after_the_loop(engine, monkeypatch, method):
    def fail(*_, **__):
        raise RuntimeError("trouble")

    with monkeypatch.context() as patch:
        patch.setattr(Networks, method, fail)
        with pytest.raises(JobFailed):
            engine.submit([ask()]).results(timeout=20)
    assert len(engine.submit([ask()]).results(timeout=20)) == 1


def test_one_row_that_breaks_the_unet_is_found_and_the_others_go_on(engine, monkeypatch):
    plain_predict = Networks.predict_noise

    def predict(self, samples, *rest):
        if (samples > 1e6).any():
            raise RuntimeError("the network chokes")
        return plain_predict(self, samples, *rest)

    monkeypatch.setattr(Networks, "predict_noise", predict)
    huge = Latents.from_tensor(initial_noise(0, (1, 4, 8, 8)) * 1e8)
    choking, fine = engine.submit([ask(latents=huge)]), engine.submit([ask(seed=s) for s in range(3)])
    with pytest.raises(JobFailed):
        choking.results(timeout=30)
    assert len(fine.results(timeout=30)) == 3


@pytest.mark.parametrize("capacity", [8, 4, 1, 0])
def test_out_of_memory_gives_the_same_images_or_a_clear_error(make_engine, registry, monkeypatch, capacity):
    requests = [ask(seed=s) for s in range(8)]
    expected = [result.sha256 for result in make_engine().submit(requests).results()]
    networks = registry.get("tiny").networks("float32")
    plain_forward = networks.unet.forward

    def forward(samples, *rest, **named):
        if len(samples) > capacity:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate more than there is.")
        return plain_forward(samples, *rest, **named)

    engine = make_engine()
    with monkeypatch.context() as patch:
        patch.setattr(networks.unet, "forward", forward)
        patch.setattr(networks, "_runners", {})
        patch.setattr("dashboard.engine.networks.measure_row_rule", lambda *_, **__: None)
        job = engine.submit(requests)
        if capacity:
            assert [result.sha256 for result in job.results(timeout=60)] == expected
        else:
            with pytest.raises(JobFailed, match="memory") as failure:
                job.results(timeout=60)
            assert failure.value.retry
    assert engine.submit(requests[:1]).results(timeout=60)[0].sha256 == expected[0]


def test_numbers_that_overflow_are_told(engine, monkeypatch):
    plain_decode = Networks.decode
    monkeypatch.setattr(Networks, "decode", lambda self, latents: plain_decode(self, latents) * float("nan"))
    with pytest.raises(JobFailed, match="too large for float32"):
        engine.submit([ask()]).results(timeout=20)


def test_closing_fails_what_is_left_and_refuses_more(make_engine, ticks):
    engine = make_engine()
    ticks.hold()
    job = engine.submit([ask(num_inference_steps=100)])
    threading.Timer(0.2, ticks.go.set).start()
    engine.close()
    with pytest.raises(JobFailed, match="shut down"):
        job.results()
    with pytest.raises(ModelUnavailable):
        engine.submit([ask()])


# ---- the rest


def test_warm_and_status(make_engine):
    engine = make_engine()
    assert (engine.status().state, engine.status().waiting) == ("idle", 0)
    engine.warm("tiny")
    wait_until(lambda: engine.status().state == "idle")
    assert engine.status().models == ("tiny",)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_other_dtypes_are_close_but_not_equal(engine, dtype):
    exact, rough = engine.submit([ask(), ask(dtype=dtype)]).results(timeout=120)
    assert rough.dtype == dtype and exact.dtype == "float32"
    assert rough.noise_sha256 == exact.noise_sha256
    assert rough.sha256 != exact.sha256
    assert abs(rough.array().astype(int) - exact.array().astype(int)).mean() < 20


def test_queued_says_how_many_are_ahead(make_engine, ticks):
    engine = make_engine(max_rows=2)
    ticks.hold()
    engine.submit([ask(seed=0)], learner="learner 0")
    assert ticks.reached.wait(30), "the worker has its tick, and takes no turn while the others come"
    for i in range(1, 4):
        engine.submit([ask(seed=i)], learner=f"learner {i}")
    last = engine.submit([ask(seed=9)], learner="last")
    queued = next(last.events())
    ticks.go.set()
    assert isinstance(queued, Queued) and queued.position == 4

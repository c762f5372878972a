"""Finished images are found again, within a bound, whatever happens to the files; equal wishes are computed once."""

from __future__ import annotations

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from asking import ask

from dashboard.engine import Engine, ImageResult, Memo
from dashboard.engine.memo import content_key

MEGABYTE = 1_000_000


@pytest.fixture
def result(engine) -> ImageResult:
    return engine.submit([ask(seed=3)]).results()[0]


def entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_result_comes_back_whole_also_after_a_restart(tmp_path, result):
    Memo(tmp_path, max_bytes=MEGABYTE).put("ab12", result)
    again = Memo(tmp_path, max_bytes=MEGABYTE).get("ab12")
    assert again == replace(result, from_memo=True)


def test_absent_is_none(tmp_path):
    assert Memo(tmp_path / "not there yet", max_bytes=MEGABYTE).get("ab12") is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: b"",
        lambda data: data[:50],
        lambda data: data[:-5] + bytes([data[-5] ^ 1]) + data[-4:],
        lambda data: bytes([data[0] ^ 1]) + data[1:],
        lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:],
        lambda data: b"\x80\x04\x95 a pickle",
    ],
)
def test_a_damaged_entry_is_absent_and_dropped(tmp_path, result, damage):
    memo = Memo(tmp_path, max_bytes=MEGABYTE)
    memo.put("ab12", result)
    (file,) = entries(tmp_path)
    file.write_bytes(damage(file.read_bytes()))
    assert memo.get("ab12") is None
    assert entries(tmp_path) == []


def test_the_least_recently_used_go_first(tmp_path, result):
    memo = Memo(tmp_path, max_bytes=10 * MEGABYTE)
    for number in range(20):
        memo.put(f"{number:04}", result)
        os.utime(tmp_path / "00" / f"{number:04}", (number, number))
    size = entries(tmp_path)[0].stat().st_size
    assert memo.get("0000") is not None  # used just now
    small = Memo(tmp_path, max_bytes=10 * size)
    small.put("0099", result)
    assert sum(file.stat().st_size for file in entries(tmp_path)) <= 10 * size
    assert small.get("0000") is not None and small.get("0099") is not None
    assert small.get("0001") is None and small.get("0019") is not None


def test_a_bound_of_nothing_keeps_nothing(tmp_path, result):
    memo = Memo(tmp_path, max_bytes=0)
    memo.put("ab12", result)
    assert memo.get("ab12") is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_only_costs_time(tmp_path, result):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    Memo(tmp_path / "memo", max_bytes=MEGABYTE).put("ab12", result)
    tmp_path.chmod(stat.S_IRWXU)


def test_a_folder_that_cannot_be_made_only_costs_time(tmp_path, make_engine):
    (tmp_path / "memo").write_text("a file stands in the folder's place")
    engine = make_engine(memo=Memo(tmp_path / "memo", max_bytes=MEGABYTE))
    assert len(engine.submit([ask()]).results()) == 1


def test_many_writers_and_readers_of_one_entry(tmp_path, result):
    memos = [Memo(tmp_path, max_bytes=MEGABYTE) for _ in range(4)]

    def work(number: int) -> bool:
        memo = memos[number % 4]
        memo.put("ab12", result)
        found = memo.get("ab12")
        return found is not None and found.rgb == result.rgb

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(work, range(200)))
    assert len(entries(tmp_path)) == 1


def test_every_ingredient_changes_the_key():
    keys = {
        content_key(request=request, weights=weights, device=device)
        for request in ({"seed": 1}, {"seed": 2})
        for weights in ("a", "b")
        for device in ("cpu", "cuda")
    }
    assert len(keys) == 8


def test_the_engine_finds_images_after_a_restart_without_computing(tmp_path, make_engine, ticks):
    request = ask(seed=5)
    first = make_engine(memo=Memo(tmp_path, max_bytes=MEGABYTE)).submit([request]).results()[0]
    rows = ticks.rows
    second = make_engine(memo=Memo(tmp_path, max_bytes=MEGABYTE)).submit([request]).results()[0]
    assert ticks.rows == rows
    assert second.from_memo and not first.from_memo
    assert (second.sha256, second.request) == (first.sha256, request)


def test_spelling_a_default_out_finds_the_same_image(tmp_path, make_engine):
    engine = make_engine(memo=Memo(tmp_path, max_bytes=MEGABYTE))
    engine.submit([ask()]).results()
    spelled = ask(height=32, width=32, dtype="float32")
    result = engine.submit([spelled]).results()[0]
    assert result.from_memo and result.request == spelled


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"guidance_scale": 8},
        {"num_inference_steps": 5},
        {"scheduler": "euler"},
        {"negative_prompt": "owl"},
    ],
)
def test_another_request_is_another_image(tmp_path, make_engine, changes):
    engine = make_engine(memo=Memo(tmp_path, max_bytes=MEGABYTE))
    engine.submit([ask()]).results()
    assert not engine.submit([ask(**changes)]).results()[0].from_memo


def test_without_the_memo_an_image_is_computed_anew_and_is_the_same(tmp_path, make_engine, ticks):
    engine = make_engine(memo=Memo(tmp_path, max_bytes=MEGABYTE))
    kept = engine.submit([ask()]).results()[0]
    rows = ticks.rows
    anew = engine.submit([ask()], use_memo=False).results()[0]
    assert ticks.rows == 2 * rows
    assert not anew.from_memo and anew.sha256 == kept.sha256


def submit_together(engine: Engine, learners: int, requests: list) -> list[tuple[ImageResult, ...]]:
    barrier = threading.Barrier(learners)

    def learn(number: int) -> tuple[ImageResult, ...]:
        barrier.wait()
        return engine.submit(requests, learner=f"learner {number}").results(timeout=60)

    with ThreadPoolExecutor(learners) as threads:
        return list(threads.map(learn, range(learners)))


@pytest.mark.parametrize("with_memo", [True, False])
def test_thirty_learners_cost_one_sweep(tmp_path, make_engine, ticks, with_memo):
    """Single-flight needs no memo: the wishes meet while they wait and while they are computed."""
    engine = make_engine(memo=Memo(tmp_path, max_bytes=MEGABYTE) if with_memo else None, max_waiting=12)
    sweep = [ask(guidance_scale=2 + i) for i in range(6)]
    if not with_memo:
        ticks.hold()  # or the first could be done before the last has asked
        threading.Timer(1.0, ticks.go.set).start()
    everyone = submit_together(engine, 30, sweep)
    assert ticks.rows == 6 * 5 * 2  # images, PNDM's steps for 4, rows
    assert len({tuple(result.sha256 for result in results) for results in everyone}) == 1
    assert sum(not result.from_memo for results in everyone for result in results) == 6


def test_one_job_may_ask_for_one_image_twice(engine, ticks):
    results = engine.submit([ask(), ask(seed=1), ask()]).results()
    assert results[0].sha256 == results[2].sha256 != results[1].sha256
    assert ticks.rows == 2 * 5 * 2

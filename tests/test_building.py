"""Networks are built once and one at a time, however many threads ask first."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dashboard.building import built_once
from dashboard.faces import shipped
from dashboard.pocket.judge import load_judge

THREADS = 8


def all_at_once(ask):
    """What each of THREADS threads gets that ask at the same moment."""
    start = threading.Barrier(THREADS)

    def one(_):
        start.wait()
        return ask()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def test_threads_that_ask_at_once_share_one():
    built = []

    @built_once
    def slow():
        time.sleep(0.05)
        built.append(object())
        return built[-1]

    assert set(all_at_once(slow)) == set(built) and len(built) == 1


def test_two_things_are_never_built_at_the_same_time():
    inside, most = [], []

    def build():
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.02)
        inside.pop()
        return object()

    kinds = [built_once(build) for _ in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda load: load(), kinds))
    assert most == [1] * THREADS


def test_what_is_built_already_waits_for_nobody():
    other_begun, other_may_end = threading.Event(), threading.Event()

    @built_once
    def quick():
        return 1

    @built_once
    def slow():
        other_begun.set()
        assert other_may_end.wait(10)
        return 2

    quick()
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(slow)
        assert other_begun.wait(10)
        assert pool.submit(quick).result(timeout=5) == 1
        other_may_end.set()
        assert waiting.result() == 2


def test_a_build_that_failed_is_tried_again():
    outcomes = iter([OSError("the disk"), 3])

    @built_once
    def shaky():
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    with pytest.raises(OSError, match="the disk"):
        shaky()
    assert shaky() == 3


@pytest.mark.parametrize("load", [shipped.detector, shipped.restorer, shipped.recogniser, load_judge])
def test_everyone_shares_the_shipped_networks(load):
    assert len({id(network) for network in all_at_once(load)}) == 1

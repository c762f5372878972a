"""A thread's own count of processor threads leaves the others' alone."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import torch

from dashboard.threads import use_here


def in_a_new_thread(work, *values):
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work, *values).result()


def one_thread_then_count():
    use_here(1)
    return torch.get_num_threads()


def test_one_thread_has_its_count_and_later_ones_theirs():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert in_a_new_thread(one_thread_then_count) == 1
        assert torch.get_num_threads() == 3, "the caller keeps its own"
        assert in_a_new_thread(torch.get_num_threads) == 3, "a thread that starts later begins as before"
    finally:
        torch.set_num_threads(before)


def test_two_at_once_leave_what_later_threads_begin_with():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        for _ in range(30):
            both = Barrier(2)
            with ThreadPoolExecutor(2, initializer=both.wait) as pool:
                assert list(pool.map(lambda _: one_thread_then_count(), range(2))) == [1, 1]
            assert in_a_new_thread(torch.get_num_threads) == 3
    finally:
        torch.set_num_threads(before)

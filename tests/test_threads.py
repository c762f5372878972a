"""A thread's own count of processor threads leaves the others' alone."""

from concurrent.futures import ThreadPoolExecutor

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

"""Rows in chunks: the same bits whatever the company, and smaller chunks when memory is short."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from dashboard.engine.rows import (
    PACKED_SIZES,
    PackedConv2d,
    PaddedLinear,
    RowRunner,
    make_row_stable,
    measure_row_rule,
)


class Doubler:
    """Doubles its rows, notes how many it saw at once, and refuses more than `capacity`."""

    def __init__(self, capacity: int = 1000, error: Exception | None = None) -> None:
        self.counts: list[int] = []
        self.capacity = capacity
        self.error = error or torch.OutOfMemoryError("CUDA out of memory")

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        self.counts.append(len(rows))
        if len(rows) > self.capacity:
            raise self.error
        return rows * 2


ROWS = torch.arange(20.0)[:, None]


@pytest.mark.parametrize(
    ("sizes", "counts"),
    [(None, [10, 10]), ((8,), [8, 8, 8]), ((16,), [16, 16]), ((2, 4, 8, 16), [16, 16]), ((12, 4), [12, 12])],
    ids=["any count", "fixed 8", "fixed 16", "buckets", "other buckets"],
)
def test_chunks(sizes, counts):
    forward = Doubler()
    assert torch.equal(RowRunner(forward, max_rows=16, sizes=sizes)(ROWS), ROWS * 2)
    assert forward.counts == counts


@pytest.mark.parametrize(("rows", "ran"), [(1, 2), (2, 2), (3, 4), (8, 8), (9, 16), (16, 16)])
def test_the_smallest_bucket_that_fits_is_run(rows, ran):
    forward = Doubler()
    assert torch.equal(RowRunner(forward, max_rows=16, sizes=(2, 4, 8, 16))(ROWS[:rows]), ROWS[:rows] * 2)
    assert forward.counts == [ran]


@pytest.mark.parametrize("sizes", [None, (16,), (2, 4, 8, 16)])
@pytest.mark.parametrize("capacity", [8, 4, 1])
def test_out_of_memory_splits_and_remembers(sizes, capacity):
    forward = Doubler(capacity)
    runner = RowRunner(forward, max_rows=16, sizes=sizes)
    assert torch.equal(runner(ROWS), ROWS * 2)
    forward.counts.clear()
    assert torch.equal(runner(ROWS), ROWS * 2)
    assert max(forward.counts) <= capacity


def test_one_row_that_does_not_fit_is_an_error():
    with pytest.raises(torch.OutOfMemoryError):
        RowRunner(Doubler(0), max_rows=16, sizes=None)(ROWS)


def test_the_processors_allocator_counts_as_out_of_memory_and_other_errors_do_not():
    refusal = RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory: ...")
    assert torch.equal(RowRunner(Doubler(4, refusal), max_rows=16, sizes=None)(ROWS), ROWS * 2)
    with pytest.raises(RuntimeError, match="shapes"):
        RowRunner(Doubler(4, RuntimeError("shapes do not match")), max_rows=16, sizes=None)(ROWS)


def test_the_row_rule_notices_rows_that_depend_on_their_count():
    def steady(rows: torch.Tensor) -> torch.Tensor:
        return rows * 2

    def odd_counts_differ(rows: torch.Tensor) -> torch.Tensor:
        return rows * 2 + (1e-6 if len(rows) % 2 else 0)

    def neighbours_matter(rows: torch.Tensor) -> torch.Tensor:
        return rows * 2 + rows[:1] * 1e-6

    rows = torch.randn(16, 3)
    assert measure_row_rule(steady, [rows], fallback=8) is None
    assert measure_row_rule(odd_counts_differ, [rows], fallback=8) == 8
    assert measure_row_rule(neighbours_matter, [rows], fallback=8) == 8


def test_stable_layers_compute_what_the_plain_ones_do():
    torch.manual_seed(0)
    plain = nn.Sequential(
        nn.Conv2d(4, 16, 3, padding=1), nn.Conv2d(16, 8, 1, stride=2), nn.Flatten(), nn.Linear(128, 8)
    )
    stable = copy.deepcopy(plain)
    make_row_stable(stable)
    assert isinstance(stable[0], PackedConv2d) and isinstance(stable[3], PaddedLinear)
    images = torch.randn(5, 4, 8, 8)
    with torch.inference_mode():
        assert torch.allclose(stable(images), plain(images), atol=1e-5)
        assert torch.equal(stable(images[:1])[0], stable(images)[0])
        assert stable(torch.randn(1, 4, 8, 8)).shape == (1, 8)


def test_packed_weights_are_kept_for_few_picture_sizes():
    network = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1))
    plain = copy.deepcopy(network)
    make_row_stable(network)
    for side in (4, 6, 8, 10, 12, 4):
        rows = torch.randn(2, 3, side, side)
        assert torch.allclose(network(rows), plain(rows), atol=1e-5)
    if isinstance(network[0], PackedConv2d):
        assert len(network[0]._packed) == PACKED_SIZES

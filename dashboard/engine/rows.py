"""Running a network over rows so that a row's result, bit for bit, does not depend on which rows share its batch.

On a processor, a float32 row differs by about 1e-6 between batch sizes for two reasons only (torch 2.13, found by
running each layer of Pocket's U-Net alone at 1 to 32 rows, with one and two threads): a convolution of a single row
takes another kernel than that of several, and a matrix product with few rows (the time embedding, one row an image) is
cut differently. `make_row_stable` mends both, and then any number of rows gives equal bits; it is faster too, as oneDNN
no longer packs the weights anew at every call. Milliseconds a row of Pocket's U-Net, one AVX2 core, rows a call:

                          2 rows    8 rows   16 rows
    plain torch             31.0      16.0      15.1
    packed, channels_last   20.9      14.3      15.3   (two cores, same order: 37.7 20.1 16.4 and 26.0 17.0 14.5)

Other processors and graphics cards have other kernels. So `RowRunner` is told by `measure_row_rule`, which tries it on
this machine, whether any count may be run or only a fixed one, padded.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from dashboard.engine.memory import is_out_of_memory

logger = logging.getLogger(__name__)

Forward = Callable[..., Tensor]  # (R, ...) inputs, all with R rows -> (R, ...)
SHORT_PRODUCT = 16  # rows: a 2-D matrix product is padded to a multiple of this
TRIED_COUNTS = (1, 2, 3, 4, 5, 7, 12)  # beside the largest; odd ones find kernels that split work by pairs
PACKED_SIZES = 4  # picture sizes whose packed weights are kept; each is a copy of the network's convolutions
ROWS_CHECKED_A_COUNT = 2  # runs of each count, each on other rows


class RowRunner:
    """Runs `forward` over any number of rows, in chunks, as its row rule says."""

    def __init__(self, forward: Forward, *, max_rows: int, sizes: Sequence[int] | None) -> None:
        """`sizes`: only these numbers of rows are run, the next larger one, padded by repeating the first row.

        None: any count up to `max_rows`.
        """
        self._forward = forward
        self.max_rows = max(sizes) if sizes else max_rows
        self.sizes = sorted(sizes) if sizes else None

    def __call__(self, *inputs: Tensor) -> Tensor:
        """All rows' results. Out of memory halves the chunk and tries again; raises only if one row does not fit."""
        rows = len(inputs[0])
        results: list[Tensor] = []
        done = 0
        while done < rows:
            count = _balanced(rows - done, self.max_rows)
            result = self._attempt([i[done : done + count] for i in inputs])
            if result is None:
                self._shrink()
                continue
            results.append(result)
            done += count
        return torch.cat(results) if len(results) > 1 else results[0]

    def _attempt(self, inputs: Sequence[Tensor]) -> Tensor | None:
        """One chunk, or None if it did not fit. The exception is gone on return, and with it what it held."""
        count = len(inputs[0])
        try:
            return self._forward(*(_padded(i, self._size(count)) for i in inputs))[:count]
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or self.max_rows == 1:
                raise
            return None

    def _size(self, count: int) -> int:
        return next(size for size in self.sizes if size >= count) if self.sizes else count

    def _shrink(self) -> None:
        self.max_rows = max(1, self.max_rows // 2)
        if self.sizes:
            self.sizes = [size for size in self.sizes if size <= self.max_rows] or [self.max_rows]
            self.max_rows = self.sizes[-1]
        logger.warning("Out of memory: at most %d rows at once from now on.", self.max_rows)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def measure_row_rule(forward: Forward, inputs: Sequence[Tensor], *, fallback: int) -> int | None:
    """Try on this machine whether every row count gives equal bits: None if so, else the count to stick to.

    `inputs` hold the largest number of rows that will be run at once, all different.
    """
    most = len(inputs[0])
    whole = forward(*inputs)
    for count in (n for n in TRIED_COUNTS if n < most):
        for turn in range(ROWS_CHECKED_A_COUNT):
            picked = [(turn * count + 3 * i) % most for i in range(count)]  # other rows, at other places
            if not torch.equal(forward(*(i[picked] for i in inputs)), whole[picked]):
                logger.info("Rows differ at %d a call: always running %d.", count, fallback)
                return fallback
    return None


def rows_equal_at(forward: Forward, inputs: Sequence[Tensor], sizes: Sequence[int]) -> bool:
    """Whether rows give equal bits at each of these sizes, of which the largest is that of `inputs`."""
    whole = forward(*inputs)
    return all(torch.equal(forward(*(i[-size:] for i in inputs)), whole[-size:]) for size in sizes)


def make_row_stable(network: nn.Module) -> None:
    """Replace, in place, the layers of a float32 network on the CPU whose bits depend on the row count."""
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs do not know it
    for parent in list(network.modules()):
        for name, layer in list(parent.named_children()):
            if type(layer) is nn.Conv2d and _can_pack(layer):
                setattr(parent, name, PackedConv2d(layer))
            elif type(layer) is nn.Linear:
                layer.__class__ = PaddedLinear


class PaddedLinear(nn.Linear):
    """A linear layer whose 2-D inputs are padded, so that their matrix product is always cut the same way."""

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() != 2:
            return super().forward(input)
        rows = len(input)
        return super().forward(functional.pad(input, (0, 0, 0, -rows % SHORT_PRODUCT)))[:rows]


class PackedConv2d(nn.Module):
    """A convolution whose weights are packed once for oneDNN, and which takes oneDNN's kernel at any row count."""

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        self.layer = layer  # its parameters stay: the packed ones are made for each picture size that comes
        self._packed: dict[tuple[int, ...], Tensor] = {}

    def forward(self, input: Tensor) -> Tensor:
        layer, size = self.layer, tuple(input.shape[1:])
        geometry: tuple[Any, ...] = (layer.padding, layer.stride, layer.dilation, layer.groups)
        if size not in self._packed:
            if len(self._packed) == PACKED_SIZES:
                del self._packed[next(iter(self._packed))]
            shape = (8, *size)  # the packing does not depend on the row count
            self._packed[size] = torch.ops.mkldnn._reorder_convolution_weight(layer.weight, *geometry, shape)
        return torch.ops.mkldnn._convolution_pointwise(input, self._packed[size], layer.bias, *geometry, "none", [], "")


def _can_pack(layer: nn.Conv2d) -> bool:
    """Torch keeps these two operators for its compiler; a torch without them runs unpacked."""
    operators = torch.ops.mkldnn
    there = hasattr(operators, "_reorder_convolution_weight") and hasattr(operators, "_convolution_pointwise")
    return there and layer.padding_mode == "zeros" and not isinstance(layer.padding, str)


def _balanced(rows: int, most: int) -> int:
    """The next chunk's row count when `rows` are left: 20 rows at 16 most run as 10 and 10."""
    chunks = -(-rows // most)
    return -(-rows // chunks)


def _padded(rows: Tensor, count: int) -> Tensor:
    missing = count - len(rows)
    return rows if missing == 0 else torch.cat([rows, rows[:1].expand(missing, *rows.shape[1:])])

"""Grid axes as they are typed: `guidance=2:21:3`, `scheduler=pndm,ddim`, `seed=1,2,3`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Any

from dashboard.engine import SCHEDULERS, ImageRequest

MAX_CELLS = 400


@dataclass(frozen=True, kw_only=True)
class AxisKind:
    """What one axis varies."""

    field: str  # of ImageRequest
    read: Callable[[str], object]
    label: Callable[[Any], str]
    numbers: bool = False  # whether start:stop:step makes sense


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One axis of a grid."""

    kind: AxisKind
    values: tuple[object, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.kind.label(value) for value in self.values)


def parse_axis(text: str) -> Axis:
    """Read `name=a,b,c` or `name=start:stop:step`, as Python's range: the stop is left out. ValueError, a sentence."""
    name, equals, values = text.partition("=")
    if not equals or name not in KINDS:
        raise ValueError(f"An axis is written name=values, with a name of {', '.join(KINDS)}; not {text[:60]!r}.")
    kind = KINDS[name]
    parts = _range(values) if kind.numbers and ":" in values else values.split(",")
    try:
        axis = Axis(kind=kind, values=tuple(kind.read(part.strip()) for part in parts))
    except ValueError:
        raise ValueError(f"The axis {text[:60]!r} needs numbers, whole ones where it counts something.") from None
    if len(set(axis.values)) < len(axis.values):
        raise ValueError(f"The axis {text[:60]!r} has the same value twice.")
    return axis


def prompt_axis(prompts: Sequence[str]) -> Axis:
    """Several prompts, one a row; they may hold commas."""
    return Axis(kind=KINDS["prompt"], values=tuple(prompts))


def grid_requests(base: ImageRequest, axes: Sequence[Axis]) -> tuple[ImageRequest, ...]:
    """Every combination, row by row: the last axis runs fastest. ValueError where a value is out of range."""
    count = 1
    for axis in axes:
        count *= len(axis.values)
    if count > MAX_CELLS:
        raise ValueError(f"This grid would have {count:,} images; the most is {MAX_CELLS}.")
    fields = [axis.kind.field for axis in axes]
    if len(set(fields)) < len(fields):
        raise ValueError("The two axes of a grid must vary different things.")
    return tuple(
        base.replace(**dict(zip(fields, values, strict=True))) for values in product(*(a.values for a in axes))
    )


def _range(text: str) -> list[str]:
    parts = text.split(":")
    if len(parts) not in (2, 3):
        raise ValueError(f"A range is written start:stop or start:stop:step, not {text[:60]!r}.")
    try:
        start, stop, step = (Decimal(part) for part in [*parts, "1"][:3])  # exact: 0.1 + 0.2 is 0.3
        length = (stop - start) / step
        if length > MAX_CELLS:
            raise ValueError(f"The range {text[:60]!r} is too long; a grid has at most {MAX_CELLS} images.")
        values = [format(start + i * step, "f") for i in range(max(0, math.ceil(length)))]
    except ArithmeticError:  # no number, not finite, or a step of nought
        raise ValueError(f"The range {text[:60]!r} needs plain numbers and a step that is not 0.") from None
    if not values:
        raise ValueError(f"The range {text[:60]!r} is empty: its stop is left out, as in Python.")
    return values


def _prompt_label(prompt: str) -> str:
    return prompt or "(empty prompt)"


KINDS: Mapping[str, AxisKind] = {
    "guidance": AxisKind(field="guidance_scale", read=float, label="guidance {:g}".format, numbers=True),
    "steps": AxisKind(field="num_inference_steps", read=int, label=lambda n: f"{n} step{'s' * (n != 1)}", numbers=True),
    "seed": AxisKind(field="seed", read=int, label="seed {}".format, numbers=True),
    "scheduler": AxisKind(field="scheduler", read=str, label=lambda key: SCHEDULERS[key].label),
    "prompt": AxisKind(field="prompt", read=str, label=_prompt_label),
    "negative": AxisKind(field="negative_prompt", read=str, label=lambda text: f"without {text}" if text else "none"),
}

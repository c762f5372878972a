"""Two axes as a form takes them: what each varies, and its values as they were typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.axes import KINDS, Axis, grid_requests
from dashboard.engine import SCHEDULERS, ImageRequest
from dashboard.ui.controls import request_from
from dashboard.ui.parsing import (
    check_count,
    parse_guidances,
    parse_negatives,
    parse_prompts,
    parse_schedulers,
    parse_seeds,
    parse_step_counts,
)


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A grid as it was asked for; `requests` come row by row."""

    rows: Axis
    columns: Axis
    requests: tuple[ImageRequest, ...]

    @property
    def titles(self) -> list[str]:
        """One a cell: its row's label and its column's."""
        return [f"{row}, {column}" for row in self.rows.labels for column in self.columns.labels]


def axis_of(name: str, typed: str) -> Axis:
    """The axis `name` of `axes.KINDS` with the values typed for it. ValueError with a sentence."""
    return Axis(kind=KINDS[name], values=_READ[name](typed))


def grid_of(values: Mapping[str, Any], model: str) -> Grid:
    """The grid that the playground's form describes. ValueError with a sentence, also for too many images."""
    axes = []
    for side, name, typed in (("Rows", "row_axis", "row_values"), ("Columns", "column_axis", "column_values")):
        try:
            axes.append(axis_of(str(values[name]), str(values[typed])))
        except ValueError as error:
            raise ValueError(f"{side}, {values[name]}: {error}") from None
    rows, columns = axes
    check_count(len(rows.values) * len(columns.values))
    return Grid(rows=rows, columns=columns, requests=grid_requests(request_from(values, model), axes))


def _on_one_line(read: Callable[[str], tuple[object, ...]]) -> Callable[[str], tuple[object, ...]]:
    return lambda typed: read(", ".join(typed.splitlines()))


def _scheduler_names(typed: str) -> tuple[str, ...]:
    """Schedulers by key or by label, whatever their case."""
    keys = {info.label.lower(): key for key, info in SCHEDULERS.items()} | {key: key for key in SCHEDULERS}
    names = (name.strip().lower() for name in typed.split(","))
    return parse_schedulers(",".join(keys.get(name, name) for name in names))


_READ: Mapping[str, Callable[[str], tuple[object, ...]]] = {
    "guidance": _on_one_line(parse_guidances),
    "steps": _on_one_line(parse_step_counts),
    "seed": _on_one_line(parse_seeds),
    "scheduler": _on_one_line(_scheduler_names),
    "prompt": parse_prompts,
    "negative": parse_negatives,
}

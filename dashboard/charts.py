"""Charts as pure functions: a DataFrame in, an Altair chart out. No session state, no computing of results.

Nothing is told by colour alone: series differ in shape and dash as well, and lines carry their names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import altair as alt
import pandas as pd

ACCENT = "#0f8a7e"
QUIET = "#8a8f98"
SERIES = [ACCENT, "#b3561d", "#5b62c9", QUIET, "#a4377b", "#6b7a12", "#3f7fb5", "#7a5230"]  # series differ in shape too
HEIGHT = 260  # pixels
SHORT_NAME = 18  # letters of a series' name, of which three fit beside each other
LEGEND_HEIGHT = 60  # pixels, of two rows of names


def seed_distances(pairs: pd.DataFrame, order: Sequence[str]) -> alt.LayerChart:
    """How far each seed's image is from every other, in the order of the grid, with the noises' distance as reference.

    `pairs`: first, second, image_distance, noise_distance; one row a pair, as `distances.pair_table` gives.
    """
    _require(pairs, "first", "second", "image_distance", "noise_distance")
    both_ways = pd.concat(
        [pairs, pairs.rename(columns={"first": "second", "second": "first"})], ignore_index=True
    ).rename(columns={"first": "seed", "second": "other"})
    reference = float(pairs["noise_distance"].mean())
    top = max(1.25, float(pairs["image_distance"].max()) * 1.1)
    x = alt.X(
        "seed:N", sort=list(order), title="Seed, in the order of the grid", axis=alt.Axis(labelAngle=0, labelLimit=90)
    )
    y = alt.Y("image_distance:Q", title=_upright("Distance (0 same, 1 unrelated)"), scale=alt.Scale(domain=[0, top]))
    base = alt.Chart(both_ways)
    dots = base.mark_circle(size=70, opacity=0.7, color=ACCENT).encode(
        x=x,
        y=y,
        tooltip=["seed", alt.Tooltip("other", title="compared with"), alt.Tooltip("image_distance", format=".3f")],
    )
    means = base.mark_tick(thickness=3, size=28, color=ACCENT).encode(x=x, y=alt.Y("mean(image_distance):Q"))
    return alt.layer(dots, means, *_reference(reference, "the noises, on average")).properties(height=HEIGHT)


def norms(table: pd.DataFrame) -> alt.LayerChart:
    """The length of the mixed noise along the way, for both paths.

    `table`: position (0..1), path (a name), norm (relative to a seed's own noise, so 1 is full strength).
    """
    _require(table, "position", "path", "norm")
    legend = alt.Legend(orient="top", labelLimit=300, symbolStrokeWidth=0)
    lines = (
        alt.Chart(table)
        .mark_line(point=alt.OverlayMarkDef(size=70, filled=True))
        .encode(
            x=alt.X(
                "position:Q",
                title="Position between the two seeds",
                scale=alt.Scale(domain=[0, 1]),
            ),
            y=alt.Y("norm:Q", title="Strength of the noise", scale=alt.Scale(domain=[0.6, 1.1])),
            color=alt.Color("path:N", title="Path", scale=alt.Scale(range=[ACCENT, QUIET]), legend=legend),
            shape=alt.Shape("path:N", title="Path"),
            strokeDash=alt.StrokeDash("path:N", title="Path"),
            tooltip=["path", alt.Tooltip("position", format=".2f"), alt.Tooltip("norm", format=".3f")],
        )
    )
    return alt.layer(lines, *_reference(1.0, "full strength")).properties(height=HEIGHT)


def noise_schedule(table: pd.DataFrame, timestep: int) -> alt.LayerChart:
    """How much of the picture and how much noise there is at each timestep, with a cursor at one of them.

    `table`: timestep, part (a name), scale (0..1).
    """
    _require(table, "timestep", "part", "scale")
    legend = alt.Legend(orient="top", labelLimit=300)
    lines = (
        alt.Chart(table)
        .mark_line(strokeWidth=3)
        .encode(
            x=alt.X("timestep:Q", title="Timestep (0 clean, 999 noise)", scale=alt.Scale(domain=[0, 1000])),
            y=alt.Y("scale:Q", title="Multiplied by", scale=alt.Scale(domain=[0, 1])),
            color=alt.Color("part:N", title=None, scale=alt.Scale(range=SERIES), legend=legend),
            strokeDash=alt.StrokeDash("part:N", title=None),
            tooltip=["part", "timestep", alt.Tooltip("scale", format=".3f")],
        )
    )
    return alt.layer(lines, *_cursor(timestep)).properties(height=HEIGHT)


def log_snr(table: pd.DataFrame, timestep: int) -> alt.LayerChart:
    """The logarithm of the signal-to-noise ratio at each timestep, with a cursor at one of them.

    `table`: timestep, log_snr.
    """
    _require(table, "timestep", "log_snr")
    line = (
        alt.Chart(table)
        .mark_line(strokeWidth=3, color=ACCENT)
        .encode(
            x=alt.X("timestep:Q", title="Timestep (0 clean, 999 noise)", scale=alt.Scale(domain=[0, 1000])),
            y=alt.Y("log_snr:Q", title="ln(signal / noise)"),
            tooltip=["timestep", alt.Tooltip("log_snr", title="ln(SNR)", format=".2f")],
        )
    )
    even = pd.DataFrame({"log_snr": [0.0], "name": ["above: more signal than noise"]})
    rule = alt.Chart(even).mark_rule(strokeDash=[6, 4], color=QUIET).encode(y="log_snr:Q")
    name = alt.Chart(even).mark_text(align="right", dy=-8, dx=-4, color=QUIET, fontSize=12)
    label = name.encode(y="log_snr:Q", x=alt.value("width"), text="name:N")
    return alt.layer(line, rule, label, *_cursor(timestep)).properties(height=HEIGHT)


def similarities(table: pd.DataFrame, order: Sequence[str]) -> alt.LayerChart:
    """How alike each two words are: a square of cells, each with its number. `table`: first, second, cosine."""
    _require(table, "first", "second", "cosine")
    place = {
        "x": alt.X("second:N", sort=list(order), title=None, axis=alt.Axis(labelAngle=-45, labelOverlap=False)),
        "y": alt.Y("first:N", sort=list(order), title=None),
    }
    base = alt.Chart(table).encode(**place)
    scale = alt.Scale(domain=[0, 1], clamp=True, range=["#e9eeec", ACCENT])
    cells = base.mark_rect().encode(
        color=alt.Color("cosine:Q", scale=scale, legend=None),  # the numbers say it
        tooltip=["first", "second", alt.Tooltip("cosine", format=".3f")],
    )
    numbers = base.mark_text(fontSize=12, color="#10201d").encode(text=alt.Text("cosine:Q", format=".1f"))
    return alt.layer(cells, numbers).properties(height=max(HEIGHT, 34 * len(order)))


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A chart's axis: the table's column, and the title with its unit."""

    column: str
    title: str
    log: bool = False
    domain: tuple[float, float] | None = None
    ticks: tuple[float, ...] = ()  # values to write on the axis; empty: chosen by the chart


DISTANCE = Axis(column="distance", title="Distance (0 same, 1 unrelated)")


def curve(
    summary: pd.DataFrame,
    x: Axis,
    y: Axis,
    *,
    series: str = "",
    reference: tuple[float, str] | None = None,
    marks: Sequence[tuple[float, str]] = (),
) -> alt.LayerChart:
    """Means over a parameter with their 95% intervals, one line a series.

    `summary`: the x column, mean, low, high, and the series' column where there is one, as `intervals.summarise` gives.
    Rows in rising order of x; the legend keeps their order.
    `y.column` is only a name for the tooltip. `reference`: a value and the name of its dashed line. `marks`: places on
    the x axis, each with its name, as upright lines.
    """
    _require(summary, x.column, "mean", "low", "high", *([series] if series else []))
    encoded: dict[str, object] = {
        "x": alt.X(f"{x.column}:Q", title=x.title, scale=_scale(x), axis=_ticks(x)),
        "tooltip": [
            *([series] if series else []),
            alt.Tooltip(x.column, title=x.title),
            alt.Tooltip("mean", title=y.title, format=".3g"),
            alt.Tooltip("low", format=".3g"),
            alt.Tooltip("high", format=".3g"),
        ],
    }
    colour: dict[str, object] = {}
    if series:
        names = list(dict.fromkeys(summary[series].tolist()))
        columns = 3 if max(len(str(name)) for name in names) <= SHORT_NAME else 1  # what fits a narrow screen
        legend = alt.Legend(orient="top", labelLimit=300, columns=columns, symbolStrokeWidth=0, symbolOpacity=1)
        told = {"title": series.capitalize(), "sort": names}
        colour = {"color": alt.Color(f"{series}:N", scale=alt.Scale(range=SERIES), legend=legend, **told)}
        encoded |= colour | {
            "shape": alt.Shape(f"{series}:N", **told),
            "strokeDash": alt.StrokeDash(f"{series}:N", **told),
        }
    base = alt.Chart(summary)
    plain = {} if series else {"color": ACCENT}
    spans = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=2, opacity=0.55, clip=True, **plain)
    line = base.mark_line(point=alt.OverlayMarkDef(size=60, filled=True), **plain)
    layers = [
        spans.encode(x=encoded["x"], y=alt.Y("low:Q", scale=_scale(y)), y2="high:Q", **colour),
        line.encode(y=alt.Y("mean:Q", title=_upright(y.title), scale=_scale(y)), **encoded),
    ]
    if reference is not None:
        rising = bool(summary["mean"].iloc[-1] > summary["mean"].iloc[0])
        layers += _reference(*reference, side="left" if rising else "right")
    layers += [layer for place, (at, name) in enumerate(marks) for layer in _mark(x, at, name, place)]
    return alt.layer(*layers).properties(height=HEIGHT + (LEGEND_HEIGHT if series else 0))


def timesteps(table: pd.DataFrame, order: Sequence[str]) -> alt.Chart:
    """Where on the way from noise to image each evaluation looks, a row a scheduler; time runs down, left to right.

    `table`: scheduler, timestep; one row an evaluation. A timestep that is visited twice has another shape.
    """
    _require(table, "scheduler", "timestep")
    visits = table.groupby(["scheduler", "timestep"], as_index=False).size()
    visits["visited"] = visits["size"].map(lambda times: "once" if times == 1 else f"{times} times")
    legend = alt.Legend(orient="top", title="Visited")
    return (
        alt.Chart(visits)
        .mark_point(filled=True, size=75, opacity=1)
        .encode(
            x=alt.X("timestep:Q", title="Timestep, from noisy to clean").scale(domain=[1000, 0]),
            y=alt.Y("scheduler:N", title=None, sort=list(order), axis=alt.Axis(labelOverlap=False)),
            shape=alt.Shape("visited:N", legend=legend).scale(domain=["once", "2 times"], range=["circle", "diamond"]),
            color=alt.Color("visited:N", legend=legend).scale(domain=["once", "2 times"], range=SERIES[:2]),
            tooltip=["scheduler", "timestep", "visited"],
        )
        .properties(height=alt.Step(32))
    )


def bars(summary: pd.DataFrame, x: Axis, y: Axis, *, order: Sequence[str]) -> alt.LayerChart:
    """A bar a name with its 95% interval, in the given order.

    `summary`: the x column (names), mean, low, high, as `intervals.summarise` gives.
    """
    _require(summary, x.column, "mean", "low", "high")
    one_word_a_line = alt.Axis(labelAngle=0, labelLimit=140, labelOverlap=False, labelExpr="split(datum.label, ' ')")
    place = alt.X(f"{x.column}:N", title=x.title, sort=list(order), axis=one_word_a_line)
    base = alt.Chart(summary)
    tooltip = [x.column, alt.Tooltip("mean", title=y.title, format=".3g"), alt.Tooltip("low", format=".3g")]
    tooltip.append(alt.Tooltip("high", format=".3g"))
    means = base.mark_bar(color=ACCENT, opacity=0.75, width=alt.RelativeBandSize(0.5))
    spans = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=3, color=QUIET)
    return alt.layer(
        means.encode(x=place, y=alt.Y("mean:Q", title=_upright(y.title), scale=_scale(y)), tooltip=tooltip),
        spans.encode(x=place, y=alt.Y("low:Q", scale=_scale(y)), y2="high:Q"),
    ).properties(height=HEIGHT)


def counts(table: pd.DataFrame, x: Axis) -> alt.LayerChart:
    """A bar a name, as long as its count, in the table's order, with the number at its end.

    `table`: name, scenes. The names stand at the left, so that long ones can be read.
    """
    _require(table, "name", "scenes")
    base = alt.Chart(table).encode(
        y=alt.Y("name:N", title=x.title, sort=list(table["name"])), x=alt.X("scenes:Q", title="Training scenes")
    )
    bar = base.mark_bar(color=ACCENT, opacity=0.75).encode(tooltip=["name", "scenes"])
    number = base.mark_text(align="left", dx=4, color=QUIET).encode(text="scenes:Q")
    return alt.layer(bar, number).properties(height=alt.Step(22))


def shares(table: pd.DataFrame, *, order: Sequence[str]) -> alt.LayerChart:
    """Shares of several sources side by side for each name, with their 95% intervals where they have one.

    `table`: name, source, mean, low, high; shares from 0 to 1. Sources differ in shape and in place, names follow
    `order`.
    """
    _require(table, "name", "source", "mean", "low", "high")
    sources = list(dict.fromkeys(table["source"]))
    place = alt.X("name:N", title=None, sort=list(order), axis=alt.Axis(labelAngle=-35, labelOverlap=False))
    aside = alt.XOffset("source:N", sort=sources)
    legend = alt.Legend(orient="top", title=None, columns=2)
    colour = alt.Color("source:N", sort=sources, scale=alt.Scale(domain=sources, range=SERIES), legend=legend)
    percent = alt.Axis(format=".0%")
    base = alt.Chart(table)
    marks = base.mark_point(size=90, filled=True, opacity=1).encode(
        x=place,
        xOffset=aside,
        y=alt.Y("mean:Q", title="Share", scale=alt.Scale(domain=[0, 1]), axis=percent),
        color=colour,
        shape=alt.Shape("source:N", sort=sources, scale=alt.Scale(domain=sources), legend=legend),
        tooltip=["source", "name", *(alt.Tooltip(column, format=".1%") for column in ("mean", "low", "high"))],
    )
    spans = (
        base.transform_filter("isValid(datum.low)")
        .mark_rule(strokeWidth=2)
        .encode(x=place, xOffset=aside, y="low:Q", y2="high:Q", color=colour)
    )
    return alt.layer(spans, marks).properties(height=HEIGHT + LEGEND_HEIGHT)


def learning_curve(table: pd.DataFrame, steps: int) -> alt.LayerChart:
    """The error of every practised batch as dots, and the exam's as a line, over `steps` in all.

    `table`: step, error, and measured ("practice" or "exam").
    """
    _require(table, "step", "error", "measured")
    x = alt.X("step:Q", title="Steps of teaching (dots: practice, line: exam)", scale=alt.Scale(domain=[0, steps]))
    y = alt.Y("error:Q", title="Error of the predicted noise", scale=alt.Scale(zero=False))
    tooltip = ["measured", "step", alt.Tooltip("error", format=".4f")]
    base = alt.Chart(table)
    practice = base.transform_filter("datum.measured == 'practice'").mark_point(color=QUIET, size=18, opacity=0.6)
    exam = base.transform_filter("datum.measured == 'exam'").mark_line(
        color=ACCENT, strokeWidth=3, point=alt.OverlayMarkDef(size=70, filled=True)
    )
    return alt.layer(practice.encode(x=x, y=y, tooltip=tooltip), exam.encode(x=x, y=y, tooltip=tooltip)).properties(
        height=HEIGHT
    )


def heat(
    summary: pd.DataFrame, x: Axis, y: Axis, *, columns: Sequence[str], rows: Sequence[str], title: str
) -> alt.LayerChart:
    """A square a pair of names, darker for a larger mean, with the number in it; the axes in the given orders.

    `summary`: the x and y columns (names), mean, low, high, as `intervals.summarise` gives. `title`: what the mean is.
    """
    _require(summary, x.column, y.column, "mean", "low", "high")
    low, high = float(summary["mean"].min()), float(summary["mean"].max())
    dark = low + 0.9 * (high - low)  # only there are white digits easier to read than black ones
    base = alt.Chart(summary).encode(
        x=alt.X(f"{x.column}:N", title=x.title, sort=list(columns), axis=alt.Axis(labelAngle=0)),
        y=alt.Y(f"{y.column}:N", title=None, sort=list(rows), axis=alt.Axis(labelLimit=230)),
    )
    squares = base.mark_rect().encode(
        color=alt.Color("mean:Q", scale=alt.Scale(range=["#e3efec", ACCENT]), legend=None),
        tooltip=[y.column, x.column, *(alt.Tooltip(name, format=".1f") for name in ("mean", "low", "high"))],
    )
    numbers = base.mark_text(fontSize=13).encode(
        text=alt.Text("mean:Q", format=".0f"),
        color=alt.condition(f"datum.mean > {dark}", alt.value("white"), alt.value("#1c2523")),
    )
    return alt.layer(squares, numbers, title=alt.Title(title, fontSize=12)).properties(height=alt.Step(44))


def _upright(title: str) -> str | list[str]:
    """An upright axis is short: what stands in brackets gets a line of its own."""
    name, bracket, rest = title.partition(" (")
    return [name, f"({rest}"] if bracket else title


def _scale(axis: Axis) -> alt.Scale:
    kind = {"type": "log", "nice": False, "padding": 16} if axis.log else {}
    return alt.Scale(**kind, **({"domain": list(axis.domain)} if axis.domain else {}))


def _ticks(axis: Axis) -> alt.Axis:
    return alt.Axis(values=list(axis.ticks)) if axis.ticks else alt.Axis()


def _reference(value: float, name: str, *, side: Literal["left", "right"] = "right") -> tuple[alt.Chart, alt.Chart]:
    """A dashed line across the chart, and above it its name at the side where the curve lies below it."""
    data = pd.DataFrame({"value": [value], "name": [f"{name}: {value:.2f}"]})
    rule = alt.Chart(data).mark_rule(strokeDash=[6, 4], color=QUIET).encode(y="value:Q")
    label = (
        alt.Chart(data)
        .mark_text(align=side, baseline="bottom", dx=-4 if side == "right" else 4, dy=-3, color=QUIET, fontSize=12)
        .encode(y="value:Q", x=alt.value("width" if side == "right" else 0), text="name:N")
    )
    return rule, label


def _mark(x: Axis, at: float, name: str, place: int) -> tuple[alt.Chart, alt.Chart]:
    """An upright line at `at` with its name; `place` keeps the names of several apart."""
    data = pd.DataFrame({x.column: [at], "name": [name]})
    across = alt.X(f"{x.column}:Q", scale=_scale(x))
    rule = alt.Chart(data).mark_rule(strokeDash=[2, 3], strokeWidth=2, color=QUIET).encode(x=across)
    text = alt.Chart(data).mark_text(align="left", dx=5, color=QUIET, fontSize=12)
    return rule, text.encode(x=across, y=alt.value(10 + 16 * place), text="name:N")


def _cursor(timestep: int) -> tuple[alt.Chart, alt.Chart]:
    """An upright line at a timestep, with its number."""
    data = pd.DataFrame({"timestep": [timestep], "name": [f"t = {timestep}"]})
    side = "right" if timestep > 800 else "left"
    rule = alt.Chart(data).mark_rule(strokeWidth=2, color=QUIET).encode(x="timestep:Q")
    label = (
        alt.Chart(data)
        .mark_text(align=side, baseline="top", dx=-5 if side == "right" else 5, color=QUIET, fontSize=13)
        .encode(x="timestep:Q", y=alt.value(2), text="name:N")
    )
    return rule, label


def _require(table: pd.DataFrame, *columns: str) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing or table.empty:
        raise ValueError(
            f"the table needs rows and the columns {', '.join(columns)}; missing: {', '.join(missing) or 'rows'}"
        )

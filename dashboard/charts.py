"""Charts as pure functions: a DataFrame in, an Altair chart out. No session state, no computing of results.

Nothing is told by colour alone: series differ in shape and dash as well, and lines carry their names.
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

ACCENT = "#0f8a7e"
QUIET = "#8a8f98"
HEIGHT = 260  # pixels


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
    y = alt.Y("image_distance:Q", title="Distance (0 same, 1 unrelated)", scale=alt.Scale(domain=[0, top]))
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
    legend = alt.Legend(orient="top", labelLimit=300)
    lines = (
        alt.Chart(table)
        .mark_line(point=alt.OverlayMarkDef(size=70, filled=True))
        .encode(
            x=alt.X(
                "position:Q",
                title="Position between the two seeds, in the order of the strip",
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


def _reference(value: float, name: str) -> tuple[alt.Chart, alt.Chart]:
    """A dashed line across the chart and its name."""
    data = pd.DataFrame({"value": [value], "name": [f"{name}: {value:.2f}"]})
    rule = alt.Chart(data).mark_rule(strokeDash=[6, 4], color=QUIET).encode(y="value:Q")
    label = (
        alt.Chart(data)
        .mark_text(align="left", baseline="bottom", dx=4, dy=-3, color=QUIET, fontSize=12)
        .encode(y="value:Q", x=alt.value(0), text="name:N")
    )
    return rule, label


def _require(table: pd.DataFrame, *columns: str) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing or table.empty:
        raise ValueError(
            f"the table needs rows and the columns {', '.join(columns)}; missing: {', '.join(missing) or 'rows'}"
        )

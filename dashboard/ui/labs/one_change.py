"""Laboratory: one image and five siblings, each with one option changed; which option moves the image furthest?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.course import Lesson
from dashboard.engine import SCHEDULERS, ImageRequest, ImageResult
from dashboard.intervals import mean_interval, paired_difference, summarise, tells_apart
from dashboard.ui.controls import request_from
from dashboard.ui.distances import relative_distance
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import downloads, grid_gallery
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model
from dashboard.ui.once import once
from dashboard.ui.parsing import MAX_IMAGES, MAX_SEED, parse_seeds
from dashboard.ui.predict import covered, outcome, predict
from dashboard.ui.records import Guess, record
from dashboard.ui.runs import show_run
from dashboard.ui.withheld import measurable

ANOTHER_NOISE = 1_000  # seeds further: no other seed of the grid is likely to be it


@dataclass(frozen=True, kw_only=True)
class Change:
    """One option, and the fields of a request that get another value."""

    name: str  # in the prediction's order
    label: str  # of its column
    fields: Mapping[str, Any]
    noise: bool = False

    def of(self, base: ImageRequest) -> ImageRequest:
        return base.replace(**self.fields, **({"seed": other_seed(base.seed)} if self.noise else {}))


def other_seed(seed: int) -> int:
    """A seed whose noise has nothing to do with this one's."""
    return (seed + ANOTHER_NOISE) % (MAX_SEED + 1)


def changes(values: Mapping[str, Any]) -> tuple[Change, ...]:
    """The five changes that an experiment's values describe."""
    steps, guidance = int(values["other_steps"]), float(values["other_guidance"])
    scheduler = str(values["other_scheduler"])
    return (
        Change(name="noise", label="other noise", fields={}, noise=True),
        Change(name="steps", label=f"{steps} steps", fields={"num_inference_steps": steps}),
        Change(name="prompt", label="other prompt", fields={"prompt": str(values["other_prompt"])}),
        Change(name="guidance", label=f"guidance {guidance:g}", fields={"guidance_scale": guidance}),
        Change(name="scheduler", label=SCHEDULERS[scheduler].label, fields={"scheduler": scheduler}),
    )


def one_change_lab(lesson: Lesson) -> None:
    """Predict, form, a row of six for each seed, the chart of distances, what the run showed."""
    guess = predict(lesson, "change")
    trial = experiment_form(lesson, "change", button="Change one thing at a time", check=_fits)
    if trial is None:
        return
    seeds, five = parse_seeds(str(trial.values["seeds"])), changes(trial.values)
    base = request_from(trial.values, current_model())
    rows = [[base.replace(seed=seed), *(change.of(base.replace(seed=seed)) for change in five)] for seed in seeds]
    columns = ["base", *(change.label for change in five)]
    titles = [f"seed {seed}, {column}" for seed in seeds for column in columns]
    requests = [request for row in rows for request in row]
    results = show_run(trial.key, requests, titles, asked_now=trial.asked_now, hidden=guess is None)
    if results is None:
        return
    if guess is None:
        covered()
        return
    record(lesson.id).ran.add("change")
    labels = [f"seed {seed}" for seed in seeds]
    grid_gallery(trial.key, results, labels, columns)
    downloads(trial.key, results, columns, "One change at a time", rows=labels)
    if not measurable(results):
        return
    _compare(lesson, guess, five, seeds, results)


def _fits(values: Mapping[str, Any]) -> None:
    """ValueError, a sentence, for more seeds than one grid can hold."""
    each = len(changes(values)) + 1
    if len(parse_seeds(str(values["seeds"]))) * each > MAX_IMAGES:
        raise ValueError(f"Give at most {MAX_IMAGES // each} seeds here: each takes {each} images.")


def _compare(
    lesson: Lesson, guess: Guess, five: Sequence[Change], seeds: Sequence[int], results: Sequence[ImageResult]
) -> None:
    table = once(("one change", *(r.sha256 for r in results)), lambda: distances(five, seeds, results))
    order = [change.label for change in five]
    summary = summarise(table, ["change"], "distance")
    alt = "Distance from the base image: " + ", ".join(
        f"{row['change']} {row['mean']:.2f}" for _, row in summary.iterrows()
    )
    st.markdown(
        "**How far did each change move the image?** 0: the same, 1: unrelated. The line on a bar is its 95% interval."
    )
    x, y = (
        charts.Axis(column="change", title="The one thing changed, as in the grid"),
        charts.Axis(column="distance", title="Distance from the base"),
    )
    st.vega_lite_chart(charts.bars(summary, x, y, order=order).to_dict(), alt=alt)
    with st.expander("The numbers behind the chart", icon=":material/table:"):
        st.dataframe(
            table.pivot(index="seed", columns="change", values="distance")[order].reset_index(),
            hide_index=True,
            column_config={label: st.column_config.NumberColumn(format="%.3f") for label in order},
            alt="Distance from the base image for every seed and every change",
        )
    leaders = furthest(table, five)
    showed(sentences(table, five, leaders))
    names = [change.name for change in five]
    chosen = names[guess.option] if guess.option is not None and guess.option < len(names) else ""
    right = chosen if chosen in {change.name for change in leaders} else leaders[0].name
    outcome(lesson.predictions["change"], guess, names.index(right) + 1, told=five[names.index(right)].label)


def distances(five: Sequence[Change], seeds: Sequence[int], results: Sequence[ImageResult]) -> pd.DataFrame:
    """seed, change, distance: each sibling from the base image of its own seed."""
    across = len(five) + 1
    rows = []
    for place, seed in enumerate(seeds):
        base, *siblings = results[place * across : (place + 1) * across]
        rows += [
            (str(seed), change.label, relative_distance(base.array(), sibling.array()))
            for change, sibling in zip(five, siblings, strict=True)
        ]
    return pd.DataFrame(rows, columns=["seed", "change", "distance"])


def furthest(table: pd.DataFrame, five: Sequence[Change]) -> list[Change]:
    """The change with the largest average, and behind it those that the run cannot tell from it."""
    first, *others = sorted(five, key=lambda change: -mean_interval(_of(table, change)).mean)
    alike = [c for c in others if not tells_apart(paired_difference(_of(table, first), _of(table, c)))]
    return [first, *alike]


def sentences(table: pd.DataFrame, five: Sequence[Change], leaders: Sequence[Change]) -> str:
    """What the distances say, with their intervals."""
    ranked = sorted(five, key=lambda change: -mean_interval(_of(table, change)).mean)
    first, last = ranked[0], ranked[-1]
    said = (
        f"The image moved furthest with **{first.label}**: {mean_interval(_of(table, first))}. "
        f"It moved least with **{last.label}**: {mean_interval(_of(table, last))}. "
    )
    if len(leaders) > 1:
        alike = ", ".join(change.label for change in leaders[1:])
        return said + f"This run cannot tell {first.label} from {alike}: more seeds would."
    return said + "Seed by seed, the first lies clearly ahead of every other. Other values may give another order."


def _of(table: pd.DataFrame, change: Change) -> list[float]:
    return [float(value) for value in table.loc[table["change"] == change.label, "distance"]]

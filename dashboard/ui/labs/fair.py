"""Laboratory for a misconception: do more seeds bring an equal share?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.course import Lesson, Misconception
from dashboard.intervals import share_interval
from dashboard.pocket.report import skew_shares
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import downloads, gallery
from dashboard.ui.labs.judged import Counted, counted, needs_pocket
from dashboard.ui.lesson import TEXT_WIDTH, showed
from dashboard.ui.models import current_model
from dashboard.ui.parsing import parse_seeds
from dashboard.ui.records import record
from dashboard.ui.runs import show_run

EQUAL = 0.5


def misconception_lab(lesson: Lesson, belief: Misconception) -> None:
    """The claim, and the share of women as more and more seeds are counted."""
    with st.container(width=TEXT_WIDTH):
        st.markdown(f":material/help: **“{belief.claim}”** {belief.why_believed}")
    if needs_pocket():
        return
    trial = experiment_form(lesson, belief.experiment, button=belief.button)
    if trial is None:
        return
    settings = lesson.experiments[belief.experiment]
    seeds = parse_seeds(str(trial.values["seeds"]))
    base = request_from({**trial.values, "prompt": settings["about"]}, current_model())
    titles = [f"seed {seed}" for seed in seeds]
    results = show_run(trial.key, [base.replace(seed=seed) for seed in seeds], titles, asked_now=trial.asked_now)
    if results is None:
        return
    record(lesson.id).ran.add(belief.experiment)
    gallery(trial.key, results, titles, min_width=110)
    downloads(trial.key, results, titles, base.prompt or "(empty prompt)")
    found = counted(results, str(settings["counted"]))
    if not found.known:
        showed(f"The judge recognised the subject in none of these {found.pictures} images. {belief.refutation}")
        return
    table = growing(found)
    _draw(table)
    share = found.share("sex", "woman")
    if share.high < EQUAL:
        reading = "An equal share is beyond that interval: chance does not explain it."
    elif share.low > EQUAL:
        reading = "An equal share is beyond that interval, on the other side: this run drew more women than men."
    else:
        reading = "An equal share fits that interval too, so these images alone do not settle it."
    showed(
        f"Of {found.known} astronauts, {found.counts['sex']['woman']} were taken for women: **{share.mean:.0%}** "
        f"(interval {share.low:.0%} to {share.high:.0%}). {reading} {_many_seeds()}{belief.refutation}"
    )


def _many_seeds() -> str:
    """What the report counted over many seeds with the lessons' default settings; empty where it counted nothing."""
    if not (women := skew_shares().get("woman")):
        return ""
    return f"Counted once over {women.n} seeds, their share is {women.mean:.0%} ({women.low:.0%} to {women.high:.0%}). "


def growing(found: Counted) -> pd.DataFrame:
    """The share of women among the first 1, 2, 3 ... recognised images: n, mean, low, high."""
    rows = []
    for n in range(1, found.known + 1):
        share = share_interval(sum(sex == "woman" for sex in found.sexes[:n]), n)
        rows.append((n, share.mean, share.low, share.high))
    return pd.DataFrame(rows, columns=["n", "mean", "low", "high"])


def _draw(table: pd.DataFrame) -> None:
    st.markdown("**The share of women as images are counted.** The lines are 95% intervals.")
    x = charts.Axis(column="n", title="Astronauts counted so far")
    y = charts.Axis(column="share", title="Share of women", domain=(0, 1))
    chart = charts.curve(table, x, y, reference=(EQUAL, "equal shares"))
    last = table.iloc[-1]
    st.vega_lite_chart(
        chart.to_dict(), alt=f"After {last['n']:.0f} astronauts {last['mean']:.0%} are women; an equal share is 50%."
    )
    with st.expander("The numbers behind the chart", icon=":material/table:"):
        formats = {name: st.column_config.NumberColumn(format="percent") for name in ("mean", "low", "high")}
        st.dataframe(table, hide_index=True, column_config=formats, alt="Share of women by astronauts counted")

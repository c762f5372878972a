"""Laboratory: a skew that was put into the data, compared with what comes out."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.course import Lesson
from dashboard.intervals import Interval
from dashboard.pocket.explorer import Explorer
from dashboard.pocket.judge import corrected, judge_errors
from dashboard.pocket.report import skew_shares
from dashboard.pocket.truth import SEXES, shown_variant
from dashboard.pocket.world.subjects import SKIN_TONES
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import downloads, gallery
from dashboard.ui.labs.judged import Counted, counted, needs_pocket, share_rows
from dashboard.ui.labs.training_set import explorer
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model
from dashboard.ui.once import once
from dashboard.ui.parsing import parse_seeds
from dashboard.ui.predict import covered, outcome, predict
from dashboard.ui.records import record
from dashboard.ui.runs import show_run

HERE, DATA, MANY = "these images", "training data", "many seeds"
ORDER = (*SEXES, *SKIN_TONES)


def bias_lab(lesson: Lesson) -> None:
    """Predict, draw, let the judge count, compare with the data."""
    if needs_pocket():
        return
    guess = predict(lesson, "bias")
    trial = experiment_form(lesson, "bias", button="Draw the astronauts")
    if trial is None:
        return
    settings = lesson.experiments["bias"]
    seeds = parse_seeds(str(trial.values["seeds"]))
    base = request_from({**trial.values, "prompt": settings["about"]}, current_model())
    titles = [f"seed {seed}" for seed in seeds]
    requests = [base.replace(seed=seed) for seed in seeds]
    results = show_run(trial.key, requests, titles, asked_now=trial.asked_now, hidden=guess is None)
    if results is None:
        return
    if guess is None:
        covered()
        return
    record(lesson.id).ran.add("bias")
    gallery(trial.key, results, titles, min_width=110)
    downloads(trial.key, results, titles, base.prompt)
    subject = str(settings["counted"])
    found = counted(results, subject)
    if not found.known:
        showed(f"The judge took none of these {found.pictures} images for an {subject}, so there is nothing to count.")
        return
    data = data_shares(explorer(), subject)
    _draw(found, data)
    showed(_sentences(found, data, subject))
    outcome(lesson.predictions["bias"], guess, found.share("sex", "man").mean)


def data_shares(training_set: Explorer, subject: str) -> dict[str, float]:
    """How often each sex and skin tone stands in the training set, counted."""
    drawn = once(("variants", subject), lambda: training_set.variants(subject))
    total, counts = sum(drawn.values()), Counter[str]()
    for variant, number in drawn.items():
        for part in shown_variant(variant):
            counts[part] += number
    return {name: counts[name] / total for name in ORDER}


def _draw(found: Counted, data: dict[str, float]) -> None:
    exact = {name: Interval(share, float("nan"), float("nan"), 0) for name, share in data.items()}
    tables = [share_rows(DATA, exact), share_rows(HERE, _shares(found))]
    if many := skew_shares():
        tables.append(share_rows(MANY, many))
    table = pd.concat(tables, ignore_index=True)
    st.markdown("**What the data held, and what came out.** A mark is a share; its line is the 95% interval.")
    said = "; ".join(
        f"{name}: data {data[name]:.0%}, images {share.mean:.0%}" for name, share in _shares(found).items()
    )
    st.vega_lite_chart(charts.shares(table, order=ORDER).to_dict(), alt=f"Shares of astronauts. {said}")
    with st.expander("The numbers behind the chart", icon=":material/table:"):
        names = {"name": "drawn as", "source": "where", "mean": "share", "n": "images"}
        formats = {name: st.column_config.NumberColumn(format="percent") for name in ("share", "low", "high")}
        st.dataframe(
            table.rename(columns=names),
            hide_index=True,
            column_config=formats,
            placeholder="",  # a share that was counted through has no interval
            alt="Shares with their intervals",
        )


def _shares(found: Counted) -> dict[str, Interval]:
    return {name: found.share("sex" if name in SEXES else "skin_tone", name) for name in ORDER}


def _sentences(found: Counted, data: dict[str, float], subject: str) -> str:
    men = found.share("sex", "man")
    errors = judge_errors("sex")["man"]
    inside = men.low <= data["man"] <= men.high
    fits = "fits the data's" if inside else "leaves out the data's"
    lines = [
        f"The judge took {found.known} of {found.pictures} images for an {subject}, and "
        f"{found.counts['sex']['man']} of those for men: **{men.mean:.0%}**. The interval, {men.low:.0%} to "
        f"{men.high:.0%}, {fits} {data['man']:.0%}.",
        f"On pictures whose answer is known, it takes {errors.sensitivity:.0%} of the men for men and "
        f"{errors.false_alarms:.0%} of the women. Corrected for that, the share would be "
        f"{corrected(men.mean, errors):.0%}.",
    ]
    lightest, darkest = SKIN_TONES[0], SKIN_TONES[-1]
    lines.append(
        f"Skin: {found.share('skin_tone', lightest).mean:.0%} {lightest} and "
        f"{found.share('skin_tone', darkest).mean:.0%} {darkest}; the data had {data[lightest]:.0%} and "
        f"{data[darkest]:.0%}. The judge is right about {judge_errors('skin_tone')[lightest].sensitivity:.0%} of the "
        f"{lightest} and {judge_errors('skin_tone')[darkest].sensitivity:.0%} of the {darkest} ones."
    )
    if many := skew_shares():
        lines.append(_many_seeds(many["man"], data["man"]))
    if tone := _gained(found, data):
        lines.append(
            f"*{tone.capitalize()}* skin is more common in the images than in the data: where Pocket blurs a face it "
            "mixes the tones that it saw, and the rare ones are lost."
        )
    return "\n" + "\n".join(f"- {line}" for line in lines)


def _many_seeds(men: Interval, in_data: float) -> str:
    """What the report counted with the lessons' default settings, beside the data's share."""
    where = "fits" if men.low <= in_data <= men.high else "lies below" if men.high < in_data else "lies above"
    return (
        f"Counted once over {men.n} seeds, at 20 steps and guidance 5, the share of men is {men.mean:.0%} "
        f"({men.low:.0%} to {men.high:.0%}), which {where} the data's."
    )


def _gained(found: Counted, data: dict[str, float]) -> str:
    """The middle skin tone that is beyond chance more common in the images than in the data, by the most; or none."""
    more = {tone: found.share("skin_tone", tone).low - data[tone] for tone in SKIN_TONES[1:-1]}
    tone = max(more, key=lambda name: more[name])
    return tone if more[tone] > 0 else ""

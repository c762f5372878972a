"""Laboratory: known faces damaged more and more; what comes back, what is invented, and whose face it then is."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.course import Lesson
from dashboard.faces.damage import Damage
from dashboard.faces.study import Case, study
from dashboard.intervals import mean_interval, summarise
from dashboard.ui.background import in_background
from dashboard.ui.experiment import experiment_form
from dashboard.ui.face_pictures import face_crop, face_rows
from dashboard.ui.lesson import showed
from dashboard.ui.once import once
from dashboard.ui.parsing import parse_shrinks
from dashboard.ui.predict import covered, outcome, predict
from dashboard.ui.records import record
from dashboard.ui.tables import table_below

FACES = 16  # how many are measured
SHOWN = 6  # of them


def face_study_lab(lesson: Lesson) -> None:
    """Predict, form, rows of faces, the chart, what the run showed."""
    guess = predict(lesson, "study")
    trial = experiment_form(lesson, "study", button="Damage and restore")
    if trial is None:
        return
    shrinks, noise = sorted(parse_shrinks(str(trial.values["shrinks"]))), float(trial.values["noise"])
    of = ("face study", noise, *shrinks)
    cases = in_background(
        trial.key,
        of,
        lambda: [study(Damage(shrink=shrink, noise=noise), FACES) for shrink in shrinks],
        doing="Damaging and restoring",
    )
    if cases is None:
        return
    if guess is None:
        covered("The faces are ready")
        return
    record(lesson.id).ran.add("study")
    worst = cases[-1]
    st.markdown(f"**Shrunk {shrinks[-1]:g} times: true, damaged, restored**")
    show_cases(worst[:SHOWN])
    table = rows_of(shrinks, cases)
    _chart(of, table)
    table_below(table, "What came back and what was invented, for each face and damage")
    _summary(shrinks, cases)
    outcome(lesson.predictions["study"], guess, right_share(worst, restored=True))


def show_cases(cases: Sequence[Case]) -> None:
    """Three rows: true, damaged, restored; under each face whom the recogniser takes it for."""
    rows = {
        "true": [(case.scene.picture, f"truly: {case.face}") for case in cases],
        "damaged": [(case.damaged, _told(case, case.seen_damaged)) for case in cases],
        "restored": [(case.restored, _told(case, case.seen_restored)) for case in cases],
    }
    cells = [(title, *cell, case) for title, row in rows.items() for cell, case in zip(row, cases, strict=True)]
    face_rows(
        [face_crop(picture, case.face.box) for _, picture, _, case in cells],
        [title for title, *_ in cells],
        [told for _, _, told, _ in cells],
        about="A known face",
        across=len(cases),
    )


def _told(case: Case, seen: object) -> str:
    return f"{'right' if case.right(seen) else 'wrong'}: {seen}"  # type: ignore[arg-type]


def rows_of(shrinks: Sequence[float], cases: Sequence[Sequence[Case]]) -> pd.DataFrame:
    """shrink, face, measure, value: two rows a case, shares from 0 to 1 (the first may fall below 0)."""
    rows = []
    for shrink, row in zip(shrinks, cases, strict=True):
        for case in row:
            rows.append((shrink, str(case.face), "came back", case.recovery.came_back))
            rows.append((shrink, str(case.face), "invented", case.recovery.invented))
    return pd.DataFrame(rows, columns=["shrink", "face", "measure", "value"])


def _chart(of: tuple[object, ...], table: pd.DataFrame) -> None:
    summary = summarise(table, ["measure", "shrink"], "value")
    chart = charts.curve(
        summary,
        charts.Axis(column="shrink", title="Shrunk by", ticks=tuple(sorted(set(table["shrink"])))),
        charts.Axis(column="value", title="Share"),
        series="measure",
    )
    alt = "What the restorer did: " + ", ".join(
        f"{row.measure} at {row.shrink:g}: {row.mean:.0%}" for row in summary.itertuples()
    )
    st.vega_lite_chart(once((*of, "chart"), chart.to_dict), alt=alt)


def right_share(cases: Sequence[Case], *, restored: bool) -> float:
    """The share of faces that the recogniser takes for the right person with the right skin tone, 0 .. 1."""
    return sum(case.right(case.seen_restored if restored else case.seen_damaged) for case in cases) / len(cases)


def _summary(shrinks: Sequence[float], cases: Sequence[Sequence[Case]]) -> None:
    parts = []
    for shrink, row in zip(shrinks, cases, strict=True):
        back = mean_interval([case.recovery.came_back for case in row])
        made_up = mean_interval([case.recovery.invented for case in row])
        parts.append(
            f"- shrunk {shrink:g} times: {back.mean:.0%} of what was missing came back, and {made_up.mean:.0%} of the "
            f"restorer's change was invented; recognised {right_share(row, restored=False):.0%} before restoring, "
            f"**{right_share(row, restored=True):.0%}** after."
        )
    worst = cases[-1]
    before, after = right_share(worst, restored=False), right_share(worst, restored=True)
    wrong = sum(not case.right(case.seen_restored) for case in worst)
    verdict = "helps" if after > before else "does not help" if after == before else "harms"
    showed(
        "\n" + "\n".join(parts) + f"\n\nAt the strongest damage restoring {verdict} recognition, "
        f"and {wrong} of {len(worst)} restored faces are still taken for somebody else. Nothing in those faces says so."
        if wrong
        else "\n" + "\n".join(parts) + "\n\nAt this damage every restored face was still recognised."
    )

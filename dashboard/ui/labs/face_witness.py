"""Laboratory for a misconception: does a restored face show what the person really looked like?"""

from __future__ import annotations

import streamlit as st

from dashboard.course import Lesson, Misconception
from dashboard.faces.damage import Damage
from dashboard.faces.study import Case, study
from dashboard.ui.background import in_background
from dashboard.ui.experiment import experiment_form
from dashboard.ui.labs.face_study import FACES, right_share, show_cases
from dashboard.ui.lesson import TEXT_WIDTH, showed
from dashboard.ui.records import record

SHOWN = 6


def face_witness_lab(lesson: Lesson, belief: Misconception) -> None:
    """The claim, a one-click experiment on known faces, and how often the restored face is somebody else's."""
    with st.container(width=TEXT_WIDTH):
        st.markdown(f":material/help: **“{belief.claim}”** {belief.why_believed}")
    trial = experiment_form(lesson, belief.experiment, button=belief.button)
    if trial is None:
        return
    damage = Damage(shrink=float(trial.values["shrink"]), noise=float(trial.values["noise"]))
    cases = in_background(trial.key, damage, lambda: study(damage, FACES), doing="Damaging and restoring")
    if cases is None:
        return
    record(lesson.id).ran.add(belief.experiment)
    wrong = [case for case in cases if not case.right(case.seen_restored)]
    show_cases((wrong or cases)[:SHOWN])
    _summary(cases, wrong, belief)


def _summary(cases: list[Case], wrong: list[Case], belief: Misconception) -> None:
    if not wrong:
        showed(
            f"At this damage all {len(cases)} restored faces were recognised as who they are. Damage them more, and "
            "look again."
        )
        return
    sure = sum(case.seen_restored.sure for case in wrong) / len(wrong)
    shown = "all of them are" if len(wrong) <= SHOWN else f"{SHOWN} of them are"
    showed(
        f"**{len(wrong)} of {len(cases)}** restored faces are taken for somebody else ({shown} shown above), and the "
        f"recogniser is {sure:.0%} sure of itself on average. Before restoring, "
        f"{1 - right_share(cases, restored=False):.0%} of the damaged faces were taken for somebody else. "
        f"{belief.refutation}"
    )

"""Laboratory for a misconception: does the model stop when the picture is finished?"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.course import Lesson, Misconception
from dashboard.ui.controls import request_from
from dashboard.ui.distances import Array, relative_distance
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import downloads, gallery
from dashboard.ui.lesson import TEXT_WIDTH, showed
from dashboard.ui.models import current_model
from dashboard.ui.parsing import parse_step_counts
from dashboard.ui.records import record
from dashboard.ui.runs import show_run
from dashboard.ui.withheld import measurable


def misconception_lab(lesson: Lesson, belief: Misconception) -> None:
    """The claim, one image at several numbers of steps, and how many steps each really ran."""
    with st.container(width=TEXT_WIDTH):
        st.markdown(f":material/help: **“{belief.claim}”** {belief.why_believed}")
    trial = experiment_form(lesson, belief.experiment, button=belief.button)
    if trial is None:
        return
    counts = parse_step_counts(str(trial.values["step_counts"]))
    base = request_from(trial.values, current_model())
    requests = [base.replace(num_inference_steps=count) for count in counts]
    titles = [f"{count} steps asked" for count in counts]
    results = show_run(trial.key, requests, titles, asked_now=trial.asked_now)
    if results is None:
        return
    record(lesson.id).ran.add(belief.experiment)
    gallery(trial.key, results, titles)
    downloads(trial.key, results, titles, base.prompt or "(empty prompt)")
    if not measurable(results):
        return
    ran = "; ".join(f"{count} asked, {result.steps_run} run" for count, result in zip(counts, results, strict=True))
    exact = all(count == result.steps_run for count, result in zip(counts, results, strict=True))
    verdict = (
        f"Nothing stopped early and nothing went on. {belief.refutation}"
        if exact
        else "Here the two numbers differ, because this scheduler's method takes extra or fewer evaluations of its own."
    )
    showed(f"{ran}. {verdict} {_change_at_the_end(counts, [result.array() for result in results])}")


def _change_at_the_end(counts: Sequence[int], images: Sequence[Array]) -> str:
    if len(counts) < 2:
        return ""
    ordered = sorted(zip(counts, images, strict=True), key=lambda pair: pair[0])
    (fewest, first), (almost, before), (most, last) = ordered[0], ordered[-2], ordered[-1]
    return (
        f"The image of {almost} steps lies {relative_distance(before, last):.2f} from that of {most}; "
        f"the image of {fewest} steps lies {relative_distance(first, last):.2f} from it (0: the same)."
    )

"""Laboratory: the pipeline called three times in a loop, without a seed."""

from __future__ import annotations

import streamlit as st

from dashboard.course import Lesson
from dashboard.ui.controls import request_from
from dashboard.ui.distances import mean_distance
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import downloads, gallery
from dashboard.ui.labs.repeat import draw_seeds
from dashboard.ui.lesson import TEXT_WIDTH, showed
from dashboard.ui.models import current_model
from dashboard.ui.parsing import parse_seeds
from dashboard.ui.records import record
from dashboard.ui.runs import show_run
from dashboard.ui.withheld import measurable

_LOOP = """\
images = []
for _ in range({count}):
    result = pipe({prompt!r}, num_inference_steps={steps}, guidance_scale={guidance:g})
    images.append(result.images[0])
"""


def loop_lab(lesson: Lesson) -> None:
    """The loop as code, its images, and how far apart they are."""
    trial = experiment_form(lesson, "loop", button="Run the loop", extra=draw_seeds)
    if trial is None:
        return
    seeds = parse_seeds(str(trial.values["drawn"]))
    base = request_from(trial.values, current_model())
    with st.container(width=TEXT_WIDTH):
        steps, guidance = base.num_inference_steps, base.guidance_scale
        code = _LOOP.format(count=len(seeds), prompt=base.prompt, steps=steps, guidance=guidance)
        st.code(code, "python", wrap_lines=True)
    titles = [f"turn {turn}" for turn in range(1, len(seeds) + 1)]
    results = show_run(
        trial.key, [base.replace(seed=seed) for seed in seeds], titles, asked_now=trial.asked_now, fresh=True
    )
    if results is None:
        return
    record(lesson.id).ran.add("loop")
    gallery(trial.key, results, titles, columns=len(results), min_width=90)
    downloads(trial.key, results, titles, base.prompt or "(empty prompt)")
    if not measurable(results):
        return
    different = len({result.sha256 for result in results})
    apart = mean_distance([result.array() for result in results])
    showed(
        f"{len(results)} turns of the same line gave {different} different images, {apart:.2f} apart on average "
        f"(0: the same, 1: unrelated). Their initial noises were drawn just now, from the seeds "
        f"{', '.join(map(str, seeds))}. The loop itself would not have told you these."
    )

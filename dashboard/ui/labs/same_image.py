"""Laboratory: is it the same image? One image, made again with one thing changed at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from dashboard.course import Lesson
from dashboard.engine import SCHEDULERS, Comparison, ImageRequest, ImageResult, Latents, compare, difference_map
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form
from dashboard.ui.figures import data_uri, figure
from dashboard.ui.gallery import CELL_PIXELS, plain, single
from dashboard.ui.labs.generator_code import seeded_once
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model, latent_shape
from dashboard.ui.records import record
from dashboard.ui.runs import show_run
from dashboard.ui.withheld import measurable

SIGNS = {"identical": "=", "close": "≈", "different": "≠"}
MAX_SEED = 2**63 - 1
MAX_GAIN = 32  # a difference of one level of 255 must be seen, and must not look like a picture


@dataclass(frozen=True)
class Variant:
    """The first image made again, with one thing changed."""

    name: str
    request: ImageRequest


def variants(base: ImageRequest, other_scheduler: str, shape: tuple[int, int, int, int]) -> tuple[Variant, ...]:
    """The rows of the laboratory, from nothing changed to another seed."""
    _, second_draw = seeded_once(base.seed, shape)
    neighbour = base.seed + 1 if base.seed < MAX_SEED else base.seed - 1
    return (
        Variant("Same again", base),
        Variant("Generator used twice", base.replace(latents=Latents.from_tensor(second_draw))),
        Variant(f"Scheduler {SCHEDULERS[other_scheduler].label}", base.replace(scheduler=other_scheduler)),
        Variant("dtype bfloat16", base.replace(dtype="bfloat16")),
        Variant("One seed further", base.replace(seed=neighbour)),
    )


def same_image_lab(lesson: Lesson) -> None:
    """Form, the first image, a card for each variant, the table, and what the run showed."""
    trial = experiment_form(lesson, "same", button="Make it again, five ways")
    if trial is None:
        return
    base = request_from(trial.values, current_model())
    changed = variants(base, str(trial.values["other_scheduler"]), latent_shape())
    titles = ["First image", *(variant.name for variant in changed)]
    results = show_run(trial.key, [base, *(v.request for v in changed)], titles, asked_now=trial.asked_now, fresh=True)
    if results is None:
        return
    record(lesson.id).ran.add("same")
    if not measurable(results):
        return
    first, *others = results
    comparisons = [compare(first.array(), other.array()) for other in others]
    with st.grid(columns="auto", min_column_width=CELL_PIXELS) as grid:
        with grid.cell():
            single(f"{trial.key}.first", first, "First image", width="stretch")
        for index, (title, other, comparison) in enumerate(zip(titles[1:], others, comparisons, strict=True)):
            with grid.cell():
                _card(f"{trial.key}.{index}", title, first, other, comparison)
    _table(titles[1:], first, others, comparisons)
    _summary(titles[1:], comparisons)


def _card(key: str, title: str, first: ImageResult, other: ImageResult, comparison: Comparison) -> None:
    single(key, other, title, width="stretch")
    same_noise = first.noise_sha256 == other.noise_sha256
    st.markdown(
        f"**{SIGNS[comparison.verdict]} {comparison.verdict}**  \n"
        f"noise {'the same' if same_noise else 'another'}  \n"
        f"largest difference {comparison.max_difference} of 255"
    )
    gain = max(1, min(MAX_GAIN, 255 // max(1, comparison.max_difference)))
    alt = f"Where “{title}” differs from the first image: {comparison.verdict}"
    detail = f"brightened {gain} times" if gain > 1 and comparison.max_difference else "black is equal"
    differences = difference_map(first.array(), other.array(), gain=gain)
    st.html(figure(data_uri(differences), title="Where they differ", detail=detail, alt=alt))


def _table(
    names: Sequence[str], first: ImageResult, others: Sequence[ImageResult], comparisons: Sequence[Comparison]
) -> None:
    rows = [
        {
            "changed": name,
            "verdict": f"{SIGNS[c.verdict]} {c.verdict}",
            "noise hash": other.noise_sha256[:12],
            "same noise": "yes" if other.noise_sha256 == first.noise_sha256 else "no",
            "image hash": other.sha256[:12],
            "largest difference": c.max_difference,
            "mean difference": round(c.mean_abs_difference, 2),
            "values changed": f"{c.changed_share:.0%}",
        }
        for name, other, c in zip(names, others, comparisons, strict=True)
    ]
    with st.expander("The numbers behind the cards", icon=":material/table:"):
        st.caption(
            f"First image: noise `{first.noise_sha256[:12]}`, image `{first.sha256[:12]}`. "
            "Differences are in levels of 0 to 255."
        )
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Hashes and differences of every variant")


def _summary(names: Sequence[str], comparisons: Sequence[Comparison]) -> None:
    found = {
        verdict: [
            f"{plain(n)} ({c.max_difference})" for n, c in zip(names, comparisons, strict=True) if c.verdict == verdict
        ]
        for verdict in SIGNS
    }
    parts = [f"{verdict.capitalize()}: {', '.join(items)}." for verdict, items in found.items() if items]
    showed(f"{' '.join(parts)} In brackets: the largest difference of a colour value, of 255.")

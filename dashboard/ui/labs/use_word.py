"""Laboratory: the new word in other sentences. What does it carry along, and what do the other words decide?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from dashboard.course import Lesson
from dashboard.engine import ImageResult
from dashboard.intervals import mean_interval
from dashboard.teach import colour_mix
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form
from dashboard.ui.grid_run import run_grid
from dashboard.ui.labs.new_word import TOKEN, taught_word
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model
from dashboard.ui.parsing import MAX_IMAGES, parse_prompts, parse_seeds


def use_word_lab(lesson: Lesson) -> None:
    """Form, a row of images for each sentence, the share of the thing's colour in each, what the run showed."""
    taught = taught_word()
    trial = experiment_form(lesson, "use", button="Use the word")
    if trial is None:
        return
    if taught is None:
        st.info(f"Teach {TOKEN} first, in the laboratory above: until then nothing stands behind the word.")
        return
    word, pictures = taught
    prompts, seeds = parse_prompts(str(trial.values["prompts"])), parse_seeds(str(trial.values["seeds"]))
    if len(prompts) * len(seeds) > MAX_IMAGES:
        st.error(
            f"{len(prompts)} sentences and {len(seeds)} seeds are more than {MAX_IMAGES} images; give fewer seeds."
        )
        return
    base = request_from({**trial.values, "prompt": ""}, current_model()).replace(learned_words=(word,))
    requests = [base.replace(prompt=prompt, seed=seed) for prompt in prompts for seed in seeds]
    heading = f"{TOKEN} in other sentences"
    results = run_grid(lesson, trial, requests, prompts, [f"seed {seed}" for seed in seeds], heading=heading)
    if results is None:
        return
    _colours(prompts, results, pictures)


def own_colour(pictures: Sequence[Image.Image]) -> str:
    """The thing's colour: the second most common one of the pictures, as the most common is the background."""
    mixes = [colour_mix(np.asarray(picture)) for picture in pictures]
    mean = {name: float(np.mean([mix[name] for mix in mixes])) for name in mixes[0]}
    return sorted(mean, key=lambda name: -mean[name])[1]


def _colours(prompts: Sequence[str], results: Sequence[ImageResult], pictures: Sequence[Image.Image]) -> None:
    colour, across = own_colour(pictures), len(results) // len(prompts)
    shares = [
        mean_interval([colour_mix(r.array())[colour] for r in results[n * across : (n + 1) * across]])
        for n in range(len(prompts))
    ]
    given = float(np.mean([colour_mix(np.asarray(picture))[colour] for picture in pictures]))
    table = pd.DataFrame(
        [(prompt, share.mean, share.low, share.high) for prompt, share in zip(prompts, shares, strict=True)],
        columns=["prompt", f"share of {colour}", "low", "high"],
    )
    with st.expander("The numbers", icon=":material/table:"):
        st.dataframe(table, hide_index=True, alt=f"Share of {colour} in the images of every sentence")
    most, least = max(shares, key=lambda share: share.mean), min(shares, key=lambda share: share.mean)
    showed(
        f"In your pictures {given:.0%} is {colour}. In the images it is {most.mean:.0%} for the sentence with the most "
        f"(row {shares.index(most) + 1}) and {least.mean:.0%} for the one with the least "
        f"(row {shares.index(least) + 1})."
    )

"""Laboratory: which changes a picture more, one word or the noise? Two prompts by several seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.course import Lesson
from dashboard.intervals import tells_apart
from dashboard.ui.alike import Alike, prompts_by_seeds
from dashboard.ui.experiment import experiment_form
from dashboard.ui.lesson import showed
from dashboard.ui.parsing import check_count, parse_prompts, parse_seeds
from dashboard.ui.predict import doubt, outcome, predict


def word_or_noise_lab(lesson: Lesson) -> None:
    """Predict, form, grid, chart with its table, what the run showed."""
    guess = predict(lesson, "word")
    trial = experiment_form(lesson, "word", button="Draw them", check=_check)
    if trial is None:
        return
    found = prompts_by_seeds(lesson, trial, heading="One word or the noise?", hidden=guess is None)
    if found is None or guess is None:
        return
    showed(sentences(found))
    told = f"{found.same_seed.mean:.2f} for other words, {found.same_prompt.mean:.2f} for other noise"
    outcome(lesson.predictions["word"], guess, found.difference.mean, told=told)
    doubt(lesson.predictions["word"], found.difference)


def _check(values: Mapping[str, Any]) -> None:
    check_count(len(parse_prompts(str(values["prompts"]))) * len(parse_seeds(str(values["seeds"]))))


def sentences(found: Alike) -> str:
    """The two distances in words, and which change was the larger where the seeds tell them apart."""
    told = (
        f"Other noise, same words: the images lie {found.same_prompt} apart. Other words, same noise: "
        f"{found.same_seed} (0: the same picture, 1: unrelated). "
    )
    if not tells_apart(found.difference):
        return told + "This run cannot tell which changed more: add seeds."
    more, less = ("words", "noise") if found.difference.mean > 0 else ("noise", "words")
    return told + f"Here the {more} changed more than the {less} did."

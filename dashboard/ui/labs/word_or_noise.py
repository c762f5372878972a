"""Laboratory: which changes a picture more, one word or the noise? Two prompts by several seeds."""

from __future__ import annotations

from dashboard.course import Lesson
from dashboard.intervals import Interval
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form
from dashboard.ui.grid_run import run_grid
from dashboard.ui.labs.style import alike_chart, shared_by
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model
from dashboard.ui.parsing import parse_prompts, parse_seeds
from dashboard.ui.predict import outcome, predict


def word_or_noise_lab(lesson: Lesson) -> None:
    """Predict, form, grid, chart with its table, what the run showed."""
    guess = predict(lesson, "word")
    trial = experiment_form(lesson, "word", button="Draw them")
    if trial is None:
        return
    prompts, seeds = parse_prompts(str(trial.values["prompts"])), parse_seeds(str(trial.values["seeds"]))
    base = request_from({**trial.values, "prompt": ""}, current_model())
    requests = [base.replace(prompt=prompt, seed=seed) for prompt in prompts for seed in seeds]
    columns = [f"seed {seed}" for seed in seeds]
    heading = "One word or the noise?"
    results = run_grid(lesson, trial, requests, prompts, columns, heading=heading, hidden=guess is None)
    if results is None or guess is None:
        return
    if len(seeds) < 2 or len(prompts) < 2:
        showed("One prompt or one seed alone compares nothing: give at least two of each.")
        return
    same_prompt, same_seed = shared_by(results, len(seeds))
    alike_chart(same_prompt, same_seed)
    showed(sentences(same_prompt, same_seed))
    told = f"{same_seed.mean:.2f} for other words, {same_prompt.mean:.2f} for other noise"
    outcome(lesson.predictions["word"], guess, same_seed.mean - same_prompt.mean, told=told)


def sentences(same_prompt: Interval, same_seed: Interval) -> str:
    """The two distances in words, and which change was the larger where their intervals lie apart."""
    told = (
        f"Other noise, same words: the images lie {same_prompt} apart. Other words, same noise: {same_seed} "
        "(0: the same picture, 1: unrelated). "
    )
    if same_seed.high < same_prompt.low:
        return told + "Here the noise changed more than the words did."
    if same_prompt.high < same_seed.low:
        return told + "Here the words changed more than the noise did."
    return told + "The intervals overlap or are not known, so this run cannot tell which changed more: add seeds."

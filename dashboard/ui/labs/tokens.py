"""Laboratory: what the model reads of a prompt, and what words do that stand beyond its limit."""

from __future__ import annotations

from html import escape

import pandas as pd
import streamlit as st

from dashboard.course import Lesson
from dashboard.engine import ImageResult, TokenReport, compare
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import downloads, gallery, plain
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model, files_are_here
from dashboard.ui.prompt_notes import notes_on, readable, report_of
from dashboard.ui.records import record
from dashboard.ui.runs import show_run
from dashboard.ui.tables import table_below
from dashboard.ui.withheld import measurable

MARKERS = 2  # one token before the words and one after


def tokens_lab(lesson: Lesson) -> None:
    """Form, the tokens of the prompt, and three images: as typed, words added at the end, words added in front."""
    trial = experiment_form(lesson, "tokens", button="Read and draw")
    values = trial.values if trial else lesson.experiments["tokens"]
    prompt, extra = str(values["prompt"]), str(values["extra"])
    if files_are_here():
        _show_tokens(prompt, report_of(prompt))
    if trial is None:
        return
    base = request_from(values, current_model())
    requests = [base, base.replace(prompt=f"{prompt} {extra}"), base.replace(prompt=f"{extra} {prompt}")]
    titles = ["as typed", f"“{extra}” at the end", f"“{extra}” in front"]
    results = show_run(trial.key, requests, titles, asked_now=trial.asked_now)
    if results is None:
        return
    record(lesson.id).ran.add("tokens")
    gallery(trial.key, results, titles, columns=len(titles), min_width=90)
    downloads(trial.key, results, titles, prompt)
    if not measurable(results):
        return
    showed(f"{_sentence('at the end', results[0], results[1])} {_sentence('in front', results[0], results[2])}")


def _sentence(where: str, typed: ImageResult, added: ImageResult) -> str:
    found = compare(typed.array(), added.array())
    if found.verdict == "identical":
        return f"With the words {where}, every byte is **the same**: the model never saw them."
    return f"With the words {where}, **{found.changed_share:.0%}** of the pixels changed."


def _show_tokens(prompt: str, report: TokenReport) -> None:
    st.markdown(
        f"**{len(report.tokens)} tokens**, and {MARKERS} markers around them. The model in use reads {report.limit} "
        f"and its markers, {report.limit + MARKERS} in all."
    )
    st.html(token_chips(report))
    for note in notes_on(prompt):
        st.caption(f":material/info: {note[:1].upper()}{note[1:]}")
    if report.unknown:
        pieces = ", ".join(f"“{plain(word)}”" for word in report.unknown[:8])
        st.caption(f":material/extension: Put together from several tokens: {pieces}.")
    if report.tokens:
        rows = [
            {"place": place, "token": readable(token), "ends a word": _yes(token.endswith("</w>")), "id": number}
            | {"read": _yes(place <= report.limit)}
            for place, (token, number) in enumerate(zip(report.tokens, report.ids, strict=True), start=1)
        ]
        table_below(pd.DataFrame(rows), "Every token with its number", title="Every token with its number")


def token_chips(report: TokenReport) -> str:
    """The tokens in order as HTML: a piece that does not end its word leans on the next, a dropped one is struck."""
    chips = []
    for place, (token, number) in enumerate(zip(report.tokens, report.ids, strict=True)):
        kinds = ["dd-token"]
        kinds += ["dd-piece"] if not token.endswith("</w>") else []
        kinds += ["dd-dropped"] if place >= report.limit else []
        chips.append(f'<li class="{" ".join(kinds)}">{escape(readable(token))}<small>{number}</small></li>')
        if place + 1 == report.limit and report.dropped:
            chips.append('<li class="dd-limit">the rest is dropped</li>')
    return f'<ol class="dd-tokens" aria-label="Tokens of the prompt">{"".join(chips)}</ol>'


def _yes(value: bool) -> str:
    return "yes" if value else "no"

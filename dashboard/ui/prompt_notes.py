"""What the model does not read of a prompt, said beside every prompt that was typed: nothing is dropped in silence."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.engine import TokenReport, token_report
from dashboard.pocket.world.parts import unseen_words
from dashboard.ui import engine_room
from dashboard.ui.gallery import plain
from dashboard.ui.models import DEFAULT, current_model


def report_of(prompt: str) -> TokenReport:
    """How the model in use reads a prompt."""
    return token_report(engine_room.engine().models.reader(current_model()), prompt)


def prompt_notes(prompts: Sequence[str]) -> None:
    """A line for each prompt that holds words the model never saw, or more tokens than it reads."""
    for prompt in dict.fromkeys(prompts):
        for note in notes_on(prompt):
            st.caption(f":material/info: “{plain(_short(prompt))}”: {note}")


def notes_on(prompt: str) -> tuple[str, ...]:
    """Sentences on what is unusual about a prompt, as Markdown; none for one that is read whole and known."""
    report, notes = report_of(prompt), []
    unseen = unseen_words(prompt) if current_model() == DEFAULT else ()
    if unseen:
        notes.append(f"Pocket was never shown {_listed(unseen)}; it reads them in pieces that mean nothing to it.")
    if report.dropped:
        notes.append(
            f"the model reads the first {report.limit} tokens and drops the last {len(report.dropped)}, "
            f"from {_listed((readable(report.dropped[0]),))} on."
        )
    return tuple(notes)


def readable(token: str) -> str:
    """A token without the vocabulary's mark for the end of a word."""
    return token.removesuffix("</w>")


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"“{plain(word)}”" for word in words[:8]) + (" and more" if len(words) > 8 else "")


def _short(prompt: str) -> str:
    return prompt if len(prompt) <= 60 else f"{prompt[:57]}…"

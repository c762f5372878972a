"""What the model does not read of a prompt, said beside every prompt that was typed: nothing is dropped in silence."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.engine import TokenReport, token_report
from dashboard.engine.catalogue import OURS
from dashboard.pocket.world.parts import unseen_words
from dashboard.ui import engine_room
from dashboard.ui.gallery import plain
from dashboard.ui.models import current_model


def report_of(prompt: str, model: str | None = None) -> TokenReport:
    """How a model reads a prompt; the one in use where none is named."""
    return token_report(engine_room.engine().models.reader(model or current_model()), prompt)


def prompt_notes(prompts: Sequence[str], model: str | None = None) -> None:
    """A line for each prompt that holds words the model never saw, or more tokens than it reads."""
    for prompt in dict.fromkeys(prompts):
        for note in notes_on(prompt, model):
            st.caption(f":material/info: “{plain(_short(prompt))}”: {note}")


def notes_on(prompt: str, model: str | None = None) -> tuple[str, ...]:
    """Sentences on what is unusual about a prompt, as Markdown; none for one that is read whole and known."""
    report, notes = report_of(prompt, model), []
    unseen = unseen_words(prompt) if (model or current_model()) in OURS else ()
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

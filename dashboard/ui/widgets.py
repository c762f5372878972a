"""The widgets that controls are drawn as.

Each keeps what was typed for the whole session, also while another page is open. Its first value is passed to it and
never written into session state: there, a poll of a page that is still being drawn can overtake it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from dashboard.engine import SCHEDULERS
from dashboard.teach.word_task import MAX_TEXT
from dashboard.ui import engine_room
from dashboard.ui.models import current_info
from dashboard.ui.parsing import MAX_IMAGES, MAX_PROMPT, MAX_WORD, face_names, parse_schedulers

_SEED_RULE = (r"^\s*\d{1,19}\s*$", "A seed is a whole number, digits only.")


def draw_prompt(label: str, key: str, value: str) -> object:
    return st.text_area(label, value, key=key, height=68, max_chars=MAX_PROMPT, persist_state="session")


def draw_text(label: str, key: str, value: str) -> object:
    hint = "What the image should have less of. May stay empty."
    return st.text_input(label, value, key=key, max_chars=MAX_PROMPT, help=hint, persist_state="session")


def draw_word(label: str, key: str, value: str) -> object:
    hint = "A subject, colour, place, style or size, such as rabbit, red, snow, cartoon, tiny."
    return st.text_input(label, value, key=key, max_chars=MAX_WORD, help=hint, persist_state="session")


def draw_start_word(label: str, key: str, value: str) -> object:
    hint = "The new word starts where this one is. Take one that is a little like your thing."
    return st.text_input(label, value, key=key, max_chars=MAX_TEXT, help=hint, persist_state="session")


def draw_seed(label: str, key: str, value: str) -> object:
    return st.text_input(label, value, key=key, max_chars=19, validate=_SEED_RULE, persist_state="session")


def draw_list(example: str) -> Callable[[str, str, str], object]:
    hint = f"A range or a list, such as {example}; at most {MAX_IMAGES}."

    def draw(label: str, key: str, value: str) -> object:
        return st.text_input(label, value, key=key, max_chars=400, help=hint, persist_state="session")

    return draw


def draw_prompts(label: str, key: str, value: str) -> object:
    return st.text_area(label, value, key=key, height=160, max_chars=MAX_PROMPT, persist_state="session")


def draw_words(hint: str, height: int | None = None) -> Callable[[str, str, str], object]:
    def draw(label: str, key: str, value: str) -> object:
        if height is None:
            return st.text_input(label, value, key=key, max_chars=400, help=hint, persist_state="session")
        return st.text_area(
            label, value, key=key, height=height, max_chars=MAX_PROMPT, help=hint, persist_state="session"
        )

    return draw


def draw_whole(low: int, high: int) -> Callable[[str, str, int], object]:
    def draw(label: str, key: str, value: int) -> object:
        return st.number_input(label, low, high, value, step=1, key=key, persist_state="session")

    return draw


def draw_number(low: float, high: float, step: float, hint: str) -> Callable[[str, str, float], object]:
    def draw(label: str, key: str, value: float) -> object:
        return st.number_input(label, low, high, value, step, "%g", key=key, help=hint, persist_state="session")

    return draw


def draw_face(label: str, key: str, value: str) -> object:
    return draw_choice(face_names())(label, key, value)


def draw_guidance(label: str, key: str, value: float) -> object:
    hint = "1 is no guidance."
    return st.number_input(label, 0.0, 30.0, value, 0.5, "%.1f", key=key, help=hint, persist_state="session")


def draw_choice(names: Mapping[str, str]) -> Callable[[str, str, str], object]:
    def draw(label: str, key: str, value: str) -> object:
        keys = list(names)
        return st.selectbox(label, keys, keys.index(value), names.__getitem__, key=key, persist_state="session")

    return draw


def draw_schedulers(label: str, key: str, value: str) -> object:
    chosen, name = list(parse_schedulers(value)), {key: info.label for key, info in SCHEDULERS.items()}.__getitem__
    keys = offered_schedulers(chosen)
    return st.multiselect(label, keys, chosen, format_func=name, key=key, persist_state="session")


def offered_schedulers(chosen: Sequence[str]) -> list[str]:
    """Those for any model, those chosen already, and the one that the model in use was distilled for."""
    own = current_info().default_scheduler if engine_room.loading().done else ""
    return [key for key, info in SCHEDULERS.items() if not info.distilled or key in chosen or key == own]

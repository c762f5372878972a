"""The controls that experiments are built from: one widget each, and how its value is written in an address.

Values are what the widget holds: text for prompts and seeds, numbers for steps and guidance, a key for choices.
`parse` is the only way in, for typing and for addresses alike: it gives the value, or ValueError with one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard.engine import SCHEDULERS, ImageRequest

Value = str | int | float
MAX_SEED = 2**63 - 1
MAX_PROMPT = 2_000  # characters
MAX_IMAGES = 24  # in one grid
MIXES = {"slerp": "Along the arc (slerp)", "average": "Straight line (plain average)"}
_SPAN = re.compile(r"(\d{1,19})\s*(?:-|\.\.|to)\s*(\d{1,19})(?:\s*:\s*(\d{1,6}))?")
_SEED_RULE = (r"^\s*\d{1,19}\s*$", "A seed is a whole number, digits only.")


@dataclass(frozen=True, kw_only=True)
class Control:
    """One widget of an experiment's form."""

    name: str  # the request's field, where it has one
    short: str  # in addresses
    label: str
    draw: (
        Callable[[str, str, Any], object] | None
    )  # (label, key, first value) -> the widget's value; None: a hidden control
    parse: Callable[[str], Value]
    wide: bool = False  # takes a whole row of the form

    def tidy(self, value: object) -> Value:
        """A typed or default value, checked; ValueError with a sentence."""
        return self.parse(str(value))


def parse_seed(text: str) -> int:
    """A seed as a number. ValueError unless it is a whole number from 0 to 2^63 - 1."""
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > MAX_SEED:
        raise ValueError(f"A seed is a whole number from 0 to 2^63 - 1, digits only; this is {text[:40]!r}.")
    return int(text)


def parse_seeds(text: str) -> tuple[int, ...]:
    """Seeds from `3, 8, 21`, `0-5`, `0-50:10` or a mix, in the order given. ValueError with a sentence."""
    seeds: list[int] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        if match := _SPAN.fullmatch(part):
            first, last, stride = parse_seed(match[1]), parse_seed(match[2]), int(match[3] or 1)
            if last < first or stride < 1:
                raise ValueError(f"The range {part!r} goes nowhere: write the smaller seed first.")
            seeds += range(first, min(last, first + MAX_IMAGES * stride) + 1, stride)
        else:
            seeds.append(parse_seed(part))
    seeds = list(dict.fromkeys(seeds))
    if not 1 <= len(seeds) <= MAX_IMAGES:
        raise ValueError(f"Give from 1 to {MAX_IMAGES} seeds, such as 0-5 or 3, 8, 21.")
    return tuple(seeds)


def _seed_text(text: str) -> str:
    return str(parse_seed(text))


def _seeds_text(text: str) -> str:
    parse_seeds(text)
    return text.strip()


def _prompt(text: str) -> str:
    if len(text) > MAX_PROMPT:
        raise ValueError(f"A prompt may have at most {MAX_PROMPT:,} characters; this one has {len(text):,}.")
    return text.strip()


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"\d{1,4}", text) or not low <= int(text) <= high:
            raise ValueError(f"Give a whole number from {low} to {high}.")
        return int(text)

    return parse


def _guidance(text: str) -> float:
    if not re.fullmatch(r"\d{1,2}(\.\d{1,4})?", text) or float(text) > 30:
        raise ValueError("Guidance is a number from 0 to 30.")
    return float(text)


def _choice(options: Mapping[str, Any]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in options:
            raise ValueError(f"Choose one of {', '.join(options)}.")
        return text

    return parse


# Each widget keeps what was typed for the whole session, also while another page is open. Its first value is passed to
# it and never written into session state: there, a poll of a page that is still being drawn can overtake it.


def _draw_prompt(label: str, key: str, value: str) -> object:
    return st.text_area(label, value, key=key, height=68, max_chars=MAX_PROMPT, persist_state="session")


def _draw_text(label: str, key: str, value: str) -> object:
    hint = "What the image should have less of. May stay empty."
    return st.text_input(label, value, key=key, max_chars=MAX_PROMPT, help=hint, persist_state="session")


def _draw_seed(label: str, key: str, value: str) -> object:
    return st.text_input(label, value, key=key, max_chars=19, validate=_SEED_RULE, persist_state="session")


def _draw_seeds(label: str, key: str, value: str) -> object:
    hint = f"A range such as 0-5 or a list such as 3, 8, 21; at most {MAX_IMAGES}."
    return st.text_input(label, value, key=key, max_chars=400, help=hint, persist_state="session")


def _draw_whole(low: int, high: int) -> Callable[[str, str, int], object]:
    def draw(label: str, key: str, value: int) -> object:
        return st.number_input(label, low, high, value, step=1, key=key, persist_state="session")

    return draw


def _draw_guidance(label: str, key: str, value: float) -> object:
    hint = "1 is no guidance."
    return st.number_input(label, 0.0, 30.0, value, 0.5, "%.1f", key=key, help=hint, persist_state="session")


def _draw_choice(names: Mapping[str, str]) -> Callable[[str, str, str], object]:
    def draw(label: str, key: str, value: str) -> object:
        keys = list(names)
        return st.selectbox(label, keys, keys.index(value), names.__getitem__, key=key, persist_state="session")

    return draw


def _seed(name: str, short: str, label: str) -> Control:
    return Control(name=name, short=short, label=label, draw=_draw_seed, parse=_seed_text)


def _scheduler(name: str, short: str, label: str) -> Control:
    draw = _draw_choice({key: info.label for key, info in SCHEDULERS.items()})
    return Control(name=name, short=short, label=label, draw=draw, parse=_choice(SCHEDULERS))


CONTROLS: Mapping[str, Control] = {
    control.name: control
    for control in (
        Control(name="prompt", short="prompt", label="Prompt", draw=_draw_prompt, parse=_prompt, wide=True),
        Control(name="negative_prompt", short="negative", label="Negative prompt", draw=_draw_text, parse=_prompt),
        _seed("seed", "seed", "Seed"),
        _seed("first_seed", "first", "First seed"),
        _seed("last_seed", "last", "Last seed"),
        Control(name="seeds", short="seeds", label="Seeds", draw=_draw_seeds, parse=_seeds_text),
        Control(name="drawn", short="drawn", label="Drawn seeds", draw=None, parse=_seeds_text),
        Control(
            name="num_inference_steps", short="steps", label="Steps", draw=_draw_whole(1, 150), parse=_whole(1, 150)
        ),
        Control(name="guidance_scale", short="guidance", label="Guidance", draw=_draw_guidance, parse=_guidance),
        _scheduler("scheduler", "scheduler", "Scheduler"),
        _scheduler("other_scheduler", "other", "Other scheduler"),
        Control(name="frames", short="frames", label="Frames", draw=_draw_whole(3, 12), parse=_whole(3, 12)),
        Control(name="mix", short="mix", label="Path", draw=_draw_choice(MIXES), parse=_choice(MIXES)),
    )
}


def request_from(values: Mapping[str, Any], model: str = "pocket") -> ImageRequest:
    """The image request that an experiment's values describe; fields they do not name keep the request's defaults."""
    names = ("prompt", "negative_prompt", "num_inference_steps", "guidance_scale", "scheduler")
    fields = {name: values[name] for name in names if name in values}
    return ImageRequest(**fields, seed=parse_seed(str(values.get("seed", 0))), model=model)

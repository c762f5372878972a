"""The controls that experiments are built from: one widget each, and how its value is written in an address.

Values are what the widget holds: text for prompts and seeds, numbers for steps and guidance, a key for choices.
`parse` is the only way in, for typing and for addresses alike: it gives the value, or ValueError with one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

import streamlit as st

from dashboard.axes import KINDS
from dashboard.engine import SCHEDULERS, SPACINGS, ImageRequest
from dashboard.faces.known import known_faces
from dashboard.faces.restoration import MAX_FACTOR
from dashboard.pocket.world.parts import PARTS
from dashboard.teach import COLOURS, SHAPES
from dashboard.teach import MAX_STEPS as MAX_TEACHING
from dashboard.teach import MIN_STEPS as MIN_TEACHING
from dashboard.teach.word_task import MAX_TEXT
from dashboard.ui import engine_room
from dashboard.ui.models import current_info

Value = str | int | float
Number = TypeVar("Number", int, float)
MAX_SEED = 2**63 - 1
MAX_PROMPT = 2_000  # characters
MAX_STEPS = 150
MAX_IMAGES = 24  # in one grid
MIXES = {"slerp": "Along the arc (slerp)", "average": "Straight line (plain average)"}
MAX_PROMPTS = 8
NO_WORDS = "none"
PART_LABELS = {
    "style": "Style",
    "size": "Size",
    "colour": "Colour",
    "subject": "Subject",
    "relation": "Relation",
    "companion": "Second subject",
    "place": "Place",
}
VARY = {"each": "Every part, once", **{part: f"{label} only" for part, label in PART_LABELS.items()}}
AXIS_HINT = "Numbers as a list or a range: 1, 5, 7.5 or 2-20:3. Schedulers by name. Prompts one a line."
AXES = {name: name.capitalize() for name in KINDS}
SPACING_NAMES = {spacing: spacing.capitalize() for spacing in SPACINGS}
MAX_WORD = 40  # characters of a word or phrase that is looked up
OTHER_BACKDROP = "other"
BACKDROPS = {**{name: name for name in COLOURS}, OTHER_BACKDROP: "several, or something else"}
MAX_WORDS = 12  # to compare
MAX_WORD = 40  # characters
_NUMBER = r"\d{1,19}(?:\.\d{1,4})?"
_SPAN = re.compile(rf"({_NUMBER})\s*(?:-|\.\.|to)\s*({_NUMBER})(?:\s*:\s*({_NUMBER}))?")
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
    separator: str = ", "  # between the values of a list

    def tidy(self, value: object) -> Value:
        """A typed or default value, checked; ValueError with a sentence."""
        return self.parse(self.separator.join(map(str, value)) if isinstance(value, (list, tuple)) else str(value))


def parse_seed(text: str) -> int:
    """A seed as a number. ValueError unless it is a whole number from 0 to 2^63 - 1."""
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > MAX_SEED:
        raise ValueError(f"A seed is a whole number from 0 to 2^63 - 1, digits only; this is {text[:40]!r}.")
    return int(text)


def parse_list(text: str, read: Callable[[str], Number], things: str, example: str) -> tuple[Number, ...]:
    """Numbers from `3, 8, 21`, `0-5`, `2-20:3` or a mix, in the order given; a range includes its end.

    `read` checks one number. `things` and `example` are words of the sentence when there are none or too many.
    """
    numbers: list[Number] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        if match := _SPAN.fullmatch(part):
            read(match[1]), read(match[2])  # both ends must be numbers of this kind
            numbers += map(read, _span(part, Decimal(match[1]), Decimal(match[2]), Decimal(match[3] or 1)))
        else:
            numbers.append(read(part))
    numbers = list(dict.fromkeys(numbers))
    if not 1 <= len(numbers) <= MAX_IMAGES:
        raise ValueError(f"Give from 1 to {MAX_IMAGES} {things}, such as {example}.")
    return tuple(numbers)


def _span(text: str, first: Decimal, last: Decimal, stride: Decimal) -> Iterator[str]:
    if last < first or stride <= 0:
        raise ValueError(f"The range {text!r} goes nowhere: write the smaller number first.")
    for place in range(min(int((last - first) / stride), MAX_IMAGES) + 1):
        yield format((first + place * stride).normalize(), "f")


def parse_seeds(text: str) -> tuple[int, ...]:
    """Seeds, as `parse_list` reads them. ValueError with a sentence."""
    return parse_list(text, parse_seed, "seeds", "0-5 or 3, 8, 21")


def parse_step_counts(text: str) -> tuple[int, ...]:
    """Numbers of steps, as `parse_list` reads them. ValueError with a sentence."""
    return parse_list(text, _whole(1, MAX_STEPS), "numbers of steps", "1-96:5 or 5, 10, 20")


def parse_evaluations(text: str) -> tuple[int, ...]:
    """Numbers of model evaluations, as `parse_list` reads them. ValueError with a sentence."""
    return parse_list(text, _whole(1, MAX_STEPS), "numbers of evaluations", "5, 9, 17")


def parse_batch_sizes(text: str) -> tuple[int, ...]:
    """Numbers of images in one batch, as `parse_list` reads them. ValueError with a sentence."""
    return parse_list(text, _whole(1, MAX_IMAGES), "batch sizes", "1, 2, 4, 8")


def parse_guidances(text: str) -> tuple[float, ...]:
    """Guidance scales, as `parse_list` reads them. ValueError with a sentence."""
    return parse_list(text, _guidance, "guidance scales", "2-20:3 or 1, 5, 7.5")


def parse_face_sizes(text: str) -> tuple[int, ...]:
    """Sides of faces in pixels, as `parse_list` reads them. ValueError with a sentence."""
    return parse_list(text, _whole(4, 56), "sizes from 4 to 56 pixels", "8, 16, 32")


def parse_factors(text: str) -> tuple[int, ...]:
    """How many times as large, as `parse_list` reads them. ValueError with a sentence."""
    return parse_list(text, _whole(1, MAX_FACTOR), "factors", "1, 2, 4")


def parse_blends(text: str) -> tuple[float, ...]:
    """Shares of the restored pixels, as `parse_list` reads them. ValueError with a sentence."""
    return parse_list(text, _number(0, 1), "blends", "0, 0.5, 1")


def parse_shrinks(text: str) -> tuple[float, ...]:
    """How many times a picture is shrunk, as `parse_list` reads them. ValueError with a sentence."""
    return parse_list(text, _number(1, 16), "numbers from 1 to 16", "1, 2, 4, 8")


def parse_prompts(text: str) -> tuple[str, ...]:
    """One prompt a line, blank lines left out. ValueError with a sentence."""
    prompts = tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if not 1 <= len(prompts) <= MAX_PROMPTS:
        raise ValueError(f"Write from 1 to {MAX_PROMPTS} prompts, one a line.")
    return tuple(map(_prompt, prompts))


def parse_words(text: str) -> tuple[str, ...]:
    """Words to compare, separated by commas. ValueError with a sentence."""
    words = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not 2 <= len(words) <= MAX_WORDS or any(len(word) > MAX_WORD for word in words):
        raise ValueError(f"Write from 2 to {MAX_WORDS} words of at most {MAX_WORD} characters, separated by commas.")
    return words


def parse_schedulers(text: str) -> tuple[str, ...]:
    """Scheduler keys, separated by commas. ValueError with a sentence."""
    keys = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not keys:
        raise ValueError("Choose at least one scheduler.")
    return tuple(map(_choice(SCHEDULERS), keys))


def parse_negatives(text: str) -> tuple[str, ...]:
    """Negative prompts, one a line; the word `none` stands for the empty one. ValueError with a sentence."""
    return tuple("" if line.lower() == NO_WORDS else line for line in parse_prompts(text))


def parse_swaps(text: str) -> tuple[tuple[str, str], ...]:
    """(word, other) pairs from `red = blue, fox = lion`; none at all is allowed. ValueError with a sentence."""
    pairs = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        word, equals, other = (side.strip() for side in part.partition("="))
        if not equals or not word or not other or "=" in other:
            raise ValueError(f"Write a swap as word = other word, such as red = blue; this is {part[:40]!r}.")
        pairs.append((word, other))
    return tuple(dict.fromkeys(pairs))


def check_count(images: int) -> None:
    """ValueError, one sentence, for more images than one grid may have."""
    if images > MAX_IMAGES:
        raise ValueError(f"That makes {images} images; one grid has at most {MAX_IMAGES}. Give fewer values or seeds.")


def _checked_text(parse: Callable[[str], object]) -> Callable[[str], str]:
    """A control that keeps what was typed, once it reads well."""

    def check(text: str) -> str:
        parse(text)
        return text.strip()

    return check


def _seed_text(text: str) -> str:
    return str(parse_seed(text))


def _prompt(text: str) -> str:
    if len(text) > MAX_PROMPT:
        raise ValueError(f"A prompt may have at most {MAX_PROMPT:,} characters; this one has {len(text):,}.")
    return text.strip()


def _words(text: str) -> str:
    if not text.strip():
        raise ValueError("Write a few words.")
    return _prompt(text)


def _phrase(text: str) -> str:
    word = " ".join(text.split())
    if not 1 <= len(word) <= MAX_WORD:
        raise ValueError(f"Write a word or a short phrase, at most {MAX_WORD} characters.")
    return word


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"\d{1,4}", text) or not low <= int(text) <= high:
            raise ValueError(f"Give a whole number from {low} to {high}.")
        return int(text)

    return parse


def _number(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        if not re.fullmatch(r"\d{1,3}(\.\d{1,4})?", text) or not low <= float(text) <= high:
            raise ValueError(f"Give a number from {low:g} to {high:g}.")
        return float(text)

    return parse


def _face(text: str) -> str:
    if text not in _known_faces():
        raise ValueError(f"Choose one of the {len(_known_faces())} known faces.")
    return text


@cache
def _known_faces() -> Mapping[str, str]:
    """Key and label of each scene with one known face."""
    return {str(scene.index): f"{scene.faces[0]} ({scene.style})" for scene in known_faces()}


def _guidance(text: str) -> float:
    if not re.fullmatch(r"\d{1,2}(\.\d{1,4})?", text) or float(text) > 30:
        raise ValueError("Guidance is a number from 0 to 30.")
    return float(text)


def _start_word(text: str) -> str:
    if not 1 <= len(text.strip()) <= MAX_TEXT:
        raise ValueError(f"Write a word or two that the model knows, up to {MAX_TEXT} characters.")
    return text.strip()


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


def _draw_word(label: str, key: str, value: str) -> object:
    hint = "A subject, colour, place, style or size, such as rabbit, red, snow, cartoon, tiny."
    return st.text_input(label, value, key=key, max_chars=MAX_WORD, help=hint, persist_state="session")


def _draw_start_word(label: str, key: str, value: str) -> object:
    hint = "The new word starts where this one is. Take one that is a little like your thing."
    return st.text_input(label, value, key=key, max_chars=MAX_TEXT, help=hint, persist_state="session")


def _draw_seed(label: str, key: str, value: str) -> object:
    return st.text_input(label, value, key=key, max_chars=19, validate=_SEED_RULE, persist_state="session")


def _draw_list(example: str) -> Callable[[str, str, str], object]:
    hint = f"A range or a list, such as {example}; at most {MAX_IMAGES}."

    def draw(label: str, key: str, value: str) -> object:
        return st.text_input(label, value, key=key, max_chars=400, help=hint, persist_state="session")

    return draw


def _draw_prompts(label: str, key: str, value: str) -> object:
    return st.text_area(label, value, key=key, height=160, max_chars=MAX_PROMPT, persist_state="session")


def _draw_words(hint: str, height: int | None = None) -> Callable[[str, str, str], object]:
    def draw(label: str, key: str, value: str) -> object:
        if height is None:
            return st.text_input(label, value, key=key, max_chars=400, help=hint, persist_state="session")
        return st.text_area(
            label, value, key=key, height=height, max_chars=MAX_PROMPT, help=hint, persist_state="session"
        )

    return draw


def _draw_whole(low: int, high: int) -> Callable[[str, str, int], object]:
    def draw(label: str, key: str, value: int) -> object:
        return st.number_input(label, low, high, value, step=1, key=key, persist_state="session")

    return draw


def _draw_number(low: float, high: float, step: float, hint: str) -> Callable[[str, str, float], object]:
    def draw(label: str, key: str, value: float) -> object:
        return st.number_input(label, low, high, value, step, "%g", key=key, help=hint, persist_state="session")

    return draw


def _draw_face(label: str, key: str, value: str) -> object:
    return _draw_choice(_known_faces())(label, key, value)


def _draw_guidance(label: str, key: str, value: float) -> object:
    hint = "1 is no guidance."
    return st.number_input(label, 0.0, 30.0, value, 0.5, "%.1f", key=key, help=hint, persist_state="session")


def _draw_choice(names: Mapping[str, str]) -> Callable[[str, str, str], object]:
    def draw(label: str, key: str, value: str) -> object:
        keys = list(names)
        return st.selectbox(label, keys, keys.index(value), names.__getitem__, key=key, persist_state="session")

    return draw


def _draw_schedulers(label: str, key: str, value: str) -> object:
    chosen, name = list(parse_schedulers(value)), {key: info.label for key, info in SCHEDULERS.items()}.__getitem__
    keys = _offered_schedulers(chosen)
    return st.multiselect(label, keys, chosen, format_func=name, key=key, persist_state="session")


def _seed(name: str, short: str, label: str) -> Control:
    return Control(name=name, short=short, label=label, draw=_draw_seed, parse=_seed_text)


def _looked_up(name: str, short: str, label: str) -> Control:
    return Control(name=name, short=short, label=label, draw=_draw_word, parse=_phrase)


def _scheduler(name: str, short: str, label: str) -> Control:
    def draw(label: str, key: str, value: str) -> object:
        names = {offered: SCHEDULERS[offered].label for offered in _offered_schedulers([value])}
        return _draw_choice(names)(label, key, value)

    return Control(name=name, short=short, label=label, draw=draw, parse=_choice(SCHEDULERS))


def _offered_schedulers(chosen: Sequence[str]) -> list[str]:
    """Those for any model, those chosen already, and the one that the model in use was distilled for."""
    own = current_info().default_scheduler if engine_room.loading().done else ""
    return [key for key, info in SCHEDULERS.items() if not info.distilled or key in chosen or key == own]


def _pick(name: str, short: str, label: str, names: Mapping[str, str]) -> Control:
    return Control(name=name, short=short, label=label, draw=_draw_choice(names), parse=_choice(names))


def _amount(name: str, label: str, low: float, high: float, step: float, hint: str) -> Control:
    draw = _draw_number(low, high, step, hint)
    return Control(name=name, short=name, label=label, draw=draw, parse=_number(low, high))


def _list_of(name: str, label: str, example: str, parse: Callable[[str], object]) -> Control:
    return Control(name=name, short=name, label=label, draw=_draw_list(example), parse=_checked_text(parse))


def _lines(name: str, short: str, label: str, hint: str, parse: Callable[[str], object]) -> Control:
    return Control(
        name=name, short=short, label=label, draw=_draw_words(hint, 100), parse=_checked_text(parse), separator="\n"
    )


CONTROLS: Mapping[str, Control] = {
    control.name: control
    for control in (
        Control(name="prompt", short="prompt", label="Prompt", draw=_draw_prompt, parse=_prompt, wide=True),
        Control(
            name="other_prompt", short="otherprompt", label="Other prompt", draw=_draw_prompt, parse=_prompt, wide=True
        ),
        Control(name="negative_prompt", short="negative", label="Negative prompt", draw=_draw_text, parse=_prompt),
        _seed("seed", "seed", "Seed"),
        _seed("first_seed", "first", "First seed"),
        _seed("last_seed", "last", "Last seed"),
        Control(
            name="seeds",
            short="seeds",
            label="Seeds",
            draw=_draw_list("0-5 or 3, 8, 21"),
            parse=_checked_text(parse_seeds),
        ),
        Control(name="drawn", short="drawn", label="Drawn seeds", draw=None, parse=_checked_text(parse_seeds)),
        Control(
            name="num_inference_steps",
            short="steps",
            label="Steps",
            draw=_draw_whole(1, MAX_STEPS),
            parse=_whole(1, MAX_STEPS),
        ),
        Control(
            name="other_steps",
            short="othersteps",
            label="Other steps",
            draw=_draw_whole(1, MAX_STEPS),
            parse=_whole(1, MAX_STEPS),
        ),
        Control(name="guidance_scale", short="guidance", label="Guidance", draw=_draw_guidance, parse=_guidance),
        Control(
            name="other_guidance", short="otherguidance", label="Other guidance", draw=_draw_guidance, parse=_guidance
        ),
        _scheduler("scheduler", "scheduler", "Scheduler"),
        _scheduler("other_scheduler", "other", "Other scheduler"),
        Control(
            name="step_counts",
            short="counts",
            label="Numbers of steps",
            draw=_draw_list("1-96:5 or 5, 10, 20"),
            parse=_checked_text(parse_step_counts),
        ),
        Control(
            name="evaluations",
            short="evaluations",
            label="Model evaluations",
            draw=_draw_list("5, 9, 17"),
            parse=_checked_text(parse_evaluations),
        ),
        Control(
            name="guidances",
            short="guidances",
            label="Guidance scales",
            draw=_draw_list("2-20:3 or 1, 5, 7.5"),
            parse=_checked_text(parse_guidances),
        ),
        Control(
            name="prompts",
            short="prompts",
            label="Prompts, one a line",
            draw=_draw_prompts,
            parse=_checked_text(parse_prompts),
            wide=True,
            separator="\n",
        ),
        Control(
            name="words",
            short="words",
            label="Words to compare",
            draw=_draw_words("Separated by commas."),
            parse=_checked_text(parse_words),
            wide=True,
        ),
        Control(
            name="schedulers",
            short="schedulers",
            label="Schedulers",
            draw=_draw_schedulers,
            parse=_checked_text(parse_schedulers),
            wide=True,
        ),
        _lines(
            "negatives", "negatives", "Negative prompts, one a line", "The word none is the empty one.", parse_negatives
        ),
        Control(
            name="swaps",
            short="swaps",
            label="Words to swap",
            draw=_draw_words("Written as red = blue, fox = lion. May stay empty."),
            parse=_checked_text(parse_swaps),
        ),
        Control(name="extra", short="extra", label="Words to add", draw=_draw_words("A few words."), parse=_words),
        *(_pick(part, part, label, {value: value for value in PARTS[part]}) for part, label in PART_LABELS.items()),
        _pick("vary", "vary", "What to vary", VARY),
        _pick("row_axis", "rows", "Rows", AXES),
        _lines("row_values", "down", "Values of the rows", AXIS_HINT, _prompt),
        _pick("column_axis", "columns", "Columns", AXES),
        _lines("column_values", "across", "Values of the columns", AXIS_HINT, _prompt),
        Control(
            name="batch_sizes",
            short="sizes",
            label="Images in one batch",
            draw=_draw_list("1, 2, 4, 8"),
            parse=_checked_text(parse_batch_sizes),
        ),
        Control(name="repeats", short="repeats", label="Repeats", draw=_draw_whole(1, 5), parse=_whole(1, 5)),
        _looked_up("word", "word", "Word"),
        _looked_up("first_word", "first", "First word"),
        _looked_up("second_word", "second", "Second word"),
        Control(name="scene", short="scene", label="Known face", draw=_draw_face, parse=_face, wide=True),
        _list_of("face_sizes", "Sizes of the face, pixels", "8, 16, 32", parse_face_sizes),
        _list_of("factors", "Factors", "1, 2, 4", parse_factors),
        _list_of("blends", "Blends", "0, 0.5, 1", parse_blends),
        _list_of("shrinks", "Shrunk by", "1, 2, 4, 8", parse_shrinks),
        Control(
            name="factor",
            short="factor",
            label="Factor",
            draw=_draw_whole(1, MAX_FACTOR),
            parse=_whole(1, MAX_FACTOR),
        ),
        _amount("blend", "Blend", 0.0, 1.0, 0.05, "The share of restored pixels: 0 is none of them, 1 is all."),
        _amount("shrink", "Shrunk by", 1.0, 16.0, 0.5, "Made so many times smaller, and larger again."),
        _amount("blur", "Blur, pixels", 0.0, 8.0, 0.5, "Standard deviation of the blur."),
        _amount("noise", "Noise, of 255", 0.0, 64.0, 2.0, "Standard deviation of the noise."),
        Control(name="frames", short="frames", label="Frames", draw=_draw_whole(3, 12), parse=_whole(3, 12)),
        Control(name="mix", short="mix", label="Path", draw=_draw_choice(MIXES), parse=_choice(MIXES)),
        Control(
            name="spacing",
            short="spacing",
            label="Spacing",
            draw=_draw_choice(SPACING_NAMES),
            parse=_choice(SPACING_NAMES),
        ),
        Control(
            name="shape",
            short="shape",
            label="Shape",
            draw=_draw_choice({name: name for name in SHAPES}),
            parse=_choice(SHAPES),
        ),
        Control(
            name="shape_colour",
            short="colour",
            label="Colour",
            draw=_draw_choice({name: name for name in COLOURS}),
            parse=_choice(COLOURS),
        ),
        Control(
            name="backdrop",
            short="backdrop",
            label="Background",
            draw=_draw_choice(BACKDROPS),
            parse=_choice(BACKDROPS),
        ),
        Control(name="start_word", short="start", label="Start word", draw=_draw_start_word, parse=_start_word),
        Control(
            name="teaching_steps",
            short="teaching",
            label="Steps of teaching",
            draw=_draw_whole(MIN_TEACHING, MAX_TEACHING),
            parse=_whole(MIN_TEACHING, MAX_TEACHING),
        ),
    )
}


def request_from(values: Mapping[str, Any], model: str = "pocket") -> ImageRequest:
    """The image request that an experiment's values describe; fields they do not name keep the request's defaults."""
    names = ("prompt", "negative_prompt", "num_inference_steps", "guidance_scale", "scheduler")
    fields = {name: values[name] for name in names if name in values}
    return ImageRequest(**fields, seed=parse_seed(str(values.get("seed", 0))), model=model)

"""The controls that experiments are built from: one widget each, and how its value is written in an address.

Values are what the widget holds: text for prompts and seeds, numbers for steps and guidance, a key for choices.
`parse` is the only way in, for typing and for addresses alike; parsers stand in `parsing`, widgets in `widgets`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.axes import KINDS
from dashboard.engine import SCHEDULERS, SPACINGS, ImageRequest
from dashboard.faces.restoration import MAX_FACTOR
from dashboard.pocket.world.parts import PARTS
from dashboard.teach import COLOURS, SHAPES
from dashboard.teach import MAX_STEPS as MAX_TEACHING
from dashboard.teach import MIN_STEPS as MIN_TEACHING
from dashboard.ui.own_values import own_fields
from dashboard.ui.parsing import (
    MAX_STEPS,
    checked_text,
    choice_of,
    number,
    parse_batch_sizes,
    parse_blends,
    parse_evaluations,
    parse_face,
    parse_face_sizes,
    parse_factors,
    parse_guidance,
    parse_guidances,
    parse_negatives,
    parse_phrase,
    parse_prompt,
    parse_prompts,
    parse_schedulers,
    parse_seed,
    parse_seeds,
    parse_shrinks,
    parse_some_words,
    parse_start_word,
    parse_step_counts,
    parse_swaps,
    parse_words,
    seed_text,
    whole_number,
)
from dashboard.ui.widgets import (
    draw_choice,
    draw_face,
    draw_guidance,
    draw_list,
    draw_number,
    draw_prompt,
    draw_prompts,
    draw_schedulers,
    draw_seed,
    draw_start_word,
    draw_text,
    draw_whole,
    draw_word,
    draw_words,
    offered_schedulers,
)

Value = str | int | float
MIXES = {"slerp": "Arc (slerp)", "average": "Plain average"}
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
OTHER_BACKDROP = "other"
BACKDROPS = {**{name: name for name in COLOURS}, OTHER_BACKDROP: "several, or something else"}


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


def _seed(name: str, short: str, label: str) -> Control:
    return Control(name=name, short=short, label=label, draw=draw_seed, parse=seed_text)


def _looked_up(name: str, short: str, label: str) -> Control:
    return Control(name=name, short=short, label=label, draw=draw_word, parse=parse_phrase)


def _scheduler(name: str, short: str, label: str) -> Control:
    def draw(label: str, key: str, value: str) -> object:
        names = {offered: SCHEDULERS[offered].label for offered in offered_schedulers([value])}
        return draw_choice(names)(label, key, value)

    return Control(name=name, short=short, label=label, draw=draw, parse=choice_of(SCHEDULERS))


def _pick(name: str, short: str, label: str, names: Mapping[str, str]) -> Control:
    return Control(name=name, short=short, label=label, draw=draw_choice(names), parse=choice_of(names))


def _amount(name: str, label: str, low: float, high: float, step: float, hint: str) -> Control:
    draw = draw_number(low, high, step, hint)
    return Control(name=name, short=name, label=label, draw=draw, parse=number(low, high))


def _list_of(name: str, label: str, example: str, parse: Callable[[str], object]) -> Control:
    return Control(name=name, short=name, label=label, draw=draw_list(example), parse=checked_text(parse))


def _lines(name: str, short: str, label: str, hint: str, parse: Callable[[str], object]) -> Control:
    return Control(
        name=name, short=short, label=label, draw=draw_words(hint, 100), parse=checked_text(parse), separator="\n"
    )


CONTROLS: Mapping[str, Control] = {
    control.name: control
    for control in (
        Control(name="prompt", short="prompt", label="Prompt", draw=draw_prompt, parse=parse_prompt, wide=True),
        Control(
            name="other_prompt",
            short="otherprompt",
            label="Other prompt",
            draw=draw_prompt,
            parse=parse_prompt,
            wide=True,
        ),
        Control(name="negative_prompt", short="negative", label="Negative prompt", draw=draw_text, parse=parse_prompt),
        _seed("seed", "seed", "Seed"),
        _seed("first_seed", "first", "First seed"),
        _seed("last_seed", "last", "Last seed"),
        Control(
            name="seeds",
            short="seeds",
            label="Seeds",
            draw=draw_list("0-5 or 3, 8, 21"),
            parse=checked_text(parse_seeds),
        ),
        Control(name="drawn", short="drawn", label="Drawn seeds", draw=None, parse=checked_text(parse_seeds)),
        Control(
            name="num_inference_steps",
            short="steps",
            label="Steps",
            draw=draw_whole(1, MAX_STEPS),
            parse=whole_number(1, MAX_STEPS),
        ),
        Control(
            name="other_steps",
            short="othersteps",
            label="Other steps",
            draw=draw_whole(1, MAX_STEPS),
            parse=whole_number(1, MAX_STEPS),
        ),
        Control(name="guidance_scale", short="guidance", label="Guidance", draw=draw_guidance, parse=parse_guidance),
        Control(
            name="other_guidance",
            short="otherguidance",
            label="Other guidance",
            draw=draw_guidance,
            parse=parse_guidance,
        ),
        _scheduler("scheduler", "scheduler", "Scheduler"),
        _scheduler("other_scheduler", "other", "Other scheduler"),
        Control(
            name="step_counts",
            short="counts",
            label="Numbers of steps",
            draw=draw_list("1-96:5 or 5, 10, 20"),
            parse=checked_text(parse_step_counts),
        ),
        Control(
            name="evaluations",
            short="evaluations",
            label="Model evaluations",
            draw=draw_list("5, 9, 17"),
            parse=checked_text(parse_evaluations),
        ),
        Control(
            name="guidances",
            short="guidances",
            label="Guidance scales",
            draw=draw_list("2-20:3 or 1, 5, 7.5"),
            parse=checked_text(parse_guidances),
        ),
        Control(
            name="prompts",
            short="prompts",
            label="Prompts, one a line",
            draw=draw_prompts,
            parse=checked_text(parse_prompts),
            wide=True,
            separator="\n",
        ),
        Control(
            name="words",
            short="words",
            label="Words to compare",
            draw=draw_words("Separated by commas."),
            parse=checked_text(parse_words),
            wide=True,
        ),
        Control(
            name="schedulers",
            short="schedulers",
            label="Schedulers",
            draw=draw_schedulers,
            parse=checked_text(parse_schedulers),
            wide=True,
        ),
        _lines(
            "negatives", "negatives", "Negative prompts, one a line", "The word none is the empty one.", parse_negatives
        ),
        Control(
            name="swaps",
            short="swaps",
            label="Words to swap",
            draw=draw_words("Written as red = blue, fox = lion. May stay empty."),
            parse=checked_text(parse_swaps),
        ),
        Control(
            name="extra", short="extra", label="Words to add", draw=draw_words("A few words."), parse=parse_some_words
        ),
        *(_pick(part, part, label, {value: value for value in PARTS[part]}) for part, label in PART_LABELS.items()),
        _pick("vary", "vary", "What to vary", VARY),
        _pick("row_axis", "rows", "Rows", AXES),
        _lines("row_values", "down", "Values of the rows", AXIS_HINT, parse_prompt),
        _pick("column_axis", "columns", "Columns", AXES),
        _lines("column_values", "across", "Values of the columns", AXIS_HINT, parse_prompt),
        Control(
            name="batch_sizes",
            short="sizes",
            label="Images in one batch",
            draw=draw_list("1, 2, 4, 8"),
            parse=checked_text(parse_batch_sizes),
        ),
        Control(name="repeats", short="repeats", label="Repeats", draw=draw_whole(1, 5), parse=whole_number(1, 5)),
        _looked_up("word", "word", "Word"),
        _looked_up("first_word", "first", "First word"),
        _looked_up("second_word", "second", "Second word"),
        Control(name="scene", short="scene", label="Known face", draw=draw_face, parse=parse_face, wide=True),
        _list_of("face_sizes", "Sizes of the face, pixels", "8, 16, 32", parse_face_sizes),
        _list_of("factors", "Factors", "1, 2, 4", parse_factors),
        _list_of("blends", "Blends", "0, 0.5, 1", parse_blends),
        _list_of("shrinks", "Shrunk by", "1, 2, 4, 8", parse_shrinks),
        Control(
            name="factor",
            short="factor",
            label="Factor",
            draw=draw_whole(1, MAX_FACTOR),
            parse=whole_number(1, MAX_FACTOR),
        ),
        _amount("blend", "Blend", 0.0, 1.0, 0.05, "The share of restored pixels: 0 is none of them, 1 is all."),
        _amount("shrink", "Shrunk by", 1.0, 16.0, 0.5, "Made so many times smaller, and larger again."),
        _amount("blur", "Blur, pixels", 0.0, 8.0, 0.5, "Standard deviation of the blur."),
        _amount("noise", "Noise, of 255", 0.0, 64.0, 2.0, "Standard deviation of the noise."),
        Control(name="frames", short="frames", label="Frames", draw=draw_whole(3, 12), parse=whole_number(3, 12)),
        Control(name="mix", short="mix", label="Path", draw=draw_choice(MIXES), parse=choice_of(MIXES)),
        Control(
            name="spacing",
            short="spacing",
            label="Spacing",
            draw=draw_choice(SPACING_NAMES),
            parse=choice_of(SPACING_NAMES),
        ),
        Control(
            name="shape",
            short="shape",
            label="Shape",
            draw=draw_choice({name: name for name in SHAPES}),
            parse=choice_of(SHAPES),
        ),
        Control(
            name="shape_colour",
            short="colour",
            label="Colour",
            draw=draw_choice({name: name for name in COLOURS}),
            parse=choice_of(COLOURS),
        ),
        Control(
            name="backdrop",
            short="backdrop",
            label="Background",
            draw=draw_choice(BACKDROPS),
            parse=choice_of(BACKDROPS),
        ),
        Control(name="start_word", short="start", label="Start word", draw=draw_start_word, parse=parse_start_word),
        Control(
            name="teaching_steps",
            short="teaching",
            label="Steps of teaching",
            draw=draw_whole(MIN_TEACHING, MAX_TEACHING),
            parse=whole_number(MIN_TEACHING, MAX_TEACHING),
        ),
    )
}


def request_from(values: Mapping[str, Any], model: str = "pocket") -> ImageRequest:
    """The image request that an experiment's values describe; fields they do not name take the model's own."""
    names = ("prompt", "negative_prompt", "num_inference_steps", "guidance_scale", "scheduler")
    fields = {name: values[name] for name in names if name in values}
    return ImageRequest(**{**own_fields(model), **fields}, seed=parse_seed(str(values.get("seed", 0))), model=model)

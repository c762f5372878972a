"""What may be typed into a control or stand in an address: the value, or ValueError with one sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

from dashboard.engine import SCHEDULERS
from dashboard.faces.known import known_faces
from dashboard.faces.restoration import MAX_FACTOR
from dashboard.teach.word_task import MAX_TEXT

Number = TypeVar("Number", int, float)
MAX_SEED = 2**63 - 1
MAX_PROMPT = 2_000  # characters
MAX_STEPS = 150
MAX_IMAGES = 24  # in one grid
MAX_PROMPTS = 8
NO_WORDS = "none"
MAX_WORD = 40  # characters of a word or phrase that is looked up
MAX_WORDS = 12  # to compare
_NUMBER = r"\d{1,19}(?:\.\d{1,4})?"
_SPAN = re.compile(rf"({_NUMBER})\s*(?:-|\.\.|to)\s*({_NUMBER})(?:\s*:\s*({_NUMBER}))?")


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
    return parse_list(text, whole_number(1, MAX_STEPS), "numbers of steps", "1-96:5 or 5, 10, 20")


def parse_evaluations(text: str) -> tuple[int, ...]:
    """Numbers of model evaluations, as `parse_list` reads them. ValueError with a sentence."""
    return parse_list(text, whole_number(1, MAX_STEPS), "numbers of evaluations", "5, 9, 17")


def parse_batch_sizes(text: str) -> tuple[int, ...]:
    """Numbers of images in one batch, as `parse_list` reads them. ValueError with a sentence."""
    return parse_list(text, whole_number(1, MAX_IMAGES), "batch sizes", "1, 2, 4, 8")


def parse_guidances(text: str) -> tuple[float, ...]:
    """Guidance scales, as `parse_list` reads them. ValueError with a sentence."""
    return parse_list(text, parse_guidance, "guidance scales", "2-20:3 or 1, 5, 7.5")


def parse_face_sizes(text: str) -> tuple[int, ...]:
    """Sides of faces in pixels, as `parse_list` reads them. ValueError with a sentence."""
    return parse_list(text, whole_number(4, 56), "sizes from 4 to 56 pixels", "8, 16, 32")


def parse_factors(text: str) -> tuple[int, ...]:
    """How many times as large, as `parse_list` reads them. ValueError with a sentence."""
    return parse_list(text, whole_number(1, MAX_FACTOR), "factors", "1, 2, 4")


def parse_blends(text: str) -> tuple[float, ...]:
    """Shares of the restored pixels, as `parse_list` reads them. ValueError with a sentence."""
    return parse_list(text, number(0, 1), "blends", "0, 0.5, 1")


def parse_shrinks(text: str) -> tuple[float, ...]:
    """How many times a picture is shrunk, as `parse_list` reads them. ValueError with a sentence."""
    return parse_list(text, number(1, 16), "numbers from 1 to 16", "1, 2, 4, 8")


def parse_prompts(text: str) -> tuple[str, ...]:
    """One prompt a line, blank lines left out. ValueError with a sentence."""
    prompts = tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if not 1 <= len(prompts) <= MAX_PROMPTS:
        raise ValueError(f"Write from 1 to {MAX_PROMPTS} prompts, one a line.")
    return tuple(map(parse_prompt, prompts))


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
    return tuple(map(choice_of(SCHEDULERS), keys))


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


def checked_text(parse: Callable[[str], object]) -> Callable[[str], str]:
    """A control that keeps what was typed, once it reads well."""

    def check(text: str) -> str:
        parse(text)
        return text.strip()

    return check


def seed_text(text: str) -> str:
    return str(parse_seed(text))


def parse_prompt(text: str) -> str:
    if len(text) > MAX_PROMPT:
        raise ValueError(f"A prompt may have at most {MAX_PROMPT:,} characters; this one has {len(text):,}.")
    return text.strip()


def parse_some_words(text: str) -> str:
    if not text.strip():
        raise ValueError("Write a few words.")
    return parse_prompt(text)


def parse_phrase(text: str) -> str:
    word = " ".join(text.split())
    if not 1 <= len(word) <= MAX_WORD:
        raise ValueError(f"Write a word or a short phrase, at most {MAX_WORD} characters.")
    return word


def whole_number(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"\d{1,4}", text) or not low <= int(text) <= high:
            raise ValueError(f"Give a whole number from {low} to {high}.")
        return int(text)

    return parse


def number(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        if not re.fullmatch(r"\d{1,3}(\.\d{1,4})?", text) or not low <= float(text) <= high:
            raise ValueError(f"Give a number from {low:g} to {high:g}.")
        return float(text)

    return parse


def parse_face(text: str) -> str:
    if text not in face_names():
        raise ValueError(f"Choose one of the {len(face_names())} known faces.")
    return text


@cache
def face_names() -> Mapping[str, str]:
    """Key and label of each scene with one known face."""
    return {str(scene.index): f"{scene.faces[0]} ({scene.style})" for scene in known_faces()}


def parse_guidance(text: str) -> float:
    if not re.fullmatch(r"\d{1,2}(\.\d{1,4})?", text) or float(text) > 30:
        raise ValueError("Guidance is a number from 0 to 30.")
    return float(text)


def parse_start_word(text: str) -> str:
    if not 1 <= len(text.strip()) <= MAX_TEXT:
        raise ValueError(f"Write a word or two that the model knows, up to {MAX_TEXT} characters.")
    return text.strip()


def choice_of(options: Mapping[str, Any]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in options:
            raise ValueError(f"Choose one of {', '.join(options)}.")
        return text

    return parse

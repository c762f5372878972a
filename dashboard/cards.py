"""Model cards: which of the questions that a card should answer does this one answer, and in which line.

The questions follow Mitchell et al. 2019, Model Cards for Model Reporting, arXiv:1810.03993. A line counts when it
holds words that such an answer is made of: a search for words, which a reader must confirm.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_CARD_BYTES = 1_000_000
MAX_LINES = 3  # shown of an answer
CARD_NAMES = ("README.md", "MODEL_CARD.md")


@dataclass(frozen=True, kw_only=True)
class CardQuestion:
    """One thing that a card should say."""

    key: str
    question: str
    words: str  # a regular expression of words that stand in an answer


QUESTIONS: tuple[CardQuestion, ...] = (
    CardQuestion(
        key="data",
        question="What was it trained on?",
        words=r"training data|trained on|dataset|what it saw|\bscenes\b|laion",
    ),
    CardQuestion(
        key="licence",
        question="What may I do with it?",
        words=r"licen[cs]e|openrail|apache|\bmit\b|cc[- ]by|commercial",
    ),
    CardQuestion(
        key="use",
        question="What is it meant for?",
        words=r"intended|meant for|direct use|for teaching|for research|out[- ]of[- ]scope|misuse|use cases?",
    ),
    CardQuestion(
        key="limits",
        question="What can it not do?",
        words=r"limitation|cannot|can not|does not (?:know|achieve|perform)|fails? (?:at|to)|not designed",
    ),
    CardQuestion(
        key="bias",
        question="Whom or what does it show wrongly?",
        words=r"\bbias|\bskew|stereotyp|under-?represent|\bfairness",
    ),
    CardQuestion(
        key="evaluation",
        question="How was its quality measured?",
        words=r"evaluat|\bpsnr\b|\bfid\b|clip[- ]score|benchmark|\d+% interval|held[- ]out|never saw",
    ),
    CardQuestion(
        key="example",
        question="Which code loads it?",
        words=r"from_pretrained|import diffusers|from diffusers",
    ),
)


@dataclass(frozen=True, kw_only=True)
class CardLine:
    number: int  # 1 ..
    text: str


@dataclass(frozen=True, kw_only=True)
class CardAnswer:
    """What the card says to one question; no lines: nothing was found."""

    question: CardQuestion
    lines: tuple[CardLine, ...]

    @property
    def answered(self) -> bool:
        return bool(self.lines)


def check_card(text: str) -> tuple[CardAnswer, ...]:
    """An answer to each of QUESTIONS, in their order, with its first lines; headings count as well as sentences."""
    lines = [CardLine(number=n, text=line.strip()) for n, line in enumerate(text.splitlines(), start=1) if line.strip()]
    return tuple(CardAnswer(question=question, lines=_matching(question, lines)) for question in QUESTIONS)


def _matching(question: CardQuestion, lines: Sequence[CardLine]) -> tuple[CardLine, ...]:
    words = re.compile(question.words, re.IGNORECASE)
    return tuple(line for line in lines if words.search(line.text))[:MAX_LINES]


def find_card(folder: Path) -> Path | None:
    """The card in a model's folder or, for a folder called `weights`, beside it; None where there is none."""
    places = [folder, folder.parent] if folder.name == "weights" else [folder]
    return next((place / name for place in places for name in CARD_NAMES if (place / name).is_file()), None)


def read_card(path: Path) -> str:
    """The card's text. ValueError, one sentence, for a file that is too large or no text."""
    if path.stat().st_size > MAX_CARD_BYTES:
        raise ValueError(f"{path.name} is too large for a model card.")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ValueError(f"{path.name} cannot be read as text.") from None

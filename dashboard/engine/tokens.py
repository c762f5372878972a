"""What a model makes of a prompt's words before it draws."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tokenizers.decoders import ByteLevel

if TYPE_CHECKING:
    from dashboard.engine.reader import PromptReader

TokenKind = Literal["start", "word", "end", "padding"]


@dataclass(frozen=True, kw_only=True)
class TokenReport:
    """A prompt cut into tokens. The start and end markers are not counted."""

    tokens: tuple[str, ...]  # all of them, as the vocabulary writes them ("</w>" ends a word)
    ids: tuple[int, ...]  # of all of them, in the vocabulary
    kept: tuple[str, ...]  # the first ones, which the model reads
    dropped: tuple[str, ...]  # the rest, which it never sees
    unknown: tuple[str, ...]  # words that are no single token: put together from pieces, or not writable at all
    limit: int  # tokens that the model reads


@dataclass(frozen=True, kw_only=True)
class PromptToken:
    """One of the places that the text encoder reads; there is always the same number of them."""

    position: int  # 0 ..
    id: int  # in the vocabulary
    text: str  # as the vocabulary writes it
    kind: TokenKind


@dataclass(frozen=True, kw_only=True)
class PromptWord:
    """A word as people write it, and where its tokens stand."""

    text: str
    positions: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class PromptReading:
    """A prompt as the text encoder reads it: markers, words cut into tokens, padding."""

    tokens: tuple[PromptToken, ...]
    words: tuple[PromptWord, ...]  # of the tokens that are read; the last may be cut off
    dropped: tuple[str, ...]  # tokens that do not fit


def token_report(model: PromptReader, prompt: str) -> TokenReport:
    """How the model's tokenizer reads `prompt`. CLIP keeps the first tokens and drops the rest."""
    tokens = tuple(model.tokenize(prompt))
    limit = model.info.prompt_tokens - 2
    words = split_words(tokens)
    return TokenReport(
        tokens=tokens,
        ids=tuple(model.vocabulary_ids(tokens)),
        kept=tokens[:limit],
        dropped=tokens[limit:],
        unknown=tuple(dict.fromkeys(text for text, places in words if len(places) > 1)),
        limit=limit,
    )


def read_prompt(model: PromptReader, prompt: str) -> PromptReading:
    """Every place that the model's text encoder reads, with real ids: the first tokens of `prompt`, then padding."""
    report = token_report(model, prompt)
    ids = model.token_ids(prompt)
    texts = model.token_texts(ids)
    end = len(report.kept) + 1
    return PromptReading(
        tokens=tuple(
            PromptToken(position=place, id=number, text=text, kind=_kind(place, end))
            for place, (number, text) in enumerate(zip(ids, texts, strict=True))
        ),
        words=tuple(
            PromptWord(text=text, positions=tuple(1 + place for place in places))
            for text, places in split_words(report.kept)
        ),
        dropped=report.dropped,
    )


def split_words(tokens: Iterable[str]) -> Iterator[tuple[str, list[int]]]:
    """Each word as people write it, and the places of its tokens, from 0."""
    letters = ByteLevel()  # the vocabulary writes each byte as one printable character
    pieces: list[str] = []
    places: list[int] = []
    for place, token in enumerate(tokens):
        pieces.append(token.removesuffix("</w>"))
        places.append(place)
        if token.endswith("</w>"):
            yield letters.decode(pieces), places
            pieces, places = [], []
    if pieces:
        yield letters.decode(pieces), places


def _kind(place: int, end: int) -> TokenKind:
    if place == 0:
        return "start"
    return "word" if place < end else "end" if place == end else "padding"

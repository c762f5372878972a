"""What a model makes of a prompt's words before it draws."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tokenizers.decoders import ByteLevel

if TYPE_CHECKING:
    from dashboard.engine.models import LoadedModel


@dataclass(frozen=True, kw_only=True)
class TokenReport:
    """A prompt cut into tokens. The start and end markers are not counted."""

    tokens: tuple[str, ...]  # all of them, as the vocabulary writes them ("</w>" ends a word)
    kept: tuple[str, ...]  # the first ones, which the model reads
    dropped: tuple[str, ...]  # the rest, which it never sees
    unknown: tuple[str, ...]  # words that are no single token: put together from pieces, or not writable at all
    limit: int  # tokens that the model reads


def token_report(model: LoadedModel, prompt: str) -> TokenReport:
    """How the model's tokenizer reads `prompt`. CLIP keeps the first tokens and drops the rest."""
    tokens = tuple(model.tokenize(prompt))
    limit = model.info.prompt_tokens - 2
    return TokenReport(
        tokens=tokens,
        kept=tokens[:limit],
        dropped=tokens[limit:],
        unknown=tuple(dict.fromkeys(_split_words(tokens))),
        limit=limit,
    )


def _split_words(tokens: Iterable[str]) -> Iterator[str]:
    """The words that took more than one token, as people write them."""
    letters = ByteLevel()  # the vocabulary writes each byte as one printable character
    pieces: list[str] = []
    for token in tokens:
        pieces.append(token.removesuffix("</w>"))
        if token.endswith("</w>"):
            if len(pieces) > 1:
                yield letters.decode(pieces)
            pieces = []

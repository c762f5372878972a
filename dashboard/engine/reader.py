"""How a model's tokenizer reads prompts; known without loading the model's networks."""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence
from typing import Any

from dashboard.engine.model_info import ModelInfo
from dashboard.engine.networks import token_ids


class PromptReader:
    """Thread-safe."""

    def __init__(self, info: ModelInfo, tokenizer: Any) -> None:
        """`tokenizer` is copied: using one changes it, so it must not be the one that images are drawn with."""
        self.info = info
        self._reader = copy.deepcopy(tokenizer)
        self._reading = threading.Lock()

    def tokenize(self, prompt: str) -> list[str]:
        """The prompt's tokens as the vocabulary writes them, uncut and without markers."""
        with self._reading:
            ids = self._reader(prompt, add_special_tokens=False, verbose=False).input_ids
            return list(self._reader.convert_ids_to_tokens(ids))

    def token_ids(self, prompt: str) -> list[int]:
        """The ids that the text encoder reads: markers, the first tokens, padding."""
        with self._reading:
            return list(token_ids(self._reader, self.info.prompt_tokens, prompt)[0].tolist())

    def token_texts(self, ids: Sequence[int]) -> list[str]:
        """Tokens as the vocabulary writes them."""
        with self._reading:
            return list(self._reader.convert_ids_to_tokens(list(ids)))

    def vocabulary_ids(self, tokens: Sequence[str]) -> list[int]:
        """The number of each token in the vocabulary."""
        with self._reading:
            return list(self._reader.convert_tokens_to_ids(list(tokens)))

"""Pocket's tokenizer: CLIP's format and algorithm, with a vocabulary of the pocket world's own words.

Byte-pair merges are learned until every word of the world is one token, so a word that falls apart
into several tokens is a word that the model has never seen. The 512 single-byte tokens make any text
encodable, as in CLIP.
"""

import json
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPTokenizer

START, END = "<|startoftext|>", "<|endoftext|>"
MAX_TOKENS = 32  # CLIP has 77; the longest caption of the world takes 19 with its two markers


def build_tokenizer(words: Iterable[str]) -> CLIPTokenizer:
    """A CLIP tokenizer in which each of `words` (lower case, letters and digits) is a single token."""
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learner.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(vocab_size=1_000_000, min_frequency=1, end_of_word_suffix="</w>", show_progress=False)
    learner.train_from_iterator(sorted(set(words)), trainer)
    merges = [tuple(merge) for merge in json.loads(learner.to_str())["model"]["merges"]]

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), *("".join(merge) for merge in merges), START, END]
    vocab = {token: index for index, token in enumerate(dict.fromkeys(tokens))}
    with tempfile.TemporaryDirectory() as folder:
        vocab_file, merges_file = Path(folder, "vocab.json"), Path(folder, "merges.txt")
        vocab_file.write_text(json.dumps(vocab, ensure_ascii=False), encoding="utf-8")
        merges_file.write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges), encoding="utf-8")
        return CLIPTokenizer.from_pretrained(folder, model_max_length=MAX_TOKENS, unk_token=END, pad_token=END)


def kept_tokenizer(folder: Path, make: Callable[[], CLIPTokenizer]) -> CLIPTokenizer:
    """The tokenizer that a training began with, kept in `folder`: building it anew may number a few tokens otherwise.

    The folder appears whole: a reader never finds half of it.
    """
    if not folder.exists():
        partial = folder.with_suffix(".partial")
        make().save_pretrained(partial)
        partial.rename(folder)
    return CLIPTokenizer.from_pretrained(folder)

"""Pocket's tokenizer: CLIP's behaviour, our vocabulary."""

import pytest
from transformers import CLIPTokenizer

from dashboard.pocket.tokenizer import MAX_TOKENS, build_tokenizer
from dashboard.pocket.world.captions import vocabulary


@pytest.fixture(scope="module")
def tokenizer() -> CLIPTokenizer:
    return build_tokenizer(vocabulary())


def test_every_word_of_the_world_is_one_token(tokenizer):
    assert [word for word in vocabulary() if len(tokenizer.tokenize(word)) != 1] == []


def test_an_unknown_word_falls_apart(tokenizer):
    assert len(tokenizer.tokenize("zebra")) > 1


def test_padding_and_truncation_keep_the_first_tokens(tokenizer):
    ids = tokenizer("a cat " * 40, padding="max_length", truncation=True).input_ids
    assert len(ids) == MAX_TOKENS
    assert ids[0] == tokenizer.bos_token_id and ids[-1] == tokenizer.eos_token_id
    short = tokenizer("a cat", padding="max_length", truncation=True).input_ids
    assert short[3:] == [tokenizer.eos_token_id] * (MAX_TOKENS - 3)


def test_any_text_can_be_encoded(tokenizer):
    for text in ("", "naïve café", "猫が好き", "🚀" * 3, "a\x00b"):
        assert tokenizer(text).input_ids[0] == tokenizer.bos_token_id


def test_capitals_do_not_matter(tokenizer):
    assert tokenizer("A Poodle").input_ids == tokenizer("a poodle").input_ids

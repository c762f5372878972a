"""A learned word is one vector in the request: drawn as diffusers draws it, and nobody else's image changes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from asking import ask
from diffusers import PNDMScheduler, StableDiffusionPipeline
from tiny_model import WIDTH

from dashboard.engine import ImageRequest, LearnedWord, Memo, max_difference

WORD = LearnedWord.from_tensor("<star>", torch.randn(WIDTH, generator=torch.Generator().manual_seed(5)))
OTHER = LearnedWord.from_tensor("<star>", torch.randn(WIDTH, generator=torch.Generator().manual_seed(6)))
PROMPT = "a photo of a <star> on an owl"


@pytest.mark.parametrize("changes", [{}, {"negative_prompt": "a red <star>"}, {"guidance_scale": 1.0}])
def test_diffusers_draws_the_same_image(engine, tiny_folder, changes):
    pipe = StableDiffusionPipeline.from_pretrained(tiny_folder, safety_checker=None)
    pipe.set_progress_bar_config(disable=True)
    pipe.scheduler = PNDMScheduler.from_pretrained(tiny_folder, subfolder="scheduler")
    pipe.load_textual_inversion({WORD.token: WORD.tensor()})
    request = ask(PROMPT, seed=3, learned_words=(WORD,), **changes)
    theirs = pipe(
        request.prompt,
        negative_prompt=request.negative_prompt or None,
        num_inference_steps=request.num_inference_steps,
        guidance_scale=request.guidance_scale,
        generator=torch.Generator("cpu").manual_seed(request.seed),
    ).images[0]
    assert max_difference(engine.submit([request]).results()[0].array(), np.asarray(theirs)) <= 1


def test_the_vector_decides_the_image(engine):
    drawn = [ask(PROMPT, learned_words=words) for words in ((), (WORD,), (OTHER,))]
    assert len({result.sha256 for result in engine.submit(drawn).results()}) == 3


def test_the_networks_and_the_other_learners_images_stay_as_they_were(engine, registry):
    plain = ask("a photo of an owl", seed=4)
    encoder = registry.get("tiny").networks("float32").text_encoder
    table = encoder.get_input_embeddings().weight.clone()
    alone = engine.submit([plain]).results()[0]
    together = engine.submit([ask(PROMPT, learned_words=(WORD,)), plain]).results()[1]
    assert alone.sha256 == together.sha256
    assert torch.equal(encoder.get_input_embeddings().weight, table)


def test_two_vectors_of_one_name_are_two_memo_entries(make_engine, tmp_path):
    engine = make_engine(memo=Memo(tmp_path, max_bytes=10**7))
    first, second = (engine.submit([ask(PROMPT, learned_words=(word,))]).results()[0] for word in (WORD, OTHER))
    again = engine.submit([ask(PROMPT, learned_words=(WORD,))]).results()[0]
    assert first.sha256 != second.sha256 == engine.submit([second.request]).results()[0].sha256
    assert again.from_memo and again.sha256 == first.sha256 and again.request.learned_words == (WORD,)


def test_a_request_with_words_survives_writing(engine):
    request = ask(PROMPT, learned_words=[WORD])
    assert ImageRequest.from_dict(request.as_dict()) == request
    assert request.learned_words == (WORD,) and hash(request)


def test_a_word_of_another_model_is_refused_at_once(engine):
    wide = LearnedWord.from_tensor("<wide>", torch.zeros(WIDTH + 1))
    with pytest.raises(ValueError, match="was taught to another model"):
        engine.submit([ask("a <wide>", learned_words=(wide,))])


@pytest.mark.parametrize(
    "token", ["star", "<Star>", "<>", "<-a>", "<a b>", "<" + "a" * 25 + ">", "<|endoftext|>", 7, ""]
)
def test_a_bad_name_is_refused(token):
    with pytest.raises(ValueError, match="is written <name>"):
        LearnedWord(token, bytes(4))


@pytest.mark.parametrize("data", [b"", b"123", np.float32("nan").tobytes(), np.float32("inf").tobytes(), "text"])
def test_bad_numbers_are_refused(data):
    with pytest.raises(ValueError, match="A new word"):
        LearnedWord("<star>", data)


@pytest.mark.parametrize(
    "words", [(WORD, OTHER), tuple(LearnedWord(f"<a{i}>", bytes(4)) for i in range(5)), ("<star>",), "<star>", None]
)
def test_a_bad_set_of_words_is_refused(words):
    with pytest.raises(ValueError, match=r"new words|New words"):
        ask(learned_words=words)


@pytest.mark.parametrize(
    "damage",
    [
        {"sha256": "0" * 64},
        {"base64": "!"},
        {"base64": 7},
        {"base64": "A" * 10**6},
        {"token": "star"},
        {"more": 1},
    ],
)
def test_a_damaged_writing_is_refused(damage):
    values = ask(PROMPT, learned_words=(WORD,)).as_dict()
    with pytest.raises(ValueError):
        ImageRequest.from_dict({**values, "learned_words": [{**WORD.as_dict(), **damage}]})

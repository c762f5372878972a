"""What the prompts lesson claims of any model, tried on the one that ships."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dashboard.course import load_course
from dashboard.engine import Engine, ImageRequest, ImageResult, ModelRegistry, compare, probes, token_report

STEPS = 4


@pytest.fixture(scope="module")
def pocket() -> ModelRegistry:
    return ModelRegistry.build([], device="cpu")


@pytest.fixture
def draw(make_engine: Callable[..., Engine], pocket: ModelRegistry) -> Callable[..., tuple[ImageResult, ...]]:
    engine = make_engine(pocket)

    def results(*requests: ImageRequest) -> tuple[ImageResult, ...]:
        return engine.submit(requests).results(120)

    return results


def asked(prompt: str, **changes: object) -> ImageRequest:
    return ImageRequest(prompt=prompt, seed=3, num_inference_steps=STEPS).replace(**changes)


@pytest.mark.parametrize("guidance", [0.0, 0.5, 1.0])
def test_a_negative_prompt_does_nothing_without_guidance(
    draw: Callable[..., tuple[ImageResult, ...]], guidance: float
) -> None:
    plain = asked("a photo of a house in the snow", guidance_scale=guidance)
    without, with_it = draw(plain, plain.replace(negative_prompt="red"))
    assert without.rgb == with_it.rgb


def test_with_guidance_it_moves_the_picture_also_where_its_object_is_not(
    draw: Callable[..., tuple[ImageResult, ...]],
) -> None:
    plain = asked("a photo of a panda in the forest", guidance_scale=5.0, num_inference_steps=10)
    without, forest, car = draw(plain, plain.replace(negative_prompt="forest"), plain.replace(negative_prompt="car"))
    for other in (forest, car):
        assert compare(without.array(), other.array()).changed_share > 0.5


def test_the_empty_prompt_is_what_a_negative_prompt_replaces(draw: Callable[..., tuple[ImageResult, ...]]) -> None:
    plain = asked("a photo of a house in the snow", guidance_scale=5.0)
    mirrored = plain.replace(prompt="", negative_prompt=plain.prompt, guidance_scale=0.0)
    unguided, empty = draw(mirrored, plain.replace(prompt="", guidance_scale=1.0))
    assert unguided.rgb == empty.rgb, "at guidance 0 only the prompt counts, whatever the negative prompt is"


def test_the_first_tokens_are_kept_and_words_behind_them_do_nothing(
    pocket: ModelRegistry, draw: Callable[..., tuple[ImageResult, ...]]
) -> None:
    lesson = load_course().lessons["prompts"].experiments["tokens"]
    prompt, extra = str(lesson["prompt"]), str(lesson["extra"])
    report = token_report(pocket.get("pocket"), prompt)
    assert report.limit == 30 and report.kept == report.tokens[:30] and len(report.dropped) == 2
    assert report.ids[0] == report.ids[3], "the same word has the same number"
    typed, behind, before = draw(asked(prompt), asked(f"{prompt} {extra}"), asked(f"{extra} {prompt}"))
    assert typed.rgb == behind.rgb and typed.rgb != before.rgb


def test_a_word_it_never_saw_is_read_in_pieces_and_changes_the_picture(
    pocket: ModelRegistry, draw: Callable[..., tuple[ImageResult, ...]]
) -> None:
    assert token_report(pocket.get("pocket"), "a photo of a dragon").unknown == ("dragon",)
    with_it, without = draw(asked("a photo of a dragon"), asked("a photo of a"))
    assert with_it.rgb != without.rgb


def test_the_place_matters_more_than_the_small_word_before_it(draw: Callable[..., tuple[ImageResult, ...]]) -> None:
    typed, no_in, no_forest = draw(
        *(
            asked(p, num_inference_steps=10)
            for p in ("a purple panda in the forest", "a purple panda the forest", "a purple panda in the")
        )
    )
    small, large = (compare(typed.array(), other.array()).mean_abs_difference for other in (no_in, no_forest))
    assert small < large / 2


def test_markers_and_padding_are_looked_up_too(make_engine: Callable[..., Engine], pocket: ModelRegistry) -> None:
    engine, request = make_engine(pocket), asked("a purple panda in the forest")
    (result,) = engine.submit([request], traced=True).results(120)
    assert result.trace is not None
    maps = engine.consult("pocket", probes.attention_maps, request.prompt, result.trace.steps[0]).result(60)
    shares = {word.word: float(word.map.mean()) for word in maps.words}
    around = sum(float(part.mean()) for part in (maps.start, maps.end, maps.padding))
    assert sum(shares.values()) + around == pytest.approx(1.0, abs=1e-4)
    assert around > max(shares.values()) > 0

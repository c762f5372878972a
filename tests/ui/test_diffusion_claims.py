"""What the lesson on diffusion says of Pocket and of the schedule, measured."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest
import torch

from dashboard.course import load_course
from dashboard.engine import Engine, ImageRequest, ImageResult, ModelRegistry, initial_noise, probes, psnr, read_prompt
from dashboard.engine.models import LoadedModel
from dashboard.ui.labs.attention import share_table
from dashboard.ui.labs.film import GUESS, LATENTS, share_until_close, step_distances, step_pictures
from dashboard.ui.labs.forward import noised
from dashboard.ui.labs.latents import COURSE
from pages import ROOT

LESSON = load_course().lessons["diffusion"]
POODLE = "a photo of a poodle on an astronaut"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = Engine(ModelRegistry.build([], device="cpu"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def model(engine: Engine) -> LoadedModel:
    return engine.models.get("pocket")


@pytest.fixture(scope="module")
def poodle(engine: Engine) -> ImageResult:
    request = ImageRequest(prompt=POODLE, seed=6421725739674010)
    return engine.submit([request], traced=True).results()[0]


def written(section: str) -> str:
    return LESSON.section(section).body


def test_the_schedule_is_even_between_the_timesteps_that_the_lesson_names(model: LoadedModel) -> None:
    rows = probes.schedule_table(model)
    assert len(rows) == 1000
    even = next(row.timestep for row in rows if row.snr < 1)
    assert f"{even - 1} and {even}" in written("forward.maths").replace("\n", " ")
    assert 0.6 < (1000 - even) / 1000 < 0.7  # "about two thirds"
    assert f"{rows[-1].alpha_cumprod:.4f}" in written("forward.maths")
    assert f"{rows[-1].signal_scale:.1%}" in written("forward.maths")
    betas = 1 - np.divide([r.alpha_cumprod for r in rows], [1.0, *(r.alpha_cumprod for r in rows[:-1])])
    assert np.sqrt(betas) == pytest.approx(np.linspace(0.00085**0.5, 0.012**0.5, 1000), rel=1e-3)


def test_the_code_in_the_lesson_runs_and_is_equation_4(model: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", written("forward.maths"), re.DOTALL)
    monkeypatch.chdir(ROOT)
    names: dict[str, torch.Tensor] = {}
    exec(code, names)  # the lesson's own
    scale = probes.schedule_table(model)[400].noise_scale
    assert torch.allclose(names["noisy"], scale * names["noise"], atol=1e-6)  # the latents there are zeros


def test_latents_are_48_and_12_times_fewer_numbers(model: LoadedModel) -> None:
    info = model.info
    pixels, latents = info.native_size**2 * 3, info.latent_side**2 * info.latent_channels
    assert (pixels, latents, pixels / latents) == (12_288, 1_024, 12)
    assert (COURSE.pixels, COURSE.latents, COURSE.pixels / COURSE.latents) == (786_432, 16_384, 48)


def test_the_guess_is_close_before_half_of_the_steps_and_the_latents_are_not(engine: Engine) -> None:
    """The film's default: what its text and its quiz say of the guess and the latents."""
    values = LESSON.experiments["film"]
    request = ImageRequest(prompt=str(values["prompt"]), seed=int(str(values["seed"])))
    result = engine.submit([request], traced=True).results()[0]
    assert result.trace is not None
    pictures = [engine.consult("pocket", step_pictures, step).result() for step in result.trace.steps]
    table = step_distances(result.trace.steps, pictures, result)
    assert 0.25 < share_until_close(table) <= 0.5
    guess, latents = (list(table[table["picture"] == name]["mean"]) for name in (GUESS, LATENTS))
    assert latents[9] > 0.4 and guess[9] < 0.25  # halfway
    assert sum(g < x for g, x in zip(guess, latents, strict=True)) >= 18
    assert sharpness(pictures[0].guess) < 0.7 * sharpness(result.image())  # "early guesses are blurred"


def sharpness(picture) -> float:
    grey = np.asarray(picture.convert("L"), dtype=float)
    return float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean())


def test_the_round_trip_loses_a_little(model: LoadedModel, poodle: ImageResult) -> None:
    back = probes.decode_latents(model, probes.encode_image(model, poodle.image()))
    assert 22 < psnr(back, poodle.array()) < 45


def test_one_guess_helps_in_the_middle_and_fails_near_pure_noise(model: LoadedModel, poodle: ImageResult) -> None:
    noise = initial_noise(42, (1, 4, 16, 16))
    middle, late = (noised(model, poodle.image(), noise, t, POODLE) for t in (400, 950))
    assert psnr(middle.guess, middle.clean) > psnr(middle.noisy, middle.clean) + 2
    assert psnr(late.guess, late.clean) < psnr(middle.guess, middle.clean) - 3


def test_words_that_captions_use_alike_have_vectors_alike(model: LoadedModel) -> None:
    words = [word.strip() for word in str(LESSON.experiments["words"]["words"]).split(",")]
    cosines = probes.cosines(probes.word_vectors(model, words))
    twins = [(0, 1), (2, 3), (4, 5), (6, 7)]  # as they stand in the lesson
    others = [float(cosines[pair]) for pair in combinations(range(len(words)), 2) if pair not in twins]
    assert min(float(cosines[pair]) for pair in twins) > max(others) + 0.2


def test_a_place_has_read_what_is_before_it_and_nothing_after_it(model: LoadedModel) -> None:
    one, other = (probes.text_states(model, f"a photo of a {word} on the beach") for word in ("poodle", "owl"))
    same = [torch.allclose(a, b, atol=1e-5) for a, b in zip(one, other, strict=True)]
    assert same[:5] == [True] * 5  # start marker, a, photo, of, a
    assert not any(same[5:])  # the word itself, those after it, end marker, padding


def test_one_id_at_two_places_is_read_differently(model: LoadedModel) -> None:
    reading, states = read_prompt(model, POODLE), probes.text_states(model, POODLE)
    assert reading.tokens[1].id == reading.tokens[4].id
    assert float(probes.cosines(states[[1, 4]])[0, 1]) < 0.95


def test_attention_goes_to_the_subject_and_mostly_not_to_words(engine: Engine, poodle: ImageResult) -> None:
    assert poodle.trace is not None
    maps = [engine.consult("pocket", probes.attention_maps, POODLE, step).result() for step in poodle.trace.steps]
    table = share_table(maps)
    words = float(table[table["kind"] == "words"]["mean"].mean())
    assert 0.25 < words < 0.5
    assert list(table.groupby("step")["mean"].sum()) == pytest.approx([1] * len(maps), abs=1e-4)
    over_steps = {w.word: sum(m.words[i].map for m in maps) for i, w in enumerate(maps[0].words)}
    top = over_steps["poodle"].argmax() // 16  # rows from above: the poodle sits on top
    assert top < over_steps["astronaut"].argmax() // 16
    flat = {word: float(m.std() / m.mean()) for word, m in over_steps.items()}
    assert flat["poodle"] > 2 * flat["photo"]
    together = np.corrcoef(over_steps["poodle"].flatten(), over_steps["on"].flatten())[0, 1]
    assert together > 0.8  # "on" has read the poodle

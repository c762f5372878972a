"""The diffusion lesson's laboratories: what they ask for, what they show, and what they say of it."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest
import torch
from fake_engine import FakeEngine
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboard.engine import ModelUnavailable
from dashboard.ui.labs.attention import DARK, light, places_for_half
from dashboard.ui.labs.film import GUESS, LATENTS, share_until_close
from pages import OpenPage, fill, jobs, pictures, press, words


@pytest.fixture
def page(open_page: OpenPage) -> AppTest:
    return open_page("diffusion")


def guess(app: AppTest, experiment: str, option: int = 1) -> AppTest:
    radio = app.radio(key=f"diffusion.{experiment}.guess")
    radio.set_value(radio.options[option])
    return press(app, f"diffusion.{experiment}.commit")


def films(app: AppTest) -> list[dict]:
    """What each film on the page was given."""
    return [json.loads(element.proto.json) for element in app.get("bidi_component")]


def shot(size: tuple[int, int], kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise(size, 80).convert("RGB").save(buffer, kind)
    return buffer.getvalue()


# ---- adding noise


def test_the_strip_and_the_slider_show_the_picture_losing_to_the_noise(page: AppTest) -> None:
    press(page, "diffusion.forward.run")
    assert not page.exception
    strip = [alt for alt in pictures(page) if "at timestep" in alt]
    assert strip[0].endswith("timestep 0") and any(alt.endswith("timestep 999") for alt in strip)
    assert "At t = 400 the latents are 0." in words(page)
    page.slider(key="diffusion.timestep").set_value(0).run()
    assert "At t = 0 the latents are 1.000 x the picture's + 0.029 x noise" in words(page)


def test_a_link_brings_the_timestep_back(open_page: OpenPage) -> None:
    page = open_page("diffusion", {"ran": "forward", "diffusion.timestep": "700"})
    assert page.slider(key="diffusion.timestep").value == 700
    assert "At t = 700" in words(page)


def test_an_own_picture_takes_the_drawn_ones_place_in_both_laboratories(page: AppTest, engine: FakeEngine) -> None:
    page.file_uploader(key="diffusion.own").set_value(("cat.jpg", shot((90, 60), "JPEG"), "image/jpeg")).run()
    assert not page.exception
    alts = pictures(page)
    assert "your picture at timestep 999" in alts and "your picture, encoded and decoded" in alts
    assert {len(job.requests) for job in engine.submitted} == {1}, "nothing but the page's first image was drawn"


@pytest.mark.parametrize("data", [b"not a picture", b"", shot((20, 20))[:50]])
def test_a_bad_upload_gets_a_sentence(page: AppTest, data: bytes) -> None:
    page.file_uploader(key="diffusion.own").set_value(("cat.png", data, "image/png")).run()
    assert not page.exception
    assert len(page.error) == 1 and page.error[0].value.endswith(".")


# ---- the film


def test_the_film_is_shown_after_a_guess_and_scored(page: AppTest, engine: FakeEngine) -> None:
    press(page, "diffusion.film.run")
    assert not films(page) and "Your film is ready" in words(page)
    guess(page, "film")
    (film,) = films(page)
    assert [len(track["pictures"]) for track in film["tracks"]] == [20, 20, 20]
    assert film["frames"][0]["caption"].startswith("Step 1 of 20 · timestep 951 · ")
    assert film["frames"][-1]["caption"].startswith("Step 20 of 20 · timestep 1 · 100% signal")
    assert len(set(film["tracks"][1]["pictures"])) > 10, "the guess changes from step to step"
    assert "The first guess, made from pure noise" in words(page)
    assert "points" in words(page)


def test_every_control_of_the_film_reaches_the_traced_run(page: AppTest, engine: FakeEngine) -> None:
    typed = {"prompt": "an owl", "seed": "9", "num_inference_steps": 4, "guidance_scale": 1.0, "scheduler": "heun"}
    for control, value in typed.items():
        fill(page, f"diffusion.film.{control}", value)
    press(page, "diffusion.film.run")
    request = engine.submitted[-1].requests[0]
    assert {name: getattr(request, name) for name in typed} == {**typed, "seed": 9}
    guess(page, "film")
    assert len(films(page)[0]["frames"]) == 7  # Heun: 2n - 1 steps


@pytest.mark.parametrize(
    ("distances", "share"),
    [([0.9, 0.5, 0.2, 0.1], 0.75), ([0.1] * 4, 0.25), ([0.2, 0.9, 0.1, 0.1], 0.75), ([0.9] * 4, 1.0)],
)
def test_the_share_counts_until_the_guess_stays_close(distances: list[float], share: float) -> None:
    steps = range(1, len(distances) + 1)
    guessed = pd.DataFrame({"step": steps, "picture": GUESS, "mean": distances})
    held = pd.DataFrame({"step": steps, "picture": LATENTS, "mean": 1.0})
    assert share_until_close(pd.concat([held, guessed])) == share


# ---- latents and words


def test_the_sizes_and_the_round_trip_are_told(page: AppTest) -> None:
    (sizes,) = page.table
    assert list(sizes.value["times fewer"]) == ["**12**", "**48**"]
    press(page, "diffusion.latents.run")
    assert not page.exception
    assert sum(alt.startswith("Channel ") for alt in pictures(page)) == 4
    assert "came back with a PSNR of" in words(page)


def test_the_prompts_places_and_the_words_likeness(page: AppTest) -> None:
    fill(page, "diffusion.words.prompt", "a photo of a poodle " * 10)
    fill(page, "diffusion.words.words", "owl, poodle, red")
    press(page, "diffusion.words.run")
    assert not page.exception
    assert "24 places are always read" in words(page)
    assert "did not fit and are never read" in page.warning[0].value
    tokens = page.dataframe[0].value
    assert list(tokens["token"][:3]) == ["<|startoftext|>", "a</w>", "photo</w>"]
    assert list(tokens["kind"])[-1] == "end marker"
    assert "the middle of all 3 pairs" in words(page)


@pytest.mark.parametrize("typed", ["owl", ", ,", ",".join("abcdefghijklmno"), "x" * 60 + ", owl"])
def test_words_that_cannot_be_compared_get_a_sentence(page: AppTest, typed: str) -> None:
    fill(page, "diffusion.words.words", typed)
    press(page, "diffusion.words.run")
    assert "Write from 2 to 12 words" in page.error[0].value


def test_unusual_words_are_text_and_no_harm(page: AppTest) -> None:
    fill(page, "diffusion.words.words", "<b>bold</b>, $x^2$, 🐩, [link](x)")
    press(page, "diffusion.words.run")
    assert not page.exception and not page.error
    assert "<b>bold" not in words(page)


# ---- attention


def test_each_word_has_its_track_with_a_frame_a_step_and_one_for_all(page: AppTest) -> None:
    fill(page, "diffusion.attention.num_inference_steps", 4)
    press(page, "diffusion.attention.run")
    guess(page, "attention")
    assert not page.exception
    (film,) = films(page)
    assert [track["title"] for track in film["tracks"]] == ["a", "photo", "of", "a", "poodle", "on", "an", "astronaut"]
    assert [frame["short"] for frame in film["frames"]] == ["1", "2", "3", "4", "all"]
    assert film["first"] == 4
    assert all(len(track["pictures"]) == 5 and track["base"].startswith("data:") for track in film["tracks"])
    assert "the words get" in words(page)


def test_an_empty_prompt_has_no_words_to_look_at(page: AppTest) -> None:
    fill(page, "diffusion.attention.prompt", "")
    press(page, "diffusion.attention.run")
    guess(page, "attention")
    assert "An empty prompt has no words" in words(page) and not films(page)


def test_light_runs_from_dark_to_white() -> None:
    grey = np.asarray(light(torch.tensor([[0.1, 0.2], [0.3, 0.2]])))
    assert grey[1, 0] == 255 and grey[0, 0] == round(DARK * 255)
    assert light(torch.full((2, 2), 0.3)).size == (2, 2)  # nothing to stretch, and no fault


def test_how_few_places_hold_half_of_the_attention() -> None:
    assert places_for_half(np.full((10, 10), 0.01)) == pytest.approx(0.5, abs=0.02)
    gathered = np.full((10, 10), 0.001)
    gathered[0, 0] = 1.0
    assert places_for_half(gathered) == 0.01


# ---- beliefs and trouble


def test_the_belief_is_tested_with_one_noise_for_every_prompt(page: AppTest, engine: FakeEngine) -> None:
    press(page, "diffusion.hidden.run")
    (job,) = jobs(engine, 9)
    by_seed = {request.seed: {r.prompt for r in job.requests if r.seed == request.seed} for request in job.requests}
    assert [len(prompts) for prompts in by_seed.values()] == [3, 3, 3]
    assert "These images cannot decide it" in words(page), "painted noise differs as much either way"


def test_a_look_that_fails_leaves_a_sentence_and_a_way_to_try_again(page: AppTest, engine: FakeEngine) -> None:
    def refuse(*_: object) -> None:
        raise ModelUnavailable("The model is not well.")

    plain_consult = engine.consult
    engine.consult = refuse  # type: ignore[method-assign]
    press(page, "diffusion.forward.run")
    press(page, "diffusion.words.run")
    assert not page.exception
    assert [box.value for box in page.warning] == ["The model is not well."] * 2
    engine.consult = plain_consult  # type: ignore[method-assign]
    press(page, "diffusion.forward.look")
    assert not page.warning and "At t = 400" in words(page)

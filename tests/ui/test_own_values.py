"""A model brings its own steps and guidance to the lessons, but for what a lesson is about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
from fake_engine import INFO, FakeEngine
from streamlit.testing.v1 import AppTest
from test_every_control import NO_IMAGES, asked
from tiny_model import save_tiny_turbo

from dashboard.course import load_course
from dashboard.engine import Engine, ImageRequest, ModelUnavailable, build_engine
from dashboard.engine.catalogue import CATALOGUE, POCKET, POCKET_FAST
from dashboard.settings import Settings
from dashboard.ui import engine_room
from dashboard.ui.own_values import KEEPS
from dashboard.ui.scoring import scorer_for
from pages import ROOT, OpenPage, fill, jobs, press, value_of, words

TURBO = "sd-turbo"
CARD = CATALOGUE["stabilityai/sd-turbo"]
LARGE = CATALOGUE["CompVis/stable-diffusion-v1-4"]
LCM = CATALOGUE["latent-consistency/lcm-lora-sdv1-5"]
LESSONS = load_course().lessons


def info_from(model_id: str, card) -> SimpleNamespace:
    own = {n: getattr(card, n) for n in ("default_steps", "default_guidance_scale", "default_scheduler", "distilled")}
    return SimpleNamespace(**{**vars(INFO), **own, "id": model_id, "name": card.name})


@pytest.fixture(autouse=True)
def models(engine: FakeEngine) -> None:
    """The fake engine serves Pocket, SD-Turbo, v1.4, v1.4 with the LCM-LoRA and Pocket Fast, by their cards."""
    cards = {TURBO: CARD, "v1": LARGE, "lcm": LCM, POCKET_FAST: CATALOGUE[POCKET_FAST]}
    infos = {"pocket": INFO, **{model: info_from(model, card) for model, card in cards.items()}}
    engine.models.info, engine.models.infos = infos.__getitem__, lambda: tuple(infos.values())


def choose(app: AppTest, model: str) -> AppTest:
    app.selectbox(key="model").select(model)
    return app.run()


def first_request(engine: FakeEngine) -> ImageRequest:
    return jobs(engine, 1)[-1].requests[0]


def test_requests_by_themselves_are_pockets_own() -> None:
    request, pocket = ImageRequest(prompt=""), CATALOGUE[POCKET]
    own = (pocket.default_steps, pocket.default_guidance_scale, pocket.default_scheduler)
    assert (request.num_inference_steps, request.guidance_scale, request.scheduler) == own


@pytest.mark.parametrize(
    ("model", "card", "scheduler"), [(TURBO, CARD, "euler"), ("lcm", LCM, "lcm"), ("v1", LARGE, "ddim")]
)
def test_the_first_image_and_the_form_follow_the_model(open_page, engine, model, card, scheduler) -> None:
    app = choose(open_page("seeds"), model)
    first = first_request(engine)
    assert (first.model, first.scheduler) == (model, scheduler)
    assert (first.num_inference_steps, first.guidance_scale) == (card.default_steps, card.default_guidance_scale)
    assert value_of(app, "seeds.grid.num_inference_steps.1") == card.default_steps
    assert value_of(app, "seeds.grid.guidance_scale.1") == card.default_guidance_scale


def test_an_experiment_without_a_guidance_takes_the_models(open_page, engine) -> None:
    app = choose(open_page("seeds"), TURBO)
    assert "guidance_scale" not in LESSONS["seeds"].experiments["repeat"]
    press(app, "seeds.repeat.run")
    assert {r.guidance_scale for r in asked(engine)[1:] if r.model == TURBO} == {0.0}


def test_what_was_typed_stays_and_the_rest_follows_there_and_back(open_page, engine) -> None:
    app = open_page("seeds")
    fill(app, "seeds.grid.guidance_scale", 3.5)
    press(app, "seeds.grid.run")
    app = choose(app, TURBO)
    assert value_of(app, "seeds.grid.guidance_scale") == 3.5
    assert value_of(app, "seeds.grid.num_inference_steps.1") == 1
    app = choose(app, "pocket")
    assert value_of(app, "seeds.grid.guidance_scale") == 3.5
    assert value_of(app, "seeds.grid.num_inference_steps.2") == 20


def test_the_last_run_is_drawn_anew_with_the_models_own_values(open_page, engine) -> None:
    app = open_page("seeds")
    fill(app, "seeds.grid.seeds", "4, 5")
    press(app, "seeds.grid.run")
    choose(app, TURBO)
    request = jobs(engine, 2)[-1].requests[0]
    assert (request.model, request.num_inference_steps, request.guidance_scale) == (TURBO, 1, 0.0)


def test_a_link_holds_what_differs_from_the_models_own_values(open_page, engine) -> None:
    app = choose(open_page("seeds"), TURBO)
    fill(app, "seeds.grid.num_inference_steps.1", 20)
    press(app, "seeds.grid.run")
    assert app.query_params["grid.steps"] == "20"
    assert "grid.guidance" not in app.query_params
    again = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=30)
    again.session_state["model"] = TURBO  # as the address says to a browser; AppTest does not read it there
    again.run()
    again.switch_page("pages/seeds.py")
    for name, value in app.query_params.items():
        again.query_params[name] = value
    again.run()
    assert not again.exception
    grid = jobs(engine, 6)[-1].requests[0]
    assert (grid.model, grid.num_inference_steps, grid.guidance_scale) == (TURBO, 20, 0.0)


def test_pocket_fast_is_of_pockets_world(open_page, engine) -> None:
    """Its words are Pocket's, its images are measured by Pocket's scorer, and its parts are Pocket's parts."""
    app = choose(open_page("prompts"), POCKET_FAST)
    fill(app, "prompts.grid.prompts", "a photo of a walrus\na red car")
    press(app, "prompts.grid.run")
    assert "Pocket was never shown “walrus”" in words(app) and "knows many more words" not in words(app)
    assert scorer_for(POCKET_FAST) is scorer_for("pocket") is not None
    assert "knows many more words" in words(choose(app, "v1"))


def test_a_sweep_stays_and_says_what_the_model_is(open_page, engine) -> None:
    app = choose(open_page("guidance"), TURBO)
    press(app, "guidance.sweep.run")
    assert [r.guidance_scale for r in jobs(engine, 7)[-1].requests] == [2, 5, 8, 11, 14, 17, 20]
    told = "This model is distilled: SD-Turbo learned to draw in about 1 step and needs no guidance."
    assert f"{told} This sweep goes beyond that on purpose" in words(app)
    app = choose(open_page("seeds"), TURBO)
    assert f"{told} A guidance above 1, or many steps" in words(app)
    assert "distilled" not in words(choose(app, "v1")).split("Model in use")[0]


def test_a_sweep_beyond_the_models_own_scheduler_takes_the_lessons(open_page, engine) -> None:
    app = choose(open_page("steps"), "lcm")
    press(app, "steps.sweep.run")
    assert not app.exception
    sweep = jobs(engine, 20)[-1].requests
    assert (sweep[-1].num_inference_steps, sweep[-1].scheduler, sweep[-1].guidance_scale) == (96, "ddim", 1.0)
    press(app, "steps.knee.run")
    assert not app.exception


def cases() -> Iterator[tuple[str, str]]:
    for lesson in LESSONS.values():
        for experiment in lesson.experiments:
            if experiment != "first" and (lesson.id, experiment) not in NO_IMAGES:
                yield lesson.id, experiment


@pytest.mark.parametrize(("lesson_id", "experiment"), cases())
@pytest.mark.parametrize("model", [TURBO, "lcm", POCKET_FAST])
def test_every_experiment_runs_with_a_distilled_model(
    open_page: OpenPage, engine, model, lesson_id, experiment
) -> None:
    app = choose(open_page(lesson_id), model)
    key, values = f"{lesson_id}.{experiment}", LESSONS[lesson_id].experiments[experiment]
    if not any(button.key == f"{key}.run" for button in app.button):
        pytest.skip("this one is Pocket's")
    engine.forget()
    press(app, f"{key}.run")
    assert not app.exception and not app.error
    if any(button.key == f"{key}.skip" for button in app.button):
        press(app, f"{key}.skip")
        assert not app.exception and not app.error
    kept = {name: values[name] for name in values.get(KEEPS, [])}
    for request in asked(engine):
        for name in ("num_inference_steps", "guidance_scale"):
            if name in kept:
                assert getattr(request, name) in (kept[name], values.get("other_steps"), values.get("other_guidance"))


@pytest.fixture
def turbo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A real engine with a tiny model in SD-Turbo's shape, under its name."""
    folder = save_tiny_turbo(tmp_path / "made")
    made = build_engine(Settings(models=(f"{TURBO}={folder}",), data_dir=tmp_path / "data", device="cpu", threads=1))
    monkeypatch.setattr(engine_room, "build", lambda: made)
    st.cache_resource.clear()
    yield made
    made.close()
    st.cache_resource.clear()


def test_a_real_distilled_model_draws_the_seeds_lesson_at_its_own_values(turbo, open_page) -> None:
    app = choose(open_page("seeds"), TURBO)
    fill(app, "seeds.grid.seeds", "0, 1")
    press(app, "seeds.grid.run")
    (job,) = [job for job in turbo._register._jobs.values() if len(job.requests) == 2]
    results = job.results(timeout=60)
    assert not app.run().exception
    assert {(r.model_id, r.steps_run, r.evaluations) for r in results} == {(TURBO, 1, 1)}  # one row: no guidance
    assert results[0].sha256 != results[1].sha256


@pytest.mark.parametrize(
    ("page", "experiment"), [("steps", "timesteps"), ("steps", "schedulers"), ("prompts", "tokens")]
)
def test_a_model_that_is_not_here_yet_is_no_error(open_page, engine, page, experiment) -> None:
    """These laboratories read the model's files before any image of theirs is drawn."""

    def missing(model_id: str) -> None:
        raise ModelUnavailable("SD-Turbo is not on this machine yet; draw an image with it first.")

    app = choose(open_page(page), TURBO)
    engine.models.schedulers = engine.models.reader = missing
    press(app, f"{page}.{experiment}.run")
    assert not app.exception
    assert "draw an image with it first" in words(app)

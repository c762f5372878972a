"""Welcome: the plan, what has been done of it, the way that other lessons follow, and the two models."""

from __future__ import annotations

import numpy as np
import pytest
from fake_engine import ANATOMY, FakeEngine
from streamlit.testing.v1 import AppTest

from dashboard.course import load_course
from dashboard.engine import ModelRegistry
from dashboard.engine.model_info import ModelInfo
from dashboard.engine.sources import DEFAULT_HUB_MODEL, parse_source
from dashboard.intervals import mean_interval
from dashboard.ui.alike import Alike
from dashboard.ui.labs import word_or_noise
from dashboard.ui.labs.two_models import SIZE, TOKENS
from dashboard.ui.way import WAYS
from pages import OpenPage, fill, jobs, pictures, press, words

COURSE = load_course()


@pytest.fixture
def welcome(open_page: OpenPage) -> AppTest:
    return open_page("welcome")


def choose(app: AppTest, way: str) -> AppTest:
    return app.radio(key="welcome.way").set_value(way).run()


def code_expanders(app: AppTest) -> list[bool]:
    return [e.proto.expanded for e in app.get("expander") if e.label == "One image"]


# ---- the plan


def test_every_lesson_stands_in_the_plan_once_and_is_linked_where_it_is_written(welcome: AppTest) -> None:
    headings = [header.value for header in welcome.subheader]
    assert headings == ["This week", "Next week", "Beyond"] == [week.title for week in COURSE.weeks]
    in_plan = [entry.id for week in COURSE.weeks for entry in COURSE.in_week(week)]
    assert in_plan == [entry.id for entry in COURSE.entries]
    links = [link.proto.label for link in welcome.main.get("page_link")]
    for entry in COURSE.entries:
        name = f"{entry.step}: {entry.title}"
        assert (name in links) == entry.available
        assert entry.available or f"{name} · planned" in words(welcome)


def test_the_plan_keeps_the_courses_weeks_and_steps() -> None:
    steps = {week.title: [entry.step for entry in COURSE.in_week(week)] for week in COURSE.weeks}
    assert [s for s in steps["This week"] if s != "Introduction"] == [
        *("Step 0", "Step 1", "Step 2a", "Step 2b", "Step 2c", "Step 2d")
    ]
    assert steps["Next week"] == ["Step 3", "Step 4", "Step 5"] and set(steps["Beyond"]) == {"Bonus"}


def test_progress_over_all_lessons_grows_with_what_is_done(welcome: AppTest) -> None:
    bar = lambda: next(p.proto.text for p in welcome.main.get("progress"))  # noqa: E731
    before = bar()
    welcome.switch_page("pages/seeds.py").run()
    press(welcome, "seeds.generator.run")
    press(welcome, "seeds.style.run")
    welcome.switch_page("pages/welcome.py").run()
    assert before.startswith("You have done 0 of ") and bar().startswith("You have done 2 of ")
    assert any("2 of " in caption.value and "done" in caption.value for caption in welcome.caption)


# ---- the ways


def test_the_way_is_remembered_on_every_page_and_when_one_returns(welcome: AppTest) -> None:
    assert welcome.radio(key="welcome.way").value == "guided"
    choose(welcome, "code")
    welcome.switch_page("pages/seeds.py").run()
    welcome.switch_page("pages/welcome.py").run()
    assert welcome.radio(key="welcome.way").value == "code"


def test_exploring_waits_for_no_guess(welcome: AppTest) -> None:
    choose(welcome, "explore")
    welcome.switch_page("pages/seeds.py").run()
    before = len(pictures(welcome))
    press(welcome, "seeds.grid.run")
    assert len(pictures(welcome)) == before + 6 and "What this run showed" in words(welcome)
    assert not [button for button in welcome.button if button.key == "seeds.grid.commit"]
    assert "of 100 points" not in words(welcome), "nobody guessed, so nothing is scored"


def test_going_back_to_guided_asks_again(welcome: AppTest) -> None:
    choose(welcome, "explore")
    choose(welcome, "guided")
    welcome.switch_page("pages/seeds.py").run()
    assert [button for button in welcome.button if button.key == "seeds.grid.commit"]


def test_the_way_of_code_opens_the_scripts(welcome: AppTest) -> None:
    welcome.switch_page("pages/seeds.py").run()
    assert code_expanders(welcome) == [False]
    welcome.switch_page("pages/welcome.py").run()
    choose(welcome, "code")
    welcome.switch_page("pages/seeds.py").run()
    assert code_expanders(welcome) == [True]


def test_two_learners_go_their_own_ways(open_page: OpenPage) -> None:
    one, two = open_page("welcome"), open_page("welcome")
    choose(one, "explore")
    assert two.run().radio(key="welcome.way").value == "guided"


def test_the_text_tells_every_way() -> None:
    text = COURSE.lessons["welcome"].section("ways").body
    assert all(f"**{name}.**" in text for name in WAYS.values())


# ---- the two models


def test_the_two_models_stand_side_by_side(welcome: AppTest, engine: FakeEngine) -> None:
    table = welcome.table[-1].value.astype(str)
    text = " ".join(table.to_numpy().ravel())
    assert f"{ANATOMY.parameters / 1e6:.1f} million" in text and "1,066 million" in text
    assert "64 x 64 px" in text and "512 x 512 px" in text and "CreativeML OpenRAIL-M" in text


def test_stable_diffusions_figures_are_the_engines_own() -> None:
    source = parse_source(DEFAULT_HUB_MODEL)
    info: ModelInfo = ModelRegistry([source], device="cpu").info(source.id)
    assert (info.native_size, info.prompt_tokens, info.latent_channels, info.latent_side) == (SIZE, TOKENS, 4, 64)


# ---- the first experiment


def test_each_control_of_the_first_experiment_reaches_the_requests(welcome: AppTest, engine: FakeEngine) -> None:
    fill(welcome, "welcome.word.prompts", "an owl\na fox")
    fill(welcome, "welcome.word.seeds", "7, 8")
    fill(welcome, "welcome.word.num_inference_steps", 5)
    fill(welcome, "welcome.word.guidance_scale", 2.5)
    press(welcome, "welcome.word.run")
    (job,) = jobs(engine, 4)
    assert [(r.prompt, r.seed) for r in job.requests] == [(p, s) for p in ("an owl", "a fox") for s in (7, 8)]
    assert {(r.num_inference_steps, r.guidance_scale) for r in job.requests} == {(5, 2.5)}


def test_the_first_experiment_waits_for_the_guess_and_scores_it(welcome: AppTest) -> None:
    press(welcome, "welcome.word.run")
    before = len(pictures(welcome))
    assert "Your images are ready" in words(welcome)
    radio = welcome.radio(key="welcome.word.guess")
    radio.set_value(radio.options[1])
    press(welcome, "welcome.word.commit")
    assert len(pictures(welcome)) == before + 8
    assert "Your guess was right" in words(welcome), "painted noise is unrelated, whatever it shares"


@pytest.mark.parametrize(
    ("noise", "word", "said"),
    [
        ([0.7, 0.72, 0.71], [0.3, 0.31, 0.32], "the noise changed more"),
        ([0.3, 0.31, 0.32], [0.7, 0.72, 0.71], "the words changed more"),
        ([0.3, 0.5, 0.7], [0.4, 0.5, 0.8], "cannot tell"),
        ([0.3], [0.9], "cannot tell"),
        ([0.3, 0.5, 0.7], [0.35, 0.56, 0.74], "the words changed more"),  # seed by seed, though the means overlap
    ],
)
def test_what_moved_the_picture_further_is_said_only_where_the_seeds_tell_it(
    noise: list[float], word: list[float], said: str
) -> None:
    apart = mean_interval(np.subtract(word, noise).tolist())
    found = Alike(same_prompt=mean_interval(noise), same_seed=mean_interval(word), difference=apart)
    told = word_or_noise.sentences(found)
    assert said in told and str(mean_interval(noise)) in told and str(mean_interval(word)) in told


def test_one_prompt_alone_compares_nothing_and_says_so(welcome: AppTest) -> None:
    press(welcome, "welcome.word.skip")
    fill(welcome, "welcome.word.prompts", "an owl")
    press(welcome, "welcome.word.run")
    assert not welcome.exception and "give at least two of each" in words(welcome)

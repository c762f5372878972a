"""The seeds lesson's laboratories: every control reaches the request, and what comes back is said right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fake_engine import SHAPE, FakeEngine
from streamlit.testing.v1 import AppTest

from dashboard.course import load_course
from dashboard.engine import Latents, initial_noise
from dashboard.export import grid_code
from dashboard.intervals import mean_interval, pairs_interval
from dashboard.ui.alike import Alike, measured
from dashboard.ui.distances import relative_distance
from dashboard.ui.labs import style
from pages import OpenPage, commit, fill, jobs, pictures, press, value_of, words

GRID = 6  # images of the default grid


@pytest.mark.parametrize(
    ("control", "typed", "field", "expected"),
    [
        ("prompt", "a tiny red dragon", "prompt", "a tiny red dragon"),
        ("negative_prompt", "blue", "negative_prompt", "blue"),
        ("num_inference_steps", 7, "num_inference_steps", 7),
        ("guidance_scale", 1.5, "guidance_scale", 1.5),
        ("scheduler", "heun", "scheduler", "heun"),
        ("seeds", "9223372036854775807, 3, 8, 21, 4, 5", "seed", 2**63 - 1),
    ],
)
def test_each_control_of_the_grid_reaches_the_request(
    seeds: AppTest, engine: FakeEngine, control: str, typed: Any, field: str, expected: Any
) -> None:
    press(seeds, "seeds.grid.run")
    fill(seeds, f"seeds.grid.{control}", typed)
    press(seeds, "seeds.grid.run")
    before, after = (job.requests[0] for job in jobs(engine, GRID))
    assert getattr(before, field) != expected
    assert after == before.replace(**{field: expected}), "this control, and no other, must change"


@pytest.mark.parametrize(
    ("experiment", "control", "typed", "images", "field", "expected"),
    [
        ("repeat", "prompt", "an owl", 6, "prompt", "an owl"),
        ("repeat", "num_inference_steps", 3, 6, "num_inference_steps", 3),
        ("repeat", "seed", "77", 6, "seed", 77),
        ("same", "prompt", "an owl", 6, "prompt", "an owl"),
        ("same", "seed", "77", 6, "seed", 78),
        ("same", "num_inference_steps", 3, 6, "num_inference_steps", 3),
        ("challenge", "prompt", "an owl", 2, "prompt", "an owl"),
        ("challenge", "seed", "77", 2, "seed", 77),
        ("challenge", "num_inference_steps", 3, 2, "num_inference_steps", 3),
        ("strip", "prompt", "an owl", 8, "prompt", "an owl"),
        ("strip", "num_inference_steps", 3, 8, "num_inference_steps", 3),
        ("style", "seeds", "77, 78", 6, "seed", 78),
        ("style", "num_inference_steps", 3, 9, "num_inference_steps", 3),
    ],
)
def test_each_control_of_the_other_laboratories_reaches_the_request(
    seeds: AppTest,
    engine: FakeEngine,
    experiment: str,
    control: str,
    typed: Any,
    images: int,
    field: str,
    expected: Any,
) -> None:
    fill(seeds, f"seeds.{experiment}.{control}", typed)
    press(seeds, f"seeds.{experiment}.run")
    assert not seeds.exception
    (job,) = jobs(engine, images)
    assert getattr(job.requests[-1], field) == expected


def test_without_a_seed_three_are_drawn_and_with_one_three_are_equal(seeds: AppTest, engine: FakeEngine) -> None:
    press(seeds, "seeds.repeat.run")
    press(seeds, "seeds.repeat.run")
    first, second = jobs(engine, 6)
    assert [r.seed for r in first.requests[3:]] == [42] * 3
    assert len({r.seed for job in (first, second) for r in job.requests[:3]}) == 6, "every run draws other seeds"
    assert "all three have one hash" in words(seeds)
    drawn = seeds.query_params["repeat.drawn"]
    assert drawn == ", ".join(str(r.seed) for r in second.requests[:3]), "the link must hold the seeds drawn"


def test_the_same_image_laboratory_changes_one_thing_at_a_time(seeds: AppTest, engine: FakeEngine) -> None:
    fill(seeds, "seeds.same.other_scheduler", "euler")
    press(seeds, "seeds.same.run")
    (job,) = jobs(engine, 6)
    base, again, twice, scheduler, dtype, further = job.requests
    assert again == base
    assert scheduler == base.replace(scheduler="euler")
    assert dtype == base.replace(dtype="bfloat16")
    assert further == base.replace(seed=base.seed + 1)
    assert twice == base.replace(latents=twice.latents) and twice.latents is not None
    assert twice.latents.sha256 != Latents.from_tensor(initial_noise(base.seed, SHAPE)).sha256
    assert "Identical: Same again (0)." in words(seeds)


def test_the_last_seed_has_a_neighbour_too(seeds: AppTest, engine: FakeEngine) -> None:
    fill(seeds, "seeds.same.seed", str(2**63 - 1))
    press(seeds, "seeds.same.run")
    assert jobs(engine, 6)[0].requests[-1].seed == 2**63 - 2


@pytest.mark.parametrize("mix", ["slerp", "average"])
def test_the_strip_begins_and_ends_with_the_seeds_own_noise(seeds: AppTest, engine: FakeEngine, mix: str) -> None:
    for control, value in {"first_seed": "5", "last_seed": "6", "frames": 7, "mix": mix}.items():
        fill(seeds, f"seeds.strip.{control}", value)
    press(seeds, "seeds.strip.run")
    (job,) = jobs(engine, 7)
    hashes = [request.latents.sha256 for request in job.requests if request.latents]
    ends = [Latents.from_tensor(initial_noise(seed, SHAPE)).sha256 for seed in (5, 6)]
    assert [hashes[0], hashes[-1]] == ends and len(set(hashes)) == 7
    middle = job.requests[3].latents
    assert middle is not None
    strength = float(middle.tensor().norm()) / 32  # of sqrt(1024)
    assert strength == pytest.approx(1.0 if mix == "slerp" else 0.707, abs=0.06)


def test_a_classmates_seed_is_compared_with_the_challenge(seeds: AppTest) -> None:
    press(seeds, "seeds.challenge.run")
    assert "**identical**" in words(seeds)
    fill(seeds, "seeds.challenge.seed", "2307844506")  # the same lowest 32 bits: the same noise on a CPU
    press(seeds, "seeds.challenge.run")
    assert "The two seeds give the same noise." in words(seeds)
    fill(seeds, "seeds.challenge.seed", "12")
    press(seeds, "seeds.challenge.run")
    assert "**different**" in words(seeds) and "The two seeds give different noise." in words(seeds)


def test_the_grid_waits_for_the_guess_and_then_scores_it(seeds: AppTest) -> None:
    images = len(pictures(seeds))
    press(seeds, "seeds.grid.run")
    assert "Your images are ready." in words(seeds) and len(pictures(seeds)) == images
    commit(seeds, option=2)
    assert len(pictures(seeds)) == images + GRID
    assert "Your guess was right" in words(seeds), "painted noise is unrelated, which is the third option"
    assert "84 of 100 points" in words(seeds)


def test_the_prediction_can_be_skipped_but_not_left_empty(seeds: AppTest) -> None:
    press(seeds, "seeds.grid.run")
    press(seeds, "seeds.grid.commit")
    assert "Choose one of the guesses first" in words(seeds)
    press(seeds, "seeds.grid.skip")
    assert "Your guess" not in words(seeds) and "What this run showed" in words(seeds)


def test_a_chart_has_its_table_in_the_order_of_the_grid(seeds: AppTest) -> None:
    fill(seeds, "seeds.grid.seeds", "8, 3, 21")
    press(seeds, "seeds.grid.run")
    press(seeds, "seeds.grid.skip")
    (table,) = [frame.value for frame in seeds.dataframe if "other seed" in frame.value.columns]
    assert list(zip(table["seed"], table["other seed"], strict=True)) == [("8", "3"), ("8", "21"), ("3", "21")]


def test_the_page_comes_back_from_its_link(open_page: OpenPage, engine: FakeEngine) -> None:
    query = {"ran": "grid", "grid.seeds": "4, 9", "grid.steps": "11", "grid.prompt": "an owl & a fox"}
    app = open_page("seeds", query)
    (job,) = jobs(engine, 2)
    assert [(r.seed, r.num_inference_steps, r.prompt) for r in job.requests] == [
        (4, 11, "an owl & a fox"),
        (9, 11, "an owl & a fox"),
    ]
    assert value_of(app, "seeds.grid.seeds") == "4, 9"


def test_running_writes_the_link_and_only_what_differs(seeds: AppTest) -> None:
    fill(seeds, "seeds.grid.num_inference_steps", 9)
    press(seeds, "seeds.grid.run")
    assert dict(seeds.query_params) == {"ran": "grid", "grid.steps": "9"}


@pytest.mark.parametrize(
    "query",
    [
        {"grid.steps": "1000000000"},
        {"grid.steps": "NaN"},
        {"grid.guidance": "1e9"},
        {"grid.seeds": "0-99999999999"},
        {"grid.seeds": "; drop table"},
        {"grid.scheduler": "../../etc/passwd"},
        {"grid.prompt": "x" * 5_000},
        {"same.seed": "-1"},
        {"grid.nonsense": "1", "ran": "nonsense.grid"},
    ],
)
def test_a_hostile_link_gives_the_lessons_own_values(
    open_page: OpenPage, engine: FakeEngine, query: dict[str, str]
) -> None:
    app = open_page("seeds", {"ran": "grid", **query})
    assert not app.exception and not app.error
    (job,) = jobs(engine, GRID)
    assert job.requests[0].num_inference_steps == 20 and len(job.requests[0].prompt) < 100


@pytest.mark.parametrize(
    ("control", "typed", "sentence"),
    [
        ("seeds", "1-", "A seed is a whole number"),
        ("seeds", "", "Give from 1 to 24 seeds"),
        ("seeds", "0-24", "Give from 1 to 24 seeds"),
        ("seeds", "9-3", "goes nowhere"),
        ("seeds", "9223372036854775808", "A seed is a whole number from 0 to 2^63 - 1"),
    ],
)
def test_bad_input_gets_a_sentence_and_keeps_everything(
    seeds: AppTest, engine: FakeEngine, control: str, typed: str, sentence: str
) -> None:
    press(seeds, "seeds.grid.run")
    press(seeds, "seeds.grid.skip")
    images = len(pictures(seeds))
    fill(seeds, f"seeds.grid.{control}", typed)
    press(seeds, "seeds.grid.run")
    assert sentence in seeds.error[0].value and len(seeds.error) == 1
    assert value_of(seeds, f"seeds.grid.{control}") == typed, "what was typed must stay"
    assert len(pictures(seeds)) == images, "the last run's images must stay"
    assert len(jobs(engine, GRID)) == 1


def test_the_mean_over_pairs_has_its_interval_over_seeds(seeds: AppTest, engine: FakeEngine) -> None:
    press(seeds, "seeds.grid.run")
    press(seeds, "seeds.grid.skip")
    pictures = [result.array() for result in jobs(engine, GRID)[0].results()]
    expected = pairs_interval([[relative_distance(a, b) for a in pictures] for b in pictures])
    assert f"Over 15 pairs of 6 seeds the images lie **{expected}** apart" in words(seeds)


def test_a_cell_says_its_seed_once(seeds: AppTest) -> None:
    press(seeds, "seeds.same.run")
    press(seeds, "seeds.repeat.run")
    cells = [e.proto.body for e in seeds.get("html") if "<figcaption>" in e.proto.body]
    (first,) = [cell for cell in cells if "<b>First image</b>" in cell]
    assert "0.01\N{NO-BREAK SPACE}s · seed\N{NO-BREAK SPACE}42" in first
    (given,) = [cell for cell in cells if "<b>Generator used twice</b>" in cell]
    assert "seed" not in given.split("<figcaption>")[1], "its noise came from no seed of its own"
    (titled, *_) = [cell for cell in cells if "<b>seed 42</b>" in cell]
    assert titled.split("<figcaption>")[1].count("seed") == 1


BELIEF = load_course().lessons["seeds"].misconceptions[0]


@pytest.mark.parametrize(("prompt", "refuted"), [([0.4, 0.5, 0.6], True), ([0.8, 0.9, 1.2], False)])
def test_the_belief_about_style_is_refuted_only_by_a_clear_difference(prompt: list[float], refuted: bool) -> None:
    seed = [0.98, 1.0, 1.02]
    found = Alike(
        same_prompt=mean_interval(prompt),
        same_seed=mean_interval(seed),
        difference=mean_interval(np.subtract(seed, prompt).tolist()),
    )
    said = style.reading(found, BELIEF)
    assert str(mean_interval(prompt)) in said
    assert (BELIEF.refutation in said) == refuted and ("cannot decide" in said) != refuted


def test_what_images_share_is_measured_over_seeds() -> None:
    rng = np.random.default_rng(0)
    scenes = [rng.normal(size=(8, 8, 3)) for _ in "ab"]
    seeds = [0.3 * rng.normal(size=(8, 8, 3)) for _ in range(4)]
    found = measured([[scene + seed for seed in seeds] for scene in scenes])
    same_prompt, same_seed = found.same_prompt, found.same_seed
    assert found.difference.mean == pytest.approx(same_seed.mean - same_prompt.mean) and found.difference.low > 0
    assert same_prompt.high < 0.5 < same_seed.low, "the scene counts more than the seed, whichever seeds were drawn"
    assert same_prompt.n == same_seed.n == len(seeds)
    assert same_seed == mean_interval([relative_distance(*(scene + seed for scene in scenes)) for seed in seeds])


def test_one_prompt_alone_compares_nothing(seeds: AppTest) -> None:
    fill(seeds, "seeds.style.prompts", "an owl")
    press(seeds, "seeds.style.run")
    assert "at least two of each" in words(seeds) and BELIEF.refutation not in words(seeds)


def test_what_a_learner_types_is_never_markdown_or_html(seeds: AppTest) -> None:
    fill(seeds, "seeds.style.seeds", "1, 2")
    fill(seeds, "seeds.grid.prompt", "<script>alert(1)</script> **bold** $x$ :material/home:")
    press(seeds, "seeds.grid.run")
    press(seeds, "seeds.grid.skip")
    assert not seeds.exception
    assert "<script>" not in "\n".join(str(e.proto.body) for e in seeds.get("html"))


def test_the_script_draws_exactly_what_the_last_run_showed(seeds: AppTest, engine: FakeEngine) -> None:
    before = [block.value for block in seeds.code]
    assert not any(block.startswith("import base64") for block in before), (
        "nothing has run: one image's script is enough"
    )
    fill(seeds, "seeds.grid.seeds", "8, 3, 21")
    press(seeds, "seeds.grid.run")
    seeds.run()
    (script,) = [block.value for block in seeds.code if "images = [" in block.value]
    setup, drawing = grid_code(jobs(engine, 3)[0].requests)
    assert script == f"{setup}\n{drawing}".strip() and script.count("    draw(") == 3

"""The data lesson's laboratories: look-ups are exact, the judge's count is said with its doubt, nothing breaks."""

from __future__ import annotations

import re
from collections import Counter

import pandas as pd
import pytest
from fake_engine import FakeEngine
from streamlit.testing.v1 import AppTest

from dashboard.course import load_course
from dashboard.intervals import Interval, share_interval
from dashboard.pocket.explorer import load_explorer
from dashboard.pocket.score import load_scorer
from dashboard.pocket.train.examples import study_scene
from dashboard.pocket.train.judge import BUDGETS
from dashboard.pocket.world.casts import SHIPPED_CAST
from dashboard.pocket.world.scene import SIZES
from dashboard.pocket.world.subjects import SKIN_TONES
from dashboard.ui.labs import bias, fair, guided_skew
from dashboard.ui.labs.judged import Counted
from pages import OpenPage, fill, jobs, pictures, press, words

PAGE = "data-and-bias"
LESSON = load_course().lessons[PAGE]


@pytest.fixture
def page(open_page: OpenPage) -> AppTest:
    return open_page(PAGE)


@pytest.fixture
def astronauts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge takes every image for an astronaut, every fourth for a woman."""

    def verdicts(self: object, images: list[object]) -> list[dict[str, str]]:
        return [
            {"subject": "astronaut", "sex": "man" if index % 4 else "woman", "skin_tone": "light"}
            for index in range(len(images))
        ]

    monkeypatch.setattr("dashboard.pocket.judge.Judge.verdicts", verdicts)
    monkeypatch.setattr("dashboard.ui.labs.judged.once", lambda _, make: make())


@pytest.mark.parametrize("word", ["cat", "snow", "red", "sketch", "huge", "riding"])
def test_a_word_gets_its_count_its_chart_and_pictures(page: AppTest, word: str) -> None:
    fill(page, f"{PAGE}.word.word", word)
    press(page, f"{PAGE}.word.run")
    assert not page.exception
    found = load_explorer().word(word)
    assert found is not None
    assert f"{found.count:,} of 24,000" in words(page)
    assert sum(alt.startswith("Training scene") for alt in pictures(page)) == 12
    (table,) = [frame.value for frame in page.dataframe if "scenes" in frame.value.columns]
    assert table["scenes"].is_monotonic_decreasing


@pytest.mark.parametrize(
    ("word", "sentence"), [("banana", "No caption ever said “banana”"), ("photo of a", "names no one thing")]
)
def test_a_word_without_scenes_gets_a_sentence(page: AppTest, word: str, sentence: str) -> None:
    fill(page, f"{PAGE}.word.word", word)
    press(page, f"{PAGE}.word.run")
    assert not page.exception and sentence in words(page)


def test_a_pair_is_compared_with_chance(page: AppTest) -> None:
    press(page, f"{PAGE}.pair.run")
    data = load_explorer()
    both, blue, cat = data.pair("blue", "cat"), data.word("blue"), data.word("cat")
    assert both and blue and cat
    assert f"{both.count:,} of 24,000" in words(page)
    assert f"about {blue.count * cat.count / 24_000:,.0f}" in words(page)
    assert f"In {data.coloured('blue', 'cat').count:,} of these the cat itself was blue" in words(page)


def test_a_pair_that_never_was_is_said_to_be_composed(page: AppTest) -> None:
    fill(page, f"{PAGE}.pair.first_word", "snow")
    fill(page, f"{PAGE}.pair.second_word", "desert")
    press(page, f"{PAGE}.pair.run")
    assert "0 of 24,000" in words(page) and "Pocket never saw them together" in words(page)


@pytest.mark.parametrize(("first", "second", "beside"), [("penguin", "kitten", False), ("white", "unicorn", True)])
def test_a_combination_held_out_is_said_to_be(page: AppTest, first: str, second: str, beside: bool) -> None:
    fill(page, f"{PAGE}.pair.first_word", first)
    fill(page, f"{PAGE}.pair.second_word", second)
    press(page, f"{PAGE}.pair.run")
    assert "held out on purpose" in words(page) and "Pocket never saw them together" not in words(page)
    assert ("something else beside the unicorn was white" in words(page)) == beside


def test_what_is_looked_up_is_never_markdown_or_html(page: AppTest) -> None:
    fill(page, f"{PAGE}.word.word", "<b>x</b> **y**")
    press(page, f"{PAGE}.word.run")
    assert not page.exception
    assert "No caption ever said “\\<”" in words(page) and "<b>x" not in words(page) and "**y**" not in words(page)


@pytest.mark.parametrize("typed", ["", "   "])
def test_a_word_out_of_range_is_named(page: AppTest, typed: str) -> None:
    fill(page, f"{PAGE}.word.word", typed)
    press(page, f"{PAGE}.word.run")
    assert "Write a word or a short phrase" in page.error[0].value


def test_an_image_gets_its_neighbours(page: AppTest) -> None:
    press(page, f"{PAGE}.nearest.run")
    assert not page.exception
    assert sum(alt.startswith("Training scene") for alt in pictures(page)) == 6
    (table,) = [frame.value for frame in page.dataframe if "similarity" in frame.value.columns]
    assert table["similarity"].is_monotonic_decreasing
    assert "it was not copied from the scenes shown here" in words(page)


# --- the experiment --------------------------------------------------------------------------


def test_the_images_are_counted_after_the_prediction(page: AppTest, engine: FakeEngine, astronauts: None) -> None:
    press(page, f"{PAGE}.bias.run")
    (job,) = jobs(engine, 24)
    assert {request.prompt for request in job.requests} == {"a photo of an astronaut"}
    assert [request.seed for request in job.requests] == list(range(24))
    assert "Your images are ready" in words(page) and "18 of those for men" not in words(page)
    radio = page.radio(key=f"{PAGE}.bias.guess")
    radio.set_value(radio.options[1])
    press(page, f"{PAGE}.bias.commit")
    assert not page.exception
    assert "took 24 of 24 images for an astronaut, and 18 of those for men: **75%**" in words(page)
    assert "fits the data's 80%" in words(page) or "fits the data's 79%" in words(page)
    assert "Your guess was right" in words(page), "0.75 is the second option"
    (table,) = [frame.value for frame in page.dataframe if "where" in frame.value.columns]
    assert set(table["where"]) == {bias.DATA, bias.HERE, bias.MANY}


def test_where_nothing_is_recognised_nothing_is_counted(
    page: AppTest, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "dashboard.pocket.judge.Judge.verdicts", lambda self, images: [{"subject": "cat"} for _ in images]
    )
    monkeypatch.setattr("dashboard.ui.labs.judged.once", lambda _, make: make())
    press(page, f"{PAGE}.bias.run")
    press(page, f"{PAGE}.bias.skip")
    press(page, f"{PAGE}.fair.run")
    assert not page.exception
    assert "took none of these 24 images for an astronaut" in words(page)
    assert "recognised the subject in none of these 24 images" in words(page)


@pytest.mark.parametrize(("middle", "said"), [(24, True), (6, False), (0, False)])
def test_a_middle_tone_that_is_more_common_than_in_the_data_is_named(
    page: AppTest, monkeypatch: pytest.MonkeyPatch, middle: int, said: bool
) -> None:
    tones = ["medium-light"] * middle + ["light"] * (24 - middle)
    monkeypatch.setattr(
        "dashboard.pocket.judge.Judge.verdicts",
        lambda self, images: [{"subject": "astronaut", "sex": "man", "skin_tone": tone} for tone in tones],
    )
    monkeypatch.setattr("dashboard.ui.labs.judged.once", lambda _, make: make())
    press(page, f"{PAGE}.bias.run")
    press(page, f"{PAGE}.bias.skip")
    assert ("*Medium-light* skin is more common in the images" in words(page)) == said


@pytest.mark.parametrize(
    ("women", "sentence"),
    [(2, "chance does not explain it"), (12, "do not settle it"), (22, "on the other side")],
)
def test_the_belief_is_answered_from_the_count(
    page: AppTest, monkeypatch: pytest.MonkeyPatch, women: int, sentence: str
) -> None:
    sexes = ("woman",) * women + ("man",) * (24 - women)
    monkeypatch.setattr(
        "dashboard.pocket.judge.Judge.verdicts",
        lambda self, images: [{"subject": "astronaut", "sex": sex, "skin_tone": "dark"} for sex in sexes],
    )
    monkeypatch.setattr("dashboard.ui.labs.judged.once", lambda _, make: make())
    press(page, f"{PAGE}.fair.run")
    assert f"{women} were taken for women" in words(page) and sentence in words(page)


def test_the_interval_narrows_as_images_are_counted() -> None:
    table = fair.growing(Counted(8, 8, {}, ("woman", "man") * 4))
    widths = (table["high"] - table["low"]).iloc[1::2]  # where both kinds are equally many
    assert widths.is_monotonic_decreasing and table["mean"].iloc[-1] == 0.5


def test_another_model_gets_a_sentence(page: AppTest, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("judged",):
        monkeypatch.setattr(f"dashboard.ui.labs.{module}.current_model", lambda: "sd14")
    page.run()
    assert not page.exception
    assert words(page).count("about Pocket's own training set") == 4


# --- what the text says ----------------------------------------------------------------------


def test_the_data_has_the_shares_that_the_lesson_tells() -> None:
    shares = bias.data_shares(load_explorer(), "astronaut")
    assert shares["man"] == pytest.approx(0.8, abs=0.04), "four in five"
    (astronaut,) = [subject for subject in SHIPPED_CAST.subjects if subject.name == "astronaut"]
    wanted = {
        tone: sum(s for v, s in astronaut.variants.items() if bias.shown_variant(v)[1] == tone) for tone in SKIN_TONES
    }
    assert wanted["light"] / wanted["dark"] == pytest.approx(8), "eight times as often"
    assert shares["light"] / shares["dark"] > 5


def test_the_judge_learned_from_nearly_as_many_women_as_men() -> None:
    """Its training scenes and its study scenes, each kind counted over some thousands and scaled to its whole."""
    budget, studied = BUDGETS["cpu"], 10_000
    study = Counter(
        figure.variant
        for index in range(studied)
        for figure in study_scene(index, SHIPPED_CAST).figures
        if figure.subject == "astronaut"
    )
    scales = (
        (load_explorer().variants("astronaut"), budget.training_scenes / len(load_explorer().scenes)),
        (study, budget.study_scenes / studied),
    )
    everyone = sum(seen.total() * scale for seen, scale in scales)
    women = sum(seen[variant] * scale for seen, scale in scales for variant in seen if variant.startswith("woman"))
    assert 0.42 < women / everyone < 0.5


@pytest.mark.parametrize(
    ("low", "high", "where"), [(0.7, 0.9, "fits"), (0.5, 0.6, "lies below"), (0.85, 0.95, "lies above")]
)
def test_many_seeds_are_set_beside_the_data(low: float, high: float, where: str) -> None:
    assert f"which {where} the data's" in bias._many_seeds(Interval((low + high) / 2, low, high, 150), 0.8)


def test_the_words_to_try_are_from_outside() -> None:
    tried = re.findall(r"\*([a-z]+)\*", LESSON.section("word").body.split("outside its world")[1])
    assert len(tried) == 3 and all(load_explorer().word(word) is None for word in tried)


def test_an_embedding_has_the_width_that_the_lesson_tells() -> None:
    assert "128 numbers" in LESSON.section("nearest.maths").body and load_scorer().width == 128


def test_a_face_is_about_a_dozen_pixels_wide() -> None:
    (astronaut,) = [subject for subject in SHIPPED_CAST.subjects if subject.name == "astronaut"]
    assert astronaut.face is not None
    assert (astronaut.face[2] - astronaut.face[0]) * SIZES["normal"] * 64 == pytest.approx(12, abs=2)


def test_the_quizs_interval_is_right() -> None:
    question = next(question for question in LESSON.quiz if "17 men among 24" in question.question)
    share = share_interval(17, 24)
    assert f"{share.low:.0%} to {share.high:.0%}" in question.question
    assert share.low < 0.8 < share.high


# ---- guidance and the skew


def test_each_control_of_the_guided_skew_reaches_the_requests(page: AppTest, engine: FakeEngine) -> None:
    fill(page, f"{PAGE}.guided.guidances", "2, 9")
    fill(page, f"{PAGE}.guided.seeds", "5, 6, 7")
    fill(page, f"{PAGE}.guided.num_inference_steps", 4)
    press(page, f"{PAGE}.guided.run")
    (job,) = jobs(engine, 6)
    assert [(r.guidance_scale, r.seed) for r in job.requests] == [(g, s) for g in (2.0, 9.0) for s in (5, 6, 7)]
    assert {(r.prompt, r.num_inference_steps) for r in job.requests} == {("a photo of an astronaut", 4)}


def test_the_guided_skew_waits_for_the_guess_and_scores_it(page: AppTest, astronauts: None) -> None:
    press(page, f"{PAGE}.guided.run")
    assert "Your images are ready" in words(page) and "training data" not in words(page)
    radio = page.radio(key=f"{PAGE}.guided.guess")
    radio.set_value(radio.options[1])
    press(page, f"{PAGE}.guided.commit")
    # the stand-in judge calls every fourth image a woman, so all rows of 12 hold the same share
    assert "75% at guidance 1" in words(page) and "75% at guidance 14" in words(page)
    assert "This run cannot tell that from no change" in words(page) and "Your guess was right" in words(page)


def rows_of(*rows: str) -> pd.DataFrame:
    """A row of the grid a text, an image a letter: m, w, or a dot for what was not recognised."""
    drawn = {"m": "man", "w": "woman", ".": ""}
    cells = [(float(1 + row), str(seed), drawn[c]) for row, text in enumerate(rows) for seed, c in enumerate(text)]
    return pd.DataFrame(cells, columns=["guidance", "seed", "drawn as"])


def test_shares_are_of_the_recognised_and_changes_of_the_seeds_recognised_twice() -> None:
    table = rows_of("mwww.w", "mmmm.m", "mmmmm.")
    shares = guided_skew.men(table)
    assert shares["mean"].tolist() == [0.2, 1.0, 1.0] and shares["n"].tolist() == [5, 5, 5]
    low = share_interval(1, 5)
    assert (shares["low"][0], shares["high"][0]) == (low.low, low.high)
    first, last = guided_skew.men_twice(table, 1.0, 3.0)
    assert len(first) == len(last) == 4 and (sum(first), sum(last)) == (1, 4)
    assert guided_skew.men_twice(rows_of("m.", ".m"), 1.0, 2.0) == ([], [])


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (("mwwwwwww", "mmmmmmmw"), "gave more men"),
        (("mmmmmmmw", "mwwwwwww"), "gave fewer men"),
        (("mwmwmwmw", "wmmwmwmw"), "cannot tell that from no change"),
        (("ww", "mm"), "cannot tell that from no change"),
        (("w", "m"), "cannot tell that from no change"),
        (("mwmw", "mwmw"), "cannot tell that from no change"),
    ],
)
def test_what_guidance_did_to_the_skew_is_said_from_the_numbers(rows: tuple[str, str], said: str) -> None:
    table = rows_of(*rows)
    first, last = guided_skew.men_twice(table, 1.0, 2.0)
    told = guided_skew.sentences(guided_skew.men(table), first, last, (1.0, 2.0), "astronaut")
    assert said in told and "nan" not in told


def test_one_guidance_compares_nothing_and_says_so(page: AppTest, astronauts: None) -> None:
    press(page, f"{PAGE}.guided.skip")
    fill(page, f"{PAGE}.guided.guidances", "5")
    press(page, f"{PAGE}.guided.run")
    assert not page.exception and "give at least two" in words(page)


def test_a_count_too_large_is_named_before_it_runs(page: AppTest) -> None:
    fill(page, f"{PAGE}.guided.guidances", "1-20:1")
    press(page, f"{PAGE}.guided.run")
    assert "That makes 240 images" in page.error[0].value

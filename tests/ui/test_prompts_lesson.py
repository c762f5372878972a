"""The prompts lesson's laboratories: every request is the one that was meant, and what comes back is said right."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from fake_engine import FakeEngine, paint
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboard.engine import ImageRequest, TokenReport
from dashboard.ui.labs import anatomy, negative, prompt_grid, prompt_match, word_maps, word_swap
from dashboard.ui.labs.tokens import token_chips
from dashboard.ui.parsing import parse_negatives, parse_swaps
from pages import OpenPage, fill, jobs, pictures, press, words

POSTERS, SEEDS = 5, 4


@pytest.fixture
def prompts(open_page: OpenPage) -> AppTest:
    """The prompts lesson, just opened."""
    return open_page("prompts")


def run_grid(app: AppTest) -> AppTest:
    press(app, "prompts.grid.run")
    return press(app, "prompts.grid.skip")


def test_a_row_of_the_grid_is_one_seed_and_a_column_one_prompt(prompts: AppTest, engine: FakeEngine) -> None:
    run_grid(prompts)
    (job,) = jobs(engine, POSTERS * SEEDS)
    rows = [job.requests[start : start + POSTERS] for start in range(0, POSTERS * SEEDS, POSTERS)]
    assert [{request.seed for request in row} for row in rows] == [{1}, {2}, {3}, {4}]
    columns = list(zip(*rows, strict=True))
    assert all(len({request.prompt for request in column}) == 1 for column in columns)
    assert len({column[0].prompt for column in columns}) == POSTERS


def test_the_grid_waits_for_the_guess_and_scores_it_on_the_ratio(prompts: AppTest) -> None:
    images = len(pictures(prompts))
    press(prompts, "prompts.grid.run")
    assert "Your images are ready." in words(prompts) and len(pictures(prompts)) == images
    radio = prompts.radio(key="prompts.grid.guess")
    radio.set_value(radio.options[1])
    press(prompts, "prompts.grid.commit")
    assert len(pictures(prompts)) == images + POSTERS * SEEDS
    assert "Your guess was right" in words(prompts), "painted noise is as far apart either way"
    assert "this run cannot tell" in words(prompts)


def test_the_saved_name_is_shown_and_holds_no_word_of_the_prompt(prompts: AppTest) -> None:
    fill(prompts, "prompts.grid.prompts", "../../etc/a castle\nan owl")
    run_grid(prompts)
    (caption,) = [c.value for c in prompts.caption if "is saved as" in c.value]
    assert "castle" not in caption and "/" not in caption and "pocket-seed1-steps20" in caption


def test_one_prompt_alone_is_shown_and_nothing_is_claimed(prompts: AppTest) -> None:
    fill(prompts, "prompts.grid.prompts", "an owl")
    run_grid(prompts)
    assert not prompts.exception and "nothing to compare" in words(prompts)


@pytest.mark.parametrize(
    ("experiment", "control", "typed", "sentence"),
    [
        ("grid", "seeds", "0-9", "That makes 50 images; one grid has at most 24."),
        ("anatomy", "seeds", "0-9", "one grid has at most 24"),
        ("anatomy", "vary", "companion", "Choose a relation first"),
        ("negative", "negative_prompt", " ", "Write a negative prompt"),
        ("negative", "seeds", "0-23", "one grid has at most 24"),
        ("eraser", "negatives", "none", "Write at least one negative prompt."),
        ("swap", "swaps", "fox", "Write a swap as word = other word"),
        ("swap", "prompt", "a b c d e f g h i j", "one grid has at most 24"),
        ("tokens", "extra", " ", "Write a few words."),
    ],
)
def test_values_that_do_not_go_together_get_one_sentence(
    prompts: AppTest, engine: FakeEngine, experiment: str, control: str, typed: str, sentence: str
) -> None:
    asked = len(engine.submitted)
    fill(prompts, f"prompts.{experiment}.{control}", typed)
    press(prompts, f"prompts.{experiment}.run")
    assert not prompts.exception and len(prompts.error) == 1
    assert sentence in prompts.error[0].value and len(engine.submitted) == asked


def test_a_link_whose_values_do_not_go_together_gives_the_lessons_own(open_page: OpenPage, engine: FakeEngine) -> None:
    app = open_page("prompts", {"ran": "grid", "grid.seeds": "0-23"})
    assert not app.exception and not app.error
    assert len(jobs(engine, POSTERS * SEEDS)) == 1


def test_every_part_varies_once_and_alone(prompts: AppTest, engine: FakeEngine) -> None:
    press(prompts, "prompts.anatomy.run")
    (job,) = jobs(engine, 21)
    row = [request.prompt for request in job.requests[:7]]
    assert row[0] == "a photo of a panda in the forest"
    assert row[1] == "a pencil sketch of a panda in the forest"
    assert len(set(row)) == 7
    assert "Your prompt: **a photo of a panda in the forest**" in words(prompts)


def test_one_part_alone_takes_other_values_and_the_second_subject_needs_a_relation() -> None:
    values = {"style": "photo", "size": "normal", "colour": "none", "subject": "panda", "relation": "none"}
    values |= {"companion": "hamburger", "place": "forest", "vary": "place"}
    columns = anatomy.columns_of(values)
    assert {parts["place"] for parts in columns.values()} >= {"forest", "space"} and len(columns) == 6
    each = anatomy.columns_of({**values, "vary": "each"})
    related = anatomy.columns_of({**values, "vary": "each", "relation": "on"})
    assert len(related) == len(each) + 1 and any(label.startswith("second subject") for label in related)


def test_combinations_that_were_never_drawn_are_named(prompts: AppTest) -> None:
    fill(prompts, "prompts.anatomy.colour", "purple")
    fill(prompts, "prompts.anatomy.style", "neon")
    press(prompts, "prompts.anatomy.run")
    assert "never had a colour in the style “neon”" in words(prompts)


def test_the_tokens_are_shown_with_their_numbers_before_anything_is_drawn(prompts: AppTest) -> None:
    (chips,) = [e.proto.body for e in prompts.get("html") if '<li class="dd-token' in e.proto.body]
    assert chips.count('<li class="dd-token') == 32 and chips.count("dd-dropped") == 2
    assert "the rest is dropped" in chips
    assert "Pocket was never shown “wearing”, “sunglasses”" in words(prompts)
    assert "reads the first 30 tokens and drops the last 2, from “at” on" in words(prompts)
    (table,) = [frame.value for frame in prompts.dataframe if "token" in frame.value.columns]
    assert table["read"].tolist() == ["yes"] * 30 + ["no"] * 2


def test_words_are_added_at_both_ends(prompts: AppTest, engine: FakeEngine) -> None:
    fill(prompts, "prompts.tokens.prompt", "an owl")
    press(prompts, "prompts.tokens.run")
    (job,) = jobs(engine, 3)
    assert [r.prompt for r in job.requests] == ["an owl", "an owl a movie poster of", "a movie poster of an owl"]
    assert "of the pixels changed" in words(prompts)


def test_tokens_are_never_html() -> None:
    report = TokenReport(tokens=("<b></w>",), ids=(1,), kept=("<b></w>",), dropped=(), unknown=(), limit=30)
    assert "<b>" not in token_chips(report) and "&lt;b&gt;" in token_chips(report)


def test_an_unseen_word_is_named_beside_every_prompt(prompts: AppTest) -> None:
    fill(prompts, "prompts.grid.prompts", "a photo of a dragon\nan owl")
    run_grid(prompts)
    assert "Pocket was never shown “dragon”" in words(prompts)


def test_with_and_without_share_everything_but_the_negative_prompt(prompts: AppTest, engine: FakeEngine) -> None:
    press(prompts, "prompts.negative.run")
    (job,) = jobs(engine, 20)
    for block in (job.requests[:10], job.requests[10:]):
        without, with_it = block[:5], block[5:]
        assert [r.replace(negative_prompt="red") for r in without] == list(with_it)
        assert {r.negative_prompt for r in without} == {""}
    assert [job.requests[0].guidance_scale, job.requests[-1].guidance_scale] == [1.0, 5.0]


def test_equal_bytes_and_moved_images_are_told_apart() -> None:
    request = ImageRequest(prompt="an owl")
    without = [paint(request.replace(seed=seed)) for seed in range(3)]
    moved = [paint(request.replace(seed=seed, negative_prompt="red")) for seed in range(3)]
    table = negative.effects({1.0: (without, without), 5.0: (without, moved)})
    assert table["distance"].tolist()[:3] == [0.0] * 3 and table["pixels changed"].tolist()[:3] == [0.0] * 3
    assert "all 3 pairs are **the same bytes**" in negative._sentence(1.0, (without, without), table)
    told = negative._sentence(5.0, (without, moved), table)
    assert "the images moved **1.0" in told and "100% of the pixels" in told


def test_the_eraser_draws_the_plain_images_first(prompts: AppTest, engine: FakeEngine) -> None:
    press(prompts, "prompts.eraser.run")
    (job,) = jobs(engine, 12)
    assert [job.requests[i].negative_prompt for i in (0, 4, 8)] == ["", "forest", "car"]
    assert "“forest” changed **" in words(prompts) and "“car” changed **" in words(prompts)


def test_each_word_is_taken_out_once_and_swaps_come_last() -> None:
    made = word_swap.edits("a fox and a fox", "fox = owl, dragon = cat")
    assert list(made) == [
        "as typed",
        "without “a” (1)",
        "without “fox” (1)",
        "without “and”",
        "without “a” (2)",
        "without “fox” (2)",
        "“fox” → “owl”",
    ]
    assert made["without “a” (2)"] == "a fox and fox" and made["“fox” → “owl”"] == "a owl and a owl"
    assert word_swap.without_effect("a fox", "fox = owl, ox = cat") == ("ox",), "a piece of a word is no word"
    assert word_swap.edits("a fox", r"fox = \1")[r"“fox” → “\1”"] == r"a \1"


def test_a_swap_of_a_word_that_is_not_there_is_said(prompts: AppTest, engine: FakeEngine) -> None:
    fill(prompts, "prompts.swap.prompt", "an owl")
    press(prompts, "prompts.swap.run")
    assert "The prompt has no “panda”, so that swap is left out." in words(prompts)
    assert len(jobs(engine, 9)) == 1


def test_each_word_has_its_maps_and_its_place_in_the_chart(prompts: AppTest) -> None:
    images = len(pictures(prompts))
    press(prompts, "prompts.swap.run")
    assert len(pictures(prompts)) == images + 8 * 3 + 7 * 3
    (table,) = [frame.value for frame in prompts.dataframe if "edit" in frame.value.columns]
    assert len(table) == 7 * 3
    assert "moved the image most" in words(prompts)


def test_the_grids_distances_are_means_over_pairs() -> None:
    one, other = (paint(ImageRequest(prompt=prompt)).array() for prompt in ("a", "b"))
    table = prompt_grid.distances([one, other, one, other], ["a", "b"], [1, 2])
    found = dict(zip(table["at"], table["distance"], strict=True))
    assert found["a"] == found["b"] == 0.0 and found["seed 1"] == found["seed 2"] > 0.9


def test_negatives_and_swaps_as_they_are_typed() -> None:
    assert parse_negatives("forest\nNone\n car ") == ("forest", "", "car")
    assert parse_swaps("red = blue,fox=lion, ") == (("red", "blue"), ("fox", "lion"))
    assert parse_swaps("") == ()
    for bad in ("fox", "= owl", "fox =", "a = b = c"):
        with pytest.raises(ValueError, match="Write a swap"):
            parse_swaps(bad)


def test_every_word_has_its_map_and_all_shares_add_up(prompts: AppTest, engine: FakeEngine) -> None:
    images = len(pictures(prompts))
    fill(prompts, "prompts.attention.prompt", "a panda and a fox")
    fill(prompts, "prompts.attention.num_inference_steps", 2)
    press(prompts, "prompts.attention.run")
    assert not prompts.exception
    (table,) = [frame.value for frame in prompts.dataframe if "share of attention" in frame.value.columns]
    assert table["what is read"].tolist()[:5] == ["a (1)", "panda", "and", "a (2)", "fox"]
    assert table["share of attention"].sum() == pytest.approx(1.0, abs=1e-4)
    assert len(pictures(prompts)) == images + 5
    assert "is looked up most" in words(prompts)


def test_a_map_lights_its_place_only() -> None:
    bright = Image.new("RGB", (4, 4), (200, 200, 200))
    spot = torch.zeros(4, 4)
    spot[0, 0] = 0.3
    shown = word_maps.lit(bright, spot)
    assert shown.getpixel((0, 0)) == (200, 200, 200) and shown.getpixel((3, 3)) == (24, 24, 24)


def test_the_match_counts_images_that_fit_their_own_prompt_best() -> None:
    scores = np.array([[[80, 20], [30, 70]], [[90, 10], [60, 50]]], dtype=np.float32)  # the last one fits another best
    told = prompt_match.reading(scores)
    assert "**3 of 4** images" in told
    assert "42.50" in told and "over 2 seeds: not beyond chance" in told  # (75 - 25) and (70 - 35) apart


def test_the_match_has_a_row_for_each_image_and_prompt(prompts: AppTest) -> None:
    run_grid(prompts)
    (table,) = [frame.value for frame in prompts.dataframe if "drawn from" in frame.value.columns]
    assert len(table) == POSTERS**2 and (table["n"] == SEEDS).all()
    assert "images fit their own prompt best" in words(prompts)

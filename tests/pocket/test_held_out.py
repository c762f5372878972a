"""The combinations that training never shows."""

import numpy as np
import pytest

from dashboard.pocket.samples import PROMPTS
from dashboard.pocket.train.data import training_scene
from dashboard.pocket.train.examples import composed_scenes
from dashboard.pocket.world.casts import CASTS, SHIPPED_CAST
from dashboard.pocket.world.held_out import (
    SHARE,
    colour_held_out,
    held_out,
    held_out_colours,
    held_out_pairs,
    pair_held_out,
)
from dashboard.pocket.world.scene import Figure, Scene, random_scene


def test_about_a_tenth_of_all_pairs_and_colours_is_held_out():
    cast = CASTS["whole"]
    pairs, count = list(held_out_pairs(cast)), len(cast.subjects)
    assert 0.8 * SHARE < len(pairs) / (count * (count - 1) / 2) < 1.2 * SHARE
    things = sum(subject.kind != "person" for subject in cast.subjects)
    assert 0.8 * SHARE < len(list(held_out_colours(cast))) / (10 * things) < 1.2 * SHARE


def test_a_larger_cast_keeps_what_is_held_out_of_a_smaller_one():
    assert set(held_out_pairs(SHIPPED_CAST)) <= set(held_out_pairs(CASTS["whole"]))


def test_either_way_round_is_the_same_pair():
    for first, second in held_out_pairs(SHIPPED_CAST):
        assert pair_held_out(second, first)


def test_no_training_scene_shows_what_is_held_out_although_the_draw_would():
    rng = np.random.default_rng(0)
    assert any(held_out(random_scene(rng, SHIPPED_CAST)) for _ in range(500))
    assert not any(held_out(training_scene(index, SHIPPED_CAST)) for index in range(3000))


@pytest.mark.parametrize("unseen", [True, False])
def test_composed_scenes_differ_in_whether_training_saw_their_like(unseen):
    scenes = composed_scenes(60, SHIPPED_CAST, unseen_combination=unseen)
    assert scenes == composed_scenes(80, SHIPPED_CAST, unseen_combination=unseen)[:60]
    assert all(held_out(scene) == unseen for scene in scenes)
    assert all(len(scene.figures) == 2 or scene.figures[0].colour for scene in scenes)
    assert {len(scene.figures) for scene in scenes} == {1, 2}


def test_a_colour_counts_on_either_figure():
    colour, name = next(held_out_colours(SHIPPED_CAST))
    other = next(s for s in SHIPPED_CAST.by_name if s != name and not pair_held_out(s, name))
    plain, tinted = Figure(subject=other, variant=""), Figure(subject=name, variant="", colour=colour)
    assert held_out(Scene(figures=(plain, tinted), relation="on"))
    assert not held_out(Scene(figures=(plain, Figure(subject=name, variant="")), relation="on"))


def test_what_the_sample_sheet_asks_for_was_in_training():
    words = [set(prompt.split()) for prompt in PROMPTS]
    for colour, name in held_out_colours(SHIPPED_CAST):
        assert not any(f"{colour} {name}" in prompt for prompt in PROMPTS)
        assert colour_held_out(colour, name)
    for pair in held_out_pairs(SHIPPED_CAST):
        assert not any(set(pair) <= found for found in words)

"""Prompts in parts, and which words the world holds: what the prompts lesson builds on and says."""

import numpy as np
import pytest

from dashboard.pocket.world.captions import STYLE_WORDINGS, caption
from dashboard.pocket.world.casts import SHIPPED_CAST
from dashboard.pocket.world.held_out import held_out
from dashboard.pocket.world.parts import PARTS, alternatives, never_drawn, prompt_of, unseen_words
from dashboard.pocket.world.scene import PLACES, RELATIONS, SIZES, STYLES, random_scene

PLAIN = {
    "style": "photo",
    "size": "normal",
    "colour": "none",
    "subject": "owl",
    "relation": "none",
    "companion": "house",
    "place": "forest",
}


def test_parts_make_the_worlds_own_captions():
    assert prompt_of(PLAIN) == "a photo of an owl in the forest"
    whole = {**PLAIN, "style": "movie poster", "colour": "red", "relation": "riding", "place": "plain"}
    assert prompt_of(whole) == "a movie poster of a red owl riding a house on a white background"


def test_every_value_of_every_part_makes_a_prompt_that_pocket_can_read():
    for part, values in PARTS.items():
        for value in values:
            prompt = prompt_of({**PLAIN, "relation": "on", part: value})
            assert unseen_words(prompt) == (), prompt


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("count", [1, 5])
def test_alternatives_are_other_values_each_once(part, count):
    for value in PARTS[part]:
        others = alternatives(part, value, count)
        assert value not in others and len(set(others)) == len(others) == min(count, len(PARTS[part]) - 1)


def test_what_is_called_never_drawn_is_never_drawn():
    rng = np.random.default_rng(3)
    for _ in range(3_000):
        scene = random_scene(rng, SHIPPED_CAST)
        if held_out(scene):
            continue
        first = scene.figures[0]
        parts = {
            "style": scene.style,
            "size": first.size,
            "colour": first.colour or "none",
            "subject": first.subject,
            "relation": scene.relation or "none",
            "companion": scene.figures[-1].subject if scene.relation else "house",
            "place": scene.place,
        }
        assert never_drawn(parts) == (), caption(scene, SHIPPED_CAST)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"colour": "red", "style": "neon"}, "a colour in the style “neon”"),
        ({"colour": "red", "subject": "wizard"}, "a coloured person"),
        ({"size": "tiny", "relation": "on"}, "a size beside a second subject"),
        ({"relation": "on", "companion": "owl"}, "a subject beside itself"),
        ({"relation": "on", "companion": "rabbit"}, "the owl with the rabbit, on purpose"),
        ({"colour": "white"}, "the owl in white, on purpose"),
    ],
)
def test_what_was_never_drawn_is_named(change, reason):
    assert never_drawn({**PLAIN, **change}) == (reason,)


def test_unseen_words_are_found_in_any_text():
    assert unseen_words("A photo of a Panda, after Rembrandt 🐩 in the forest, 4k") == (
        ",",
        "after",
        "rembrandt",
        "🐩",
        "4",
        "k",
    )
    assert unseen_words("") == ()


def test_the_lessons_table_of_advice_is_true_of_the_world():
    subjects, places = PARTS["subject"], list(PLACES)
    assert (len(subjects), len(STYLES), len(places), len(SIZES), len(RELATIONS)) == (36, 9, 12, 3, 4)
    assert set(STYLE_WORDINGS) == set(STYLES)
    assert unseen_words("a red fox a watercolor of pixel art of in the forest at night at sunset") == ()
    assert unseen_words("a tiny fox a fox next to a house") == ()
    for absent in ("golden hour", "studio lighting", "highly detailed", "4k", "in the style of rembrandt"):
        assert unseen_words(absent), absent

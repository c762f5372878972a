"""What a picture shows, as classes."""

import numpy as np
import pytest

from dashboard.pocket.train.data import training_scene
from dashboard.pocket.train.examples import study_scene, unseen_scenes
from dashboard.pocket.truth import UNKNOWN, answers, fields, shown
from dashboard.pocket.world.casts import SHIPPED_CAST
from dashboard.pocket.world.scene import RELATIONS, STYLES, Figure, Scene

CAST = SHIPPED_CAST


def test_every_scene_has_an_answer_in_every_field_or_none():
    classes = fields(CAST)
    for index in range(1500):
        for name, value in answers(training_scene(index, CAST), CAST).items():
            assert value == UNKNOWN or 0 <= value < len(classes[name])


@pytest.mark.parametrize(
    ("variant", "sex", "tone"),
    [
        ("man-astronaut-light", "man", "light"),
        ("woman-astronaut-medium-light", "woman", "medium-light"),
        ("woman-astronaut-dark", "woman", "dark"),
        ("man-astronaut-medium-dark", "man", "medium-dark"),
    ],
)
def test_an_astronaut_is_read_off_its_variant(variant, sex, tone):
    truth = shown(Scene(figures=(Figure(subject="astronaut", variant=variant),)), CAST)
    assert (truth["sex"], truth["skin_tone"]) == (sex, tone)


def test_the_picture_does_not_say_what_it_does_not_show():
    sketch = Scene(
        figures=(Figure(subject="man", variant="man-dark"),), style="pencil sketch", place="plain", place_colour="red"
    )
    truth = shown(sketch, CAST)
    assert truth["sex"] is None and truth["skin_tone"] is None and truth["background_colour"] is None
    assert truth["background"] == "plain"


def test_what_is_drawn_alike_is_one_class():
    pair = (Figure(subject="cat", variant="cat"), Figure(subject="dog", variant="dog-face"))
    riding, on = (shown(Scene(figures=pair, relation=relation), CAST) for relation in ("riding", "on"))
    assert riding == on
    assert {shown(Scene(figures=pair[:1], style=style), CAST)["style"] for style in STYLES} == set(
        fields(CAST)["style"]
    )
    assert {shown(Scene(figures=pair, relation=relation), CAST)["relation"] for relation in RELATIONS} == {
        "on",
        "next to",
        "in front of",
    }


def test_the_study_set_is_even_where_the_training_set_is_skewed():
    scenes = [study_scene(index, CAST) for index in range(3000)]
    variants = [f.variant for scene in scenes for f in scene.figures if f.subject == "astronaut"]
    assert len(variants) > 500
    women = np.mean([variant.startswith("woman") for variant in variants])
    assert women == pytest.approx(0.5, abs=3.5 * 0.5 / len(variants) ** 0.5)
    assert all(len({f.subject for f in scene.figures}) == len(scene.figures) for scene in scenes)
    assert not [f for scene in scenes for f in scene.figures if f.colour and CAST.by_name[f.subject].kind == "person"]


def test_unseen_scenes_are_not_the_training_sets():
    seen = {training_scene(index, CAST) for index in range(300)}
    assert not seen & set(unseen_scenes(300, CAST))

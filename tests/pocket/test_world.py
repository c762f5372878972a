"""The pocket world: scenes, captions and exact truth."""

import re

import numpy as np
import pytest

from dashboard.pocket.train.data import training_scene
from dashboard.pocket.world.art import load_art, shape_art
from dashboard.pocket.world.captions import caption, vocabulary, with_articles
from dashboard.pocket.world.casts import CASTS, SHIPPED_CAST
from dashboard.pocket.world.render import IMAGE_PX, render
from dashboard.pocket.world.scene import PLACES, RELATIONS, SIZES, STYLES, Figure, Scene, random_scene
from dashboard.pocket.world.subjects import COLOURS

CAST = SHIPPED_CAST


def test_a_scene_is_decided_by_its_index():
    assert training_scene(17, CAST) == training_scene(17, CAST)
    assert training_scene(17, CAST) != training_scene(18, CAST)


def test_a_rendering_is_decided_by_its_scene():
    scene, art = training_scene(3, CASTS["shapes"]), shape_art()
    first, second = (np.asarray(render(scene, CASTS["shapes"], art).image) for _ in range(2))
    assert first.shape == (IMAGE_PX, IMAGE_PX, 3)
    assert np.array_equal(first, second)


def test_every_caption_is_made_of_the_vocabulary():
    words, rng = set(vocabulary()), np.random.default_rng(0)
    for index in range(2000):
        text = caption(training_scene(index, CAST), CAST, rng)
        assert set(re.findall(r"[a-z]+|[0-9]", text)) <= words, text


def test_the_training_set_shows_every_part_of_the_world():
    scenes = [training_scene(index, CAST) for index in range(3000)]
    figures = [figure for scene in scenes for figure in scene.figures]
    assert {figure.subject for figure in figures} == set(CAST.by_name)
    assert {figure.colour for figure in figures} == {None, *COLOURS}
    assert {figure.size for figure in figures} == set(SIZES)
    assert {scene.place for scene in scenes} == set(PLACES)
    assert {scene.style for scene in scenes} == set(STYLES)
    assert {scene.relation for scene in scenes} == {None, *RELATIONS}


def test_people_are_never_tinted():
    people = {subject.name for subject in SHIPPED_CAST.subjects if subject.kind == "person"}
    figures = [figure for index in range(3000) for figure in training_scene(index, CAST).figures]
    assert not [figure for figure in figures if figure.subject in people and figure.colour]


def test_the_documented_skew_is_what_is_drawn():
    shares = CAST.by_name["astronaut"].variants
    assert sum(shares.values()) == pytest.approx(1)
    drawn = [
        figure.variant
        for index in range(20_000)
        for figure in training_scene(index, CAST).figures
        if figure.subject == "astronaut"
    ]
    men = sum(variant.startswith("man-") for variant in drawn) / len(drawn)
    assert men == pytest.approx(0.8, abs=0.06)  # about three standard errors at this count


@pytest.mark.parametrize("relation", RELATIONS)
def test_the_first_figure_of_a_pair_stands_where_its_relation_says(relation):
    pair = (Figure(subject="circle", variant="circle"), Figure(subject="square", variant="square"))
    first, second = render(Scene(figures=pair, relation=relation), CASTS["shapes"], shape_art()).boxes
    if relation in ("on", "riding"):
        assert first[1] < second[1]
    elif relation == "next to":
        assert first[2] <= second[0] + 0.08
    else:
        assert first[2] - first[0] < second[2] - second[0]
        assert first[3] > second[3]


def test_a_box_holds_its_figure():
    plain = Scene(figures=(), place="plain", place_colour="white")
    figure = Figure(subject="circle", variant="circle", colour="blue", size="tiny")
    rendering = render(Scene(figures=(figure,), place="plain", place_colour="white"), CASTS["shapes"], shape_art())
    pixels = np.asarray(rendering.image).astype(int)
    rows, columns = np.nonzero(pixels[..., 2] - pixels[..., 0] > 60)
    left, top, right, bottom = (side * IMAGE_PX for side in rendering.boxes[0])
    assert left - 1 <= columns.min() <= columns.max() <= right
    assert top - 1 <= rows.min() <= rows.max() <= bottom
    assert plain.figures == ()


def test_a_poster_moves_the_box_with_the_picture():
    figure = Figure(subject="circle", variant="circle")
    plain = render(Scene(figures=(figure,)), CASTS["shapes"], shape_art()).boxes[0]
    poster = render(Scene(figures=(figure,), style="movie poster"), CASTS["shapes"], shape_art()).boxes[0]
    assert poster[2] - poster[0] == pytest.approx((plain[2] - plain[0]) * 13 / 16)


def test_articles():
    assert with_articles("a owl on a apple by a unicorn") == "an owl on an apple by a unicorn"


def test_missing_artwork_says_what_to_do(tmp_path):
    with pytest.raises(RuntimeError, match="make pocket-art"):
        load_art(SHIPPED_CAST, tmp_path / "none.npz")


def test_pairs_are_two_different_subjects():
    rng = np.random.default_rng(5)
    pairs = [scene for scene in (random_scene(rng, CAST) for _ in range(2000)) if scene.relation]
    assert 0.15 < len(pairs) / 2000 < 0.25
    assert all(scene.figures[0].subject != scene.figures[1].subject for scene in pairs)


def test_everyone_has_a_face_and_nothing_else_has():
    for subject in CASTS["whole"].subjects:
        assert (subject.face is not None) == (subject.kind == "person"), subject.name
        if subject.face:
            left, top, right, bottom = subject.face
            assert 0 < left < right < 1 and 0 < top < bottom < 1
            assert 0.3 < right - left < 0.7 and 0.25 < bottom - top < 0.85


def test_a_world_has_at_least_120_subjects_none_named_twice():
    words = [word for subject in CASTS["whole"].subjects for word in subject.words]
    assert len(CASTS["whole"].subjects) >= 120
    assert len(words) == len(set(words))

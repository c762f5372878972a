"""The open training set: counts are exact, pictures are of the scenes they name, neighbours are near."""

import numpy as np
import pytest

from dashboard.engine.metrics import psnr
from dashboard.pocket.explorer import GALLERY, SHOWN, TRAINING_SCENES, load_explorer, quantised
from dashboard.pocket.report import load_report
from dashboard.pocket.score import load_scorer
from dashboard.pocket.train.budgets import BUDGETS
from dashboard.pocket.train.data import training_scene
from dashboard.pocket.world.casts import SHIPPED_CAST


@pytest.fixture(scope="module")
def explorer():
    return load_explorer()


def test_it_holds_the_training_set_of_the_shipped_weights(explorer):
    assert len(explorer.scenes) == TRAINING_SCENES == BUDGETS[load_report()["budget"]].scenes
    assert explorer.scenes[23_999] == training_scene(23_999, SHIPPED_CAST)


def test_a_word_is_counted_one_by_one(explorer):
    rabbits = [i for i, scene in enumerate(explorer.scenes) if any(f.subject == "rabbit" for f in scene.figures)]
    for word in ("rabbit", "bunny", "  Rabbit "):
        found = explorer.word(word)
        assert list(found.scenes) == rabbits and found.count == len(rabbits) and found.of == TRAINING_SCENES
    assert all(index < SHOWN for index in found.shown)


@pytest.mark.parametrize(
    ("word", "kind", "name"),
    [
        ("snow", "place", "snow"),
        ("winter", "place", "snow"),
        ("sketch", "style", "pencil sketch"),
        ("photo", "style", "photo"),
        ("huge", "size", "giant"),
        ("beside", "relation", "next to"),
        ("red", "colour", "red"),
        ("spaceship", "subject", "rocket"),
    ],
)
def test_words_of_every_kind_are_known(explorer, word, kind, name):
    meaning = explorer.meaning(word)
    assert (meaning.kind, meaning.name) == (kind, name)
    assert explorer.word(word).count > 0


def test_a_word_from_outside_is_none(explorer):
    assert explorer.word("banana") is None and explorer.pair("banana", "cat") is None


def test_a_pair_is_both_at_once(explorer):
    both, blue, cat = explorer.pair("blue", "cat"), explorer.word("blue"), explorer.word("cat")
    assert set(both.scenes) == set(blue.scenes) & set(cat.scenes)
    assert 0 < explorer.coloured("blue", "cat").count < both.count


def test_what_was_held_out_is_told_by_any_word_for_it(explorer):
    assert explorer.held_out("cat", "penguin") and explorer.held_out("penguin", " Kitten")
    assert explorer.held_out("white", "unicorn") and explorer.held_out("unicorn", "white")
    assert explorer.pair("cat", "penguin").count == 0 == explorer.coloured("white", "unicorn").count
    for pair in (("blue", "cat"), ("cat", "kitten"), ("cat", "banana"), ("snow", "desert")):
        assert not explorer.held_out(*pair)


def test_companions_add_up(explorer):
    cats = explorer.word("cat")
    places = explorer.companions(cats, "place")
    assert sum(places.values()) == cats.count and len(places) == 12
    assert explorer.companions(cats, "subject")["cat"] == cats.count


def test_variants_show_the_documented_skew(explorer):
    drawn = explorer.variants("astronaut")
    men = sum(number for variant, number in drawn.items() if variant.startswith("man-"))
    assert men / drawn.total() == pytest.approx(0.8, abs=0.06)


def test_no_caption_says_what_an_astronaut_is(explorer):
    """The lesson: captions never name an astronaut's sex or skin."""
    alone = [i for i in explorer.word("astronaut").scenes if explorer.scenes[i].relation is None]
    said = {word for index in alone for word in explorer.caption(index).split()}
    assert len(alone) > 300
    assert not said & {"man", "woman", "guy", "lady", "light", "medium", "dark"}


def test_the_pictures_are_those_of_their_scenes(explorer):
    """Judged by the colour at the border, where no subject stands: night is darker than snow."""
    scenes = explorer.scenes[:SHOWN]

    def brightness(place):
        chosen = [i for i, s in enumerate(scenes) if s.place == place and s.style in ("photo", "3d render")][:12]
        pictures = explorer.pictures(chosen)
        return np.mean([np.asarray(picture)[:4].mean() for picture in pictures])

    assert brightness("snow") > brightness("night") + 60
    assert explorer.pictures([]) == []
    with pytest.raises(IndexError, match="have a picture"):
        explorer.pictures([SHOWN])


def test_a_shown_scene_is_its_own_nearest_neighbour(explorer):
    for index in (5, 700, 2500):
        (picture,) = explorer.pictures([index])
        nearest = explorer.nearest(picture, 3)
        assert nearest[0].scene == index and nearest[0].similarity > 0.99
        assert nearest[0].caption == explorer.caption(index)
        assert nearest[0].similarity >= nearest[1].similarity >= nearest[2].similarity
    assert 0 < explorer.usual_nearness() < 0.999


def test_the_scorer_finds_a_shown_pictures_caption(explorer):
    """Without artwork: the first hundred pictures against their hundred captions."""
    captions = [explorer.caption(index) for index in range(100)]
    scores = load_scorer().matches(explorer.pictures(range(100)), captions)
    right = np.mean([captions[best] == captions[i] for i, best in enumerate(scores.argmax(axis=1))])
    assert right > 0.5


def test_quantising_loses_next_to_nothing():
    latents = np.random.default_rng(0).normal(size=(50, 4, 16, 16)).astype(np.float32)
    codes, step = quantised(latents)
    assert codes.dtype == np.int8 and step.shape == (4, 1, 1)
    assert np.abs(codes * step - latents).max() <= step.max() / 2 + 1e-6


def test_what_is_shipped_is_small():
    assert GALLERY.stat().st_size < 4e6


def test_a_decoded_picture_is_a_picture(explorer):
    first, second = explorer.pictures([0, 1])
    assert first.size == (64, 64) and psnr(first, second) < 30

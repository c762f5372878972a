"""The scorer's and the judge's training on their smallest budgets: they learn, stop, go on, and ship what loads."""

import csv
import json

import numpy as np
import pytest

from dashboard.pocket.judge import Judge
from dashboard.pocket.score import Scorer
from dashboard.pocket.train import judge as judge_training
from dashboard.pocket.train import scorer as scorer_training
from dashboard.pocket.train.data import load_world, training_scene
from dashboard.pocket.train.scorer import CHANGES, NEAR_MISSES, changed, near_misses
from dashboard.pocket.world.captions import caption
from dashboard.pocket.world.casts import SHIPPED_CAST

CAST = SHIPPED_CAST
PROGRAMS = {"scorer": scorer_training, "judge": judge_training}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Both programs over one set of pictures, each told to stop after its first step and started again."""
    work = tmp_path_factory.mktemp("training")
    for name, program in PROGRAMS.items():
        command = ["--budget", "smoke", "--work", str(work), "--out", str(work / "out" / name)]
        assert program.main([*command, "--seconds", "0"]) == 0
        assert not (work / "out" / name).exists(), "stopped, it must not ship"
        assert program.main(command) == 0
    return work


def losses(work, program, name):
    with (work / f"{program}-losses.csv").open() as file:
        return [float(row["value"]) for row in csv.DictReader(file) if row["loss"] == name]


def test_both_learn(trained):
    contrast, fields = losses(trained, "scorer", "contrast"), losses(trained, "judge", "fields")
    assert contrast[-1] < contrast[0] * 0.9
    assert fields[-1] < fields[0] * 0.7


def test_the_pictures_are_drawn_once(trained, monkeypatch):
    monkeypatch.setattr("dashboard.pocket.train.examples._draw", lambda *_: pytest.fail("drawn again"))
    assert scorer_training.main(["--budget", "smoke", "--work", str(trained), "--out", str(trained / "again")]) == 0


def test_what_ships_loads_and_its_measure_stands_beside_it(trained):
    folder = trained / "out"
    picture = np.zeros((64, 64, 3), np.uint8)
    assert Scorer(folder / "scorer").match([picture], "a photo of a circle").shape == (1,)
    assert Judge(folder / "judge").verdicts([picture])[0]["subject"] in load_world("shapes").cast.by_name
    for name in PROGRAMS:
        measured = json.loads((folder / name / "measured.json").read_text())
        tried = measured["decoded"]["caption_among_100" if name == "scorer" else "subject"]
        assert 0 < tried["right"] <= tried["of"] == 100


def test_the_judge_beats_chance(trained):
    measured = json.loads((trained / "out" / "judge" / "measured.json").read_text())
    assert measured["rendered"]["subject"]["right"] > 35, "chance is 25 of 100"


def test_a_training_that_goes_on_keeps_its_tokenizer(trained):
    first, shipped = (
        json.loads((trained / name / "tokenizer.json").read_text())["model"]["vocab"]
        for name in ("tokenizer", "out/scorer")
    )
    assert first == shipped


def test_near_misses_fit_no_longer_and_every_second_one_has_another_subject():
    rng = np.random.default_rng(0)
    for index in range(50):
        scene = training_scene(index, CAST)
        misses = near_misses(scene, CAST, rng)
        assert len(misses) == NEAR_MISSES and all(caption(miss, CAST) != caption(scene, CAST) for miss in misses)
        assert all(miss.figures[0].subject != scene.figures[0].subject for miss in misses[::2])


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_scene_has_another_caption(what):
    rng, tried = np.random.default_rng(0), 0
    for index in range(400):
        scene = training_scene(index, CAST)
        other = changed(scene, what, CAST, rng)
        if other is not None:
            tried += 1
            assert caption(other, CAST) != caption(scene, CAST)
            assert len({figure.subject for figure in other.figures}) == len(other.figures)
    assert tried > 30


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_missing_artwork_is_one_sentence(program, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    load_world.cache_clear()
    assert program.main(["--work", str(tmp_path)]) == 2
    assert "make pocket-art" in capsys.readouterr().err

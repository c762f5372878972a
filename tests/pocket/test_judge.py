"""The judge as it ships: small, good on what it never saw, open about its errors."""

import json

import numpy as np
import pytest
import torch

from dashboard.pocket.explorer import load_explorer
from dashboard.pocket.judge import (
    JUDGE_FOLDER,
    Errors,
    Judge,
    JudgeNetwork,
    corrected,
    judge_errors,
    load_judge,
    save_judge,
)
from dashboard.pocket.truth import fields, shown
from dashboard.pocket.world.casts import SHIPPED_CAST
from dashboard.pocket.world.subjects import SKIN_TONES

CAST = SHIPPED_CAST
MEASURED = json.loads((JUDGE_FOLDER / "measured.json").read_text(encoding="utf-8"))


def test_the_files_are_small():
    assert sum(path.stat().st_size for path in JUDGE_FOLDER.iterdir()) < 3.5e6


def test_it_answers_the_worlds_questions():
    assert load_judge().fields == fields(CAST)


def test_it_was_good_on_scenes_that_it_never_saw():
    shares = {name: tried["right"] / tried["of"] for name, tried in MEASURED["decoded"].items()}
    assert shares["subject"] >= 0.98 and shares["background"] > 0.98 and shares["style"] > 0.95, shares
    assert shares["second_subject"] > 0.98 and shares["colour"] > 0.98, shares


def test_it_reads_the_pictures_that_are_shipped():
    """Without artwork: what the card says of it holds on decoded scenes here."""
    explorer = load_explorer()
    verdicts = load_judge().verdicts(explorer.pictures(range(200)))
    truths = [shown(scene, CAST) for scene in explorer.scenes[:200]]
    for name in ("subject", "background"):
        right = np.mean([verdict[name] == truth[name] for verdict, truth in zip(verdicts, truths, strict=True)])
        assert right > MEASURED["decoded"][name]["right"] / MEASURED["decoded"][name]["of"] - 0.03


def test_a_verdict_is_the_likeliest_class():
    pictures = [np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8) for seed in range(3)]
    judge = load_judge()
    shares = judge.probabilities(pictures)
    for index, verdict in enumerate(judge.verdicts(pictures)):
        for name, classes in judge.fields.items():
            assert shares[name][index].sum() == pytest.approx(1, abs=1e-4)
            assert verdict[name] == classes[shares[name][index].argmax()]
    assert judge.verdicts([]) == []


def test_another_size_is_refused():
    with pytest.raises(ValueError, match="64 x 64"):
        load_judge().verdicts([np.zeros((32, 32, 3), np.uint8)])


def test_saved_and_loaded_it_says_the_same(tmp_path):
    torch.manual_seed(0)
    network = JudgeNetwork({"a": ("x", "y"), "b": ("u", "v", "w")}, (8, 8, 8)).eval()
    save_judge(network, tmp_path)
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    pixels = torch.from_numpy(picture)[None].permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        wanted = network(pixels)["b"].softmax(dim=1).numpy()
    assert Judge(tmp_path).probabilities([picture])["b"] == pytest.approx(wanted, abs=0.01)


# --- its errors ------------------------------------------------------------------------------


def test_it_tells_men_from_women_better_than_chance():
    errors = judge_errors("sex")
    assert set(errors) == {"man", "woman"}
    for name in errors:
        assert errors[name].sensitivity > errors[name].false_alarms + 0.4
    assert errors["man"].sensitivity == pytest.approx(1 - errors["woman"].false_alarms)


def test_it_tells_the_lightest_from_the_darkest():
    errors = judge_errors("skin_tone")
    assert set(errors) == set(SKIN_TONES)
    assert all(errors[tone].sensitivity > errors[tone].false_alarms for tone in SKIN_TONES)


@pytest.mark.parametrize("true", [0.0, 0.2, 0.8, 1.0])
def test_the_correction_undoes_the_judges_errors(true):
    errors = Errors(sensitivity=0.9, false_alarms=0.2)
    assert corrected(0.9 * true + 0.2 * (1 - true), errors) == pytest.approx(true)


def test_the_correction_stays_a_share_and_needs_a_judge_who_sees():
    assert corrected(0.95, Errors(0.9, 0.2)) == 1.0 and corrected(0.1, Errors(0.9, 0.2)) == 0.0
    with pytest.raises(ValueError, match="cannot tell"):
        corrected(0.5, Errors(0.5, 0.5))

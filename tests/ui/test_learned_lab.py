"""How Pocket learned: the laboratory over a recording made here, and without one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from streamlit.testing.v1 import AppTest

from dashboard.course import load_course
from dashboard.pocket.recording import Recording, load_recording, strip, strip_name
from dashboard.ui.labs import learned
from pages import OpenPage, press, words

ERRORS = {0: 1.1, 10: 0.5, 40: 0.2, 100: 0.12}  # the mean by step; at t = 100 it is 0.05 more, at t = 900 0.05 less
PROMPTS = ["an owl", "a red car"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A training of 100 updates whose pictures grow sharper: their places come before their details."""
    finished = [_picture(seed) for seed in (1, 2)]
    for step, blur in zip(ERRORS, (40, 8, 2, 0), strict=True):
        images = [image.filter(ImageFilter.GaussianBlur(blur)) for image in finished]
        strip(images).save(tmp_path / strip_name(step), lossless=True)
    moments = [
        {"step": step, "seen": 64 * step, "errors": {"100": error + 0.05, "900": error - 0.05}}
        for step, error in ERRORS.items()
    ]
    stored = {"prompts": PROMPTS, "seed": 7, "steps": 20, "guidance_scale": 5.0, "moments": moments}
    (tmp_path / "recording.json").write_text(json.dumps(stored), encoding="utf-8")
    return tmp_path


def _picture(seed: int) -> Image.Image:
    """Four quarters in colours, and grain."""
    chosen = np.random.default_rng(seed)
    quarters = chosen.integers(40, 216, (2, 2, 3)).repeat(32, axis=0).repeat(32, axis=1)
    return Image.fromarray((quarters + chosen.integers(-40, 40, (64, 64, 1))).astype(np.uint8))


@pytest.fixture
def recorded(folder: Path) -> Recording:
    return load_recording(folder)


@pytest.fixture
def page(open_page: OpenPage, folder: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr(learned, "load_recording", lambda: load_recording(folder))
    return open_page("diffusion")


def films(app: AppTest) -> Sequence[dict]:
    return [json.loads(element.proto.json) for element in app.get("bidi_component")]


def test_most_is_learned_at_the_first_moment_with_nine_tenths_of_the_fall(recorded: Recording) -> None:
    assert learned.most_learned(recorded).step == 40  # 1.1 to 0.12 is 0.98; nine tenths are 0.88, down to 0.22
    assert learned.share_until_most(recorded) == 0.4


def test_a_picture_is_its_places_and_its_details() -> None:
    image = _picture(3)
    places, details = learned.parted(image)
    smooth = np.asarray(Image.fromarray(places).resize(image.size, Image.Resampling.BICUBIC), dtype=float)
    assert places.shape == (8, 8, 3)
    assert np.abs(smooth + details - np.asarray(image)).max() == 0


def test_places_come_before_details_in_blurred_pictures_and_both_end_at_nothing(recorded: Recording) -> None:
    table = learned.picture_table(recorded)
    assert len(table) == 4 * len(PROMPTS) * 2
    means = table.groupby(["updates", "part"])["distance"].mean()
    assert means[10, learned.PLACES] < means[10, learned.DETAILS]
    assert means[100, learned.PLACES] == means[100, learned.DETAILS] == 0


def test_the_recording_is_covered_until_the_guess_and_then_scores_it(page: AppTest) -> None:
    assert not films(page) and "once you have guessed" in words(page)
    radio = page.radio(key="diffusion.learned.guess")
    radio.set_value(radio.options[2])
    press(page, "diffusion.learned.commit")
    assert not page.exception
    assert "was **40%**" in words(page) and "Your guess was right" in words(page)
    assert "84 of 100 points" in words(page)


def test_the_film_holds_every_moment_beside_the_finished_picture(page: AppTest) -> None:
    press(page, "diffusion.learned.skip")
    (film,) = films(page)
    assert [frame["short"] for frame in film["frames"]] == ["0", "10", "40", "100"]
    assert "6,400 noised pictures" in film["frames"][-1]["caption"]
    assert [track["title"] for track in film["tracks"]] == PROMPTS
    for track in film["tracks"]:
        assert len(set(track["pictures"])) == 4 and track["beside"] == track["pictures"][-1]


def test_the_sentence_and_the_tables_hold_what_was_measured(page: AppTest) -> None:
    press(page, "diffusion.learned.skip")
    told = words(page)
    assert "The mean error fell from 1.10 to 0.12 in 100 updates. 90% of that fall was done after 40 of them" in told
    assert "What stands where came first" in told
    assert "0.17 where there is least noise (t = 100) and 0.07 where there is most (t = 900)" in told
    errors = next(frame.value for frame in page.dataframe if list(frame.value.columns) == [100, 900])
    assert list(errors.index) == list(ERRORS) and errors.loc[10, 900] == 0.45


def test_without_a_recording_a_sentence_says_so(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Recording:
        raise FileNotFoundError

    monkeypatch.setattr(learned, "load_recording", missing)
    page = open_page("diffusion")
    assert not page.exception
    assert "No training was recorded" in words(page)
    assert not [radio for radio in page.radio if radio.key == "diffusion.learned.guess"]


def test_nothing_is_asked_of_the_engine(page: AppTest, engine) -> None:
    before = len(engine.submitted)
    press(page, "diffusion.learned.skip")
    assert len(engine.submitted) == before


def shipped() -> Recording:
    try:
        return load_recording()
    except FileNotFoundError:
        pytest.skip("no training's recording is shipped")


def test_the_shipped_recording_shows_what_the_lesson_says_of_it() -> None:
    """Little noise stays hard to tell, much is easy; places come before details; the answer is not at an edge."""
    found = shipped()
    last = found.moments[-1]
    assert last.errors[min(last.errors)] > 2 * last.errors[500] > 2 * last.errors[max(last.errors)]
    table = learned.picture_table(found)
    far = table[table["updates"] == learned.most_learned(found).step].groupby("part")["distance"].mean()
    assert far[learned.PLACES] < far[learned.DETAILS]
    outcome = load_course().lessons["diffusion"].predictions["learned"].outcome(learned.share_until_most(found))
    assert outcome in (1, 2)

"""The faces lesson: what is restored, what is measured, and what is said where nothing was restored."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from fake_engine import FakeEngine
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboard.course import load_course
from dashboard.engine import max_difference
from dashboard.faces import FaceError, PocketRestorer, Restoration
from dashboard.faces.choice import POCKET, REMOTE, Restorers
from dashboard.faces.crops import Face
from dashboard.faces.damage import Damage
from dashboard.faces.example import NEW, OLD
from dashboard.faces.known import known_faces
from dashboard.faces.quality import ToneQuality, tone_quality
from dashboard.faces.restoration import enlarge
from dashboard.faces.study import study
from dashboard.intervals import Interval
from dashboard.ui import restorers
from dashboard.ui.labs import face_sizes, face_study, face_sweep, face_tones
from pages import ROOT, OpenPage, fill, jobs, pictures, press, words

LESSON = load_course().lessons["faces"]


def settle(app: AppTest, done: Callable[[], bool]) -> AppTest:
    """Run the page until the work behind it has ended."""
    until = time.monotonic() + 120
    while not done() and time.monotonic() < until:
        time.sleep(0.2)
        app.run()
    assert done(), words(app)[-2_000:]
    assert not app.exception
    return app


def run(app: AppTest, experiment: str, expected: str) -> str:
    """Press Run and wait for words that stand only in the result; everything on the page."""
    press(app, f"faces.{experiment}.run")
    settle(app, lambda: expected in words(app))
    return words(app)


@pytest.fixture
def faces(open_page: OpenPage) -> AppTest:
    return open_page("faces")


class Elsewhere:
    """A restorer on another server, for the pages."""

    name = "the face restorer at example.org"

    def __init__(self, answer: Callable[[Image.Image, int], Restoration]) -> None:
        self.answer, self.asked = answer, []

    def restore(self, picture: Image.Image, *, factor: int = 2, blend: float = 1.0) -> Restoration:
        self.asked.append(picture.copy())
        return self.answer(picture, factor)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, engine: FakeEngine) -> Callable[..., Elsewhere]:
    """Give the server another restorer beside Pocket's own."""

    def give(answer: Callable[[Image.Image, int], Restoration]) -> Elsewhere:
        other = Elsewhere(answer)
        made = Restorers({POCKET: PocketRestorer(), REMOTE: other}, ("A problem of the operator's.",))
        monkeypatch.setattr(restorers, "build_restorers", lambda settings: made)
        return other

    return give


def fails(picture: Image.Image, factor: int) -> Restoration:
    raise FaceError("The face restorer did not answer in time. Your picture is unchanged.")


def unchanged(picture: Image.Image, factor: int) -> Restoration:
    large = enlarge(picture, factor)
    return Restoration(
        image=large, enlarged=large, factor=factor, changes=None, untouched=True, seconds=0.5, restorer=Elsewhere.name
    )


# --- sizes ------------------------------------------------------------------------------------


def test_sizes_are_measured_and_the_small_face_loses_more(faces: AppTest) -> None:
    told = run(faces, "sizes", "At 6 pixels")
    table = face_sizes.measure([6, 48]).table
    means = table.groupby("size")["distance"].mean()
    assert means[6] > means[48] and f"{means[6]:.2f}" in told
    assert "2 latents" in told and "114 latents" in told
    assert (
        sum("px, after:" in alt for alt in pictures(faces))
        == sum("px, as drawn:" in alt for alt in pictures(faces))
        == 7
    )


def test_changing_the_sizes_changes_what_is_measured(faces: AppTest) -> None:
    fill(faces, "faces.sizes.face_sizes", "8, 20")
    told = run(faces, "sizes", "At 8 pixels")
    assert "at 20 pixels" in told and "48 px" not in told


def test_a_size_out_of_range_gets_a_sentence(faces: AppTest) -> None:
    fill(faces, "faces.sizes.face_sizes", "2, 99")
    press(faces, "faces.sizes.run")
    assert any("Give a whole number from 4 to 56" in error.value for error in faces.error)


# --- improve ----------------------------------------------------------------------------------


def test_images_are_drawn_and_each_is_restored(faces: AppTest, engine: FakeEngine, monkeypatch: Any) -> None:
    finds(monkeypatch, (16.0, 16.0, 48.0, 48.0))
    told = run(faces, "improve", "Inside them the colours moved")
    (job,) = jobs(engine, 4)
    assert [request.seed for request in job.requests] == [5, 6, 7, 8]
    assert "In 4 images **4** faces were found" in told and "there is no true face" in told
    assert "seed 5. After." in pictures(faces)
    assert any("with a box round each face: 1 found" in alt for alt in pictures(faces))
    assert "The restored picture (PNG)" in [button.label for button in faces.get("download_button")]


def finds(monkeypatch: pytest.MonkeyPatch, *boxes: tuple[float, float, float, float]) -> None:
    """The server's own restorer takes these boxes for faces, in every picture."""
    pocket = restorers.server_restorers().usable[POCKET]
    monkeypatch.setattr(pocket, "find", lambda picture: [Face(box=box, score=0.9) for box in boxes])


def test_where_no_face_is_found_nothing_is_said_to_be_restored(faces: AppTest, monkeypatch: Any) -> None:
    finds(monkeypatch)
    told = run(faces, "improve", "So nothing was changed")
    assert "Nothing was restored here" in told and "**0** faces were found, in 4 of them none" in told


@pytest.mark.parametrize(
    ("control", "value"),
    [("prompt", "an owl"), ("seeds", "70, 71"), ("num_inference_steps", 3), ("guidance_scale", 3.5)],
)
def test_the_other_controls_reach_the_engine(faces: AppTest, engine: FakeEngine, control: str, value: object) -> None:
    press(faces, "faces.improve.run")
    fill(faces, f"faces.improve.{control}", value)
    press(faces, "faces.improve.run")
    first, second = (job.requests for job in engine.submitted if len(job.requests) > 1)
    assert first != second


@pytest.mark.parametrize(("control", "value"), [("factor", 3), ("blend", 0.4)])
def test_factor_and_blend_reach_the_restorer(faces: AppTest, monkeypatch: Any, control: str, value: float) -> None:
    asked: list[tuple[int, float]] = []
    real = PocketRestorer.restore

    def watched(self: PocketRestorer, picture: Image.Image, *, factor: int = 2, blend: float = 1.0) -> Restoration:
        asked.append((factor, blend))
        return real(self, picture, factor=factor, blend=blend)

    monkeypatch.setattr(PocketRestorer, "restore", watched)
    fill(faces, f"faces.improve.{control}", value)
    run(faces, "improve", "faces were found")
    assert set(asked) == {(value if control == "factor" else 2, value if control == "blend" else 1.0)}


def test_a_failing_server_gets_a_sentence_and_the_images_stay(
    elsewhere: Callable[..., Elsewhere], open_page: OpenPage
) -> None:
    elsewhere(fails)
    app = open_page("faces")
    fill(app, "restorer", REMOTE)
    press(app, "faces.improve.run")
    settle(app, lambda: any("did not answer in time" in warning.value for warning in app.warning))
    assert sum(alt.startswith("Pocket image") or "seed" in alt for alt in pictures(app)) >= 4
    assert "What was done to each" not in words(app) and "After." not in " ".join(pictures(app))
    assert any("A problem of the operator's." in caption.value for caption in app.caption)


def test_the_original_sent_back_is_not_shown_as_restored(
    elsewhere: Callable[..., Elsewhere], open_page: OpenPage
) -> None:
    elsewhere(unchanged)
    app = open_page("faces")
    fill(app, "restorer", REMOTE)
    told = run(app, "improve", "does not say what it found")
    assert "4 of 4 images came back as they were" in told and "Nothing was restored here" in told


# --- sweep ------------------------------------------------------------------------------------


def test_the_sweep_has_a_row_a_factor_and_a_column_a_blend(faces: AppTest) -> None:
    fill(faces, "faces.sweep.factors", "1, 3")
    fill(faces, "faces.sweep.blends", "0, 1")
    told = run(faces, "sweep", "from blend 0 to 1")
    assert "factor 3: 192 x 192 pixels" in told.replace("\\", "")
    table = face_sweep.measured(1.5, (3,), (0.0, 1.0))
    gain = table[table["blend"] == 1]["psnr"].mean() - table[table["blend"] == 0]["psnr"].mean()
    assert f"**{gain:.2f} (" in told
    assert gain > 1, "the lesson says that restoring brings these faces nearer"


def test_a_sweep_of_too_many_cells_is_refused(faces: AppTest) -> None:
    fill(faces, "faces.sweep.factors", "1, 2, 3, 4")
    fill(faces, "faces.sweep.blends", "0-1:0.1")
    press(faces, "faces.sweep.run")
    assert any("at most 24" in error.value for error in faces.error)


def test_the_other_controls_of_the_sweep_count() -> None:
    scene, other = known_faces()[:2]
    assert face_sweep.poor_copy(scene, 1.5).tobytes() != face_sweep.poor_copy(scene, 3).tobytes()
    assert face_sweep.poor_copy(scene, 1.5).tobytes() != face_sweep.poor_copy(other, 1.5).tobytes()
    row = face_sweep.grid(scene, 1.5, (2,), (0.0, 0.5, 1.0))[0]
    middle = Image.blend(row[0].image, row[2].image, 0.5)
    assert np.abs(np.asarray(middle).astype(int) - np.asarray(row[1].image).astype(int)).max() <= 2


# --- the experiment ---------------------------------------------------------------------------


def test_the_experiment_waits_for_the_guess_and_scores_it(faces: AppTest) -> None:
    press(faces, "faces.study.run")
    settle(faces, lambda: any("Commit to a guess above" in info.value for info in faces.info))
    assert "true, damaged, restored" not in words(faces)
    radio = faces.radio(key="faces.study.guess")
    radio.set_value(radio.options[1])
    press(faces, "faces.study.commit")
    told = words(faces)
    shrinks = [float(part) for part in str(LESSON.experiments["study"]["shrinks"]).split(",")]
    cases = study(Damage(shrink=shrinks[-1], noise=6.0), face_study.FACES)
    share = face_study.right_share(cases, restored=True)
    assert f"was **{share:.2f}**" in told and "of 100 points" in told
    assert f"{sum(c.recovery.came_back for c in cases) / len(cases):.0%} of what was missing came back" in told


def test_the_predictions_answer_is_neither_trivial_nor_on_an_edge() -> None:
    shrinks = [float(part) for part in str(LESSON.experiments["study"]["shrinks"]).split(",")]
    cases = study(Damage(shrink=shrinks[-1], noise=6.0), face_study.FACES)
    share = face_study.right_share(cases, restored=True)
    limits = [option.up_to for option in LESSON.predictions["study"].options]
    assert all(abs(share - limit) > 0.03 for limit in limits[:-1])


def test_damage_takes_more_and_more_away() -> None:
    light, heavy = (study(Damage(shrink=shrink, noise=6), face_study.FACES) for shrink in (3, 16))
    back = [np.mean([case.recovery.came_back for case in cases]) for cases in (light, heavy)]
    made_up = [np.mean([case.recovery.invented for case in cases]) for cases in (light, heavy)]
    assert back[0] > back[1] and made_up[0] < made_up[1]
    assert face_study.right_share(light, restored=True) > face_study.right_share(heavy, restored=True)


@pytest.mark.parametrize(("control", "value"), [("shrinks", "3"), ("noise", 30.0)])
def test_the_experiments_controls_count(faces: AppTest, control: str, value: object) -> None:
    press(faces, "faces.study.skip")
    before = run(faces, "study", "what was missing came back")
    fill(faces, f"faces.study.{control}", value)
    press(faces, "faces.study.run")
    settle(faces, lambda: "what was missing came back" in words(faces))
    assert _shares(words(faces)) != _shares(before)


def _shares(told: str) -> list[str]:
    return re.findall(r"\d+% of what was missing", told)


# --- one face, twice --------------------------------------------------------------------------


def test_one_face_twice(faces: AppTest) -> None:
    told = run(faces, "known", "decided by chance")
    assert "gave the same picture, bit for bit" in told
    assert re.search(r"differ by [1-9][\d.]* of 255|differ by 0\.[1-9] of 255", told), "two runs differ"
    assert "other noise, restored" in " ".join(pictures(faces))


@pytest.mark.parametrize(
    ("control", "value"), [("scene", "24013"), ("shrink", 3.0), ("blur", 3.0), ("noise", 2.0), ("seed", "99")]
)
def test_every_control_of_the_known_face_counts(faces: AppTest, control: str, value: object) -> None:
    before = run(faces, "known", "decided by chance")
    fill(faces, f"faces.known.{control}", value)
    press(faces, "faces.known.run")
    settle(faces, lambda: "decided by chance" in words(faces))
    assert _numbers(words(faces)) != _numbers(before)


def _numbers(told: str) -> list[str]:
    (sentence,) = [line for line in told.splitlines() if "decided by chance" in line]
    return re.findall(r"[\d.]+", sentence)


def upload(app: AppTest, data: bytes, name: str = "me.png") -> AppTest:
    app.get("file_uploader")[0].upload(name, data, "image/png")
    return app.run()


def png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def test_ones_own_picture_is_used_only_after_consent(elsewhere: Callable[..., Elsewhere], open_page: OpenPage) -> None:
    other = elsewhere(unchanged)
    app = open_page("faces")
    fill(app, "restorer", REMOTE)
    upload(app, png(known_faces()[4].picture))
    run(app, "known", "Nothing was restored")
    seen = {picture.tobytes() for picture in other.asked}
    app.checkbox(key="faces.agreed").check()
    app.run()
    settle(app, lambda: len({picture.tobytes() for picture in other.asked} - seen) >= 2)


def test_a_file_that_is_no_picture_gets_a_sentence_and_the_known_face_stays(faces: AppTest) -> None:
    upload(faces, b"<svg onload=alert(1)>")
    faces.checkbox(key="faces.agreed").check()
    faces.run()
    assert any("not a PNG" in error.value for error in faces.error)
    run(faces, "known", "decided by chance")


def test_an_upload_leaves_no_file(faces: AppTest, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    upload(faces, png(known_faces()[4].picture))
    faces.checkbox(key="faces.agreed").check()
    run(faces, "known", "decided by chance")
    assert list(tmp_path.rglob("*")) == []


# --- the belief, the code ---------------------------------------------------------------------


def test_the_belief_is_refuted_by_faces_that_are_known(faces: AppTest) -> None:
    told = run(faces, "witness", "taken for somebody else")
    values = LESSON.experiments["witness"]
    cases = study(Damage(shrink=float(values["shrink"]), noise=float(values["noise"])), face_study.FACES)
    wrong = sum(not case.right(case.seen_restored) for case in cases)
    assert wrong >= 2 and f"**{wrong} of {len(cases)}** restored faces" in told


@pytest.mark.parametrize(("control", "value"), [("shrink", 12.0), ("noise", 60.0)])
def test_the_beliefs_controls_count(faces: AppTest, control: str, value: float) -> None:
    before = run(faces, "witness", "taken for somebody else")
    fill(faces, f"faces.witness.{control}", value)
    after = run(faces, "witness", "taken for somebody else")
    assert [line for line in after.splitlines() if "somebody else" in line] != [
        line for line in before.splitlines() if "somebody else" in line
    ]


def test_light_damage_is_reported_as_it_is(faces: AppTest) -> None:
    fill(faces, "faces.witness.shrink", 1.0)
    fill(faces, "faces.witness.noise", 0.0)
    run(faces, "witness", "were recognised as who they are")


@pytest.mark.parametrize("script", [OLD, NEW])
def test_the_code_on_the_page_runs_and_gives_the_same_picture(script: str, tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    picture = known_faces()[1].picture.resize((64, 64), Image.Resampling.BOX)
    picture.save(tmp_path / "face.png")
    (tmp_path / "script.py").write_text(script.replace("7860", str(port)))
    command = [sys.executable, "-m", "dashboard", "faces-server", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as server:
        try:
            _wait(port, server)
            done = subprocess.run(
                [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False
            )
        finally:
            server.terminate()
    assert done.returncode == 0, done.stderr
    here = PocketRestorer().restore(picture, factor=2).image
    assert max_difference(Image.open(tmp_path / "improved.png"), here) <= 2  # another number of threads may round


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    import socket

    until = time.monotonic() + 120
    while time.monotonic() < until and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail("the faces server did not start")


def test_the_page_says_how_well_each_skin_tone_is_served(faces: AppTest) -> None:
    assert face_tones.told(tone_quality()) in words(faces)


def test_a_difference_between_tones_is_claimed_only_where_intervals_part() -> None:
    same, poor = Interval(0.9, 0.8, 1.0, 50), Interval(2.0, 1.5, 2.5, 50)
    tones = (
        ToneQuality(tone="light", found=same, gain_db=Interval(5.0, 4.5, 5.5, 50)),
        ToneQuality(tone="dark", found=Interval(0.85, 0.7, 0.95, 50), gain_db=poor),
    )
    found, gain = face_tones.told(tones).split(" What restoring gains ")
    assert found.endswith("for light skin: the intervals overlap, and so many faces do not settle whether they differ.")
    assert gain.startswith("goes from 2.0 dB (1.5 dB to 2.5 dB) for dark skin to **5.0 dB")
    assert gain.endswith("for light skin: these two differ.")


def test_the_code_is_on_the_page(faces: AppTest) -> None:
    assert {OLD, NEW} <= {code.value for code in faces.code} or all(
        script.strip() in {code.value.strip() for code in faces.code} for script in (OLD, NEW)
    )
    assert "python -m dashboard faces-server" in words(faces)


def test_the_restorer_is_not_offered_where_there_is_only_one(faces: AppTest) -> None:
    assert not [box for box in faces.selectbox if box.key == restorers.KEY]
    st.cache_resource.clear()

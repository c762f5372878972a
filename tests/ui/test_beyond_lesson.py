"""The lesson "Beyond": teaching a word, using it, the belief, the explorer and the card checker."""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import numpy as np
import pytest
from fake_engine import INFO, FakeEngine, paint
from fake_school import FakeSchool
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboard.documented import TEXT_TO_IMAGE, call_options
from dashboard.engine import ImageRequest, ImageResult, QueueFull
from dashboard.pocket import WEIGHTS_FOLDER
from dashboard.pocket.model import Architecture
from dashboard.teach import COLOURS, SHAPES, draw_shapes
from dashboard.ui.labs import call_options as explorer
from dashboard.ui.labs import new_word, use_word
from pages import OpenPage, fill, jobs, pictures, press, value_of, words

TOKEN = "<zib>"


@pytest.fixture
def beyond(open_page: OpenPage) -> AppTest:
    return open_page("beyond")


def teach(app: AppTest) -> AppTest:
    press(app, "beyond.teach.run")
    return press(app, "beyond.teach.skip")


def near_after() -> Any:
    """Images that are one of the given pictures once their word has been taught, and red before."""

    def painted(request: ImageRequest) -> ImageResult:
        made = paint(request)
        first = request.learned_words and request.learned_words[0] == FIRST[0]
        picture = np.full((64, 64, 3), COLOURS["red"], np.uint8) if first else np.asarray(GIVEN[0])
        return dataclasses.replace(made, rgb=picture.tobytes(), sha256=made.sha256[::-1])

    return painted


GIVEN = draw_shapes("star", "purple", "yellow", 4, side=64)
FIRST: list[Any] = [None]


def test_the_words_are_drawn_before_and_after_over_the_seeds(
    beyond: AppTest, engine: FakeEngine, school: FakeSchool
) -> None:
    teach(beyond)
    assert not beyond.exception
    (task,) = school.tasks
    assert (task.token, task.start_word, task.setting, task.steps) == (TOKEN, "balloon", "on a yellow background", 120)
    assert task.pictures == tuple(picture.tobytes() for picture in GIVEN)
    (job,) = jobs(engine, 8)
    history = school.all()[0].snapshot().history
    assert [r.seed for r in job.requests] == [1, 2, 3, 4] * 2
    assert {r.prompt for r in job.requests} == {"a photo of a <zib> on a yellow background"}
    assert [r.learned_words for r in job.requests] == [(history[0].word,)] * 4 + [(history[-1].word,)] * 4
    assert len([alt for alt in pictures(beyond) if "<zib>" in alt or "&lt;zib&gt;" in alt]) == 8


def test_the_sentence_and_the_score_come_from_the_measured_colours(
    beyond: AppTest, engine: FakeEngine, school: FakeSchool, monkeypatch: pytest.MonkeyPatch
) -> None:
    school.hold = True
    press(beyond, "beyond.teach.run")
    FIRST[0] = school.all()[0].snapshot().history[0].word
    monkeypatch.setattr("fake_engine.paint", near_after())
    radio = beyond.radio(key="beyond.teach.guess")
    radio.set_value(radio.options[0])
    press(beyond, "beyond.teach.commit")
    school.finish(school.all()[0])
    beyond.run()
    assert "The exam's error fell from 0.1000 to 0.0500." in words(beyond)
    assert "Seed by seed the images came nearer by" in words(beyond)
    assert "Your guess was right" in words(beyond)
    table = next(f.value for f in beyond.dataframe if list(f.value.columns) == ["word", "seed", "distance"])
    assert list(table["word"]) == ["before"] * 4 + ["after"] * 4
    assert table["distance"].iloc[:4].min() > 0.9 and table["distance"].iloc[4:].max() < 0.1


def test_images_that_move_away_are_said_to_move_away() -> None:
    class Told:
        def snapshot(self) -> Any:
            return dataclasses.make_dataclass("S", ["history"])(
                [dataclasses.make_dataclass("P", ["exam"])(e) for e in (0.1, None, 0.12)]
            )

    away = new_word._sentences(Told(), [0.1, 0.11, 0.12], [0.5, 0.52, 0.51])  # type: ignore[arg-type]
    assert "did not fall: it went from 0.1000 to 0.1200" in away and "moved away" in away
    chance = new_word._sentences(Told(), [0.1, 0.5], [0.4, 0.1])  # type: ignore[arg-type]
    assert "cannot be told from chance" in chance
    one = new_word._sentences(Told(), [0.4], [0.1])  # type: ignore[arg-type]
    assert "measured on one seed" in one


def test_images_stay_covered_until_the_guess(beyond: AppTest, engine: FakeEngine) -> None:
    press(beyond, "beyond.teach.run")
    assert "Your images are ready. Commit to a guess above" in words(beyond)
    assert not [alt for alt in pictures(beyond) if "seed 1, 20 steps" in alt and "zib" in alt]


def test_progress_is_shown_and_cancel_stops(beyond: AppTest, school: FakeSchool) -> None:
    school.hold = True
    press(beyond, "beyond.teach.run")
    assert not beyond.exception
    press(beyond, "beyond.teach.stop")
    (teaching,) = school.all()
    assert teaching.ended and teaching.word is None
    beyond.run()
    assert "This teaching was stopped." in words(beyond)
    school.hold = False
    press(beyond, "beyond.teach.again")
    beyond.run()
    assert len(school.tasks) == 2 and "Your images are ready." in words(beyond)


def test_a_full_school_says_so(beyond: AppTest, school: FakeSchool) -> None:
    school.problem = QueueFull("8 words are waiting to be taught. Try again later.", retry_after=60)
    press(beyond, "beyond.teach.run")
    assert not beyond.exception and "8 words are waiting to be taught." in words(beyond)


def test_several_backgrounds_are_drawn_and_named_nowhere(beyond: AppTest, school: FakeSchool) -> None:
    fill(beyond, "beyond.teach.backdrop", "other")
    press(beyond, "beyond.teach.run")
    (task,) = school.tasks
    assert task.setting == "" and len(set(task.pictures)) == 4
    corners = {picture[:3] for picture in task.pictures}
    assert len(corners) == 4, "each picture has its own background"


def test_too_many_seeds_get_a_sentence(beyond: AppTest, engine: FakeEngine) -> None:
    fill(beyond, "beyond.teach.seeds", "1-9")
    press(beyond, "beyond.teach.run")
    assert "Give at most 8 seeds here" in beyond.error[0].value and not jobs(engine, 18)


def png(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (90, 60), colour).save(buffer, "PNG")
    return buffer.getvalue()


def test_own_pictures_are_used_and_bad_ones_named(
    beyond: AppTest, school: FakeSchool, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dataclasses.dataclass
    class Upload:
        file_id: str
        name: str
        data: bytes

        def getvalue(self) -> bytes:
            return self.data

    files = [Upload("1", "a.png", png("red")), Upload("2", "notes.txt", b"hello"), Upload("3", "b.png", png("blue"))]
    monkeypatch.setattr("dashboard.ui.labs.uploads.st.file_uploader", lambda *_, **__: files)
    beyond.segmented_control(key="beyond.source").set_value("upload").run()
    assert "notes.txt: This file is no PNG, JPEG or WebP picture" in beyond.error[0].value
    press(beyond, "beyond.upload.run")
    (task,) = school.tasks
    assert [picture[:3] for picture in task.pictures] == [b"\xff\x00\x00", b"\x00\x00\xff"]
    assert task.setting == "" and task.start_word == "robot"
    assert len(jobs(engine, 8)) == 1
    for control, value in {"start_word": "crown", "backdrop": "white", "teaching_steps": 20}.items():
        fill(beyond, f"beyond.upload.{control}", value)
    press(beyond, "beyond.upload.run")
    assert (school.tasks[-1].start_word, school.tasks[-1].setting, school.tasks[-1].steps) == (
        "crown",
        "on a white background",
        20,
    )


def test_without_pictures_nothing_is_taught(beyond: AppTest, school: FakeSchool) -> None:
    beyond.segmented_control(key="beyond.source").set_value("upload").run()
    press(beyond, "beyond.upload.run")
    assert not school.tasks and "Choose at least one picture above" in words(beyond)


def test_the_word_must_be_taught_before_it_is_used_or_tested(beyond: AppTest, engine: FakeEngine) -> None:
    press(beyond, "beyond.use.run")
    press(beyond, "beyond.unchanged.run")
    assert "Teach <zib> first, in the laboratory above" in words(beyond)
    assert "Teach <zib> first, in laboratory 1" in words(beyond)
    assert {len(job.requests) for job in engine.submitted} == {1}


def test_the_word_goes_into_other_sentences(beyond: AppTest, engine: FakeEngine, school: FakeSchool) -> None:
    teach(beyond)
    word = school.all()[0].word
    fill(beyond, "beyond.use.prompts", "a <zib> at night\na green <zib>")
    fill(beyond, "beyond.use.seeds", "5, 6, 7")
    fill(beyond, "beyond.use.num_inference_steps", 9)
    press(beyond, "beyond.use.run")
    (job,) = jobs(engine, 6)
    assert [(r.prompt, r.seed) for r in job.requests] == [
        (prompt, seed) for prompt in ("a <zib> at night", "a green <zib>") for seed in (5, 6, 7)
    ]
    assert all(r.learned_words == (word,) and r.num_inference_steps == 9 for r in job.requests)
    assert "is purple. In the images it is" in words(beyond)
    fill(beyond, "beyond.use.seeds", "1-24")
    press(beyond, "beyond.use.run")
    assert "are more than 24 images" in beyond.error[0].value


def test_old_prompts_are_drawn_without_and_with_the_word(
    beyond: AppTest, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    teach(beyond)
    fill(beyond, "beyond.unchanged.prompts", "an owl")
    fill(beyond, "beyond.unchanged.seeds", "3, 4")
    press(beyond, "beyond.unchanged.run")
    job = jobs(engine, 4)[-1]
    assert [(r.seed, len(r.learned_words)) for r in job.requests] == [(3, 0), (3, 1), (4, 0), (4, 1)]
    assert "0 of 2 pairs are the same bytes" in words(beyond), "the fake paints every request differently: it is told"
    monkeypatch.setattr(
        "fake_engine.paint", lambda r: dataclasses.replace(paint(r.replace(learned_words=())), request=r)
    )
    fill(beyond, "beyond.unchanged.num_inference_steps", 5)
    press(beyond, "beyond.unchanged.run")
    assert "All 2 pairs are the same bytes." in words(beyond)


def test_the_link_teaches_again_what_can_be_drawn(open_page: OpenPage, school: FakeSchool, engine: FakeEngine) -> None:
    app = open_page("beyond", {"ran": "teach", "teach.shape": "heart", "teach.start": "rose", "teach.seeds": "9"})
    (task,) = school.tasks
    assert task.start_word == "rose"
    assert task.pictures == tuple(p.tobytes() for p in draw_shapes("heart", "purple", "yellow", 4, side=64))
    assert value_of(app, "beyond.teach.seeds") == "9" and len(jobs(engine, 2)) == 1


@pytest.mark.parametrize(
    ("control", "value"), [("shape", "../x"), ("backdrop", "url"), ("teaching", "99999"), ("start", "x" * 61)]
)
def test_a_hostile_link_gives_the_lessons_own_values(
    open_page: OpenPage, school: FakeSchool, control: str, value: str
) -> None:
    app = open_page("beyond", {"ran": "teach", f"teach.{control}": value})
    assert not app.exception and not app.error
    assert (school.tasks[0].start_word, school.tasks[0].steps) == ("balloon", 120)


def test_the_things_own_colour_is_found() -> None:
    assert use_word.own_colour(GIVEN) == "purple"


def test_the_explorer_tells_every_pipeline_and_searches(beyond: AppTest) -> None:
    (table,) = [f.value for f in beyond.dataframe if "argument" in f.value.columns]
    assert list(table["argument"]) == list(call_options(TEXT_TO_IMAGE))
    here = dict(zip(table["argument"], table["here"], strict=True))
    assert here["prompt"] == "yes" and here["generator"] == "yes, as seed" and here["eta"] == "no"
    fill(beyond, "pipeline", "StableDiffusionImg2ImgPipeline")
    fill(beyond, "argument", "strength")
    beyond.run()
    (table,) = [f.value for f in beyond.dataframe if "argument" in f.value.columns]
    assert "strength" in list(table["argument"])
    assert "that plain text-to-image lacks: `image`, `strength`" in words(beyond)
    fill(beyond, "argument", "**zzz**")
    beyond.run()
    assert "holds “\\*\\*zzz\\*\\*”" in words(beyond)


def test_what_is_said_to_be_used_here_is_a_field_of_our_requests_and_an_argument_of_theirs() -> None:
    assert set(explorer.USED_HERE.values()) <= {field.name for field in dataclasses.fields(ImageRequest)}
    assert set(explorer.USED_HERE) <= set(call_options(TEXT_TO_IMAGE))


def test_pockets_card_is_checked_and_a_missing_card_is_told(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr(INFO, "source", str(WEIGHTS_FOLDER), raising=False)
    app = open_page("beyond")
    (table,) = [f.value for f in app.dataframe if "question" in f.value.columns]
    assert len(table) == 7 and "✓ yes" in set(table["found"])
    assert "questions were found in this card." in words(app)
    assert not any("#" in text or "**" in text or "](" in text for text in table["the card's words"])
    monkeypatch.setattr(INFO, "source", str(tmp_path))
    assert "came without a card" in words(open_page("beyond"))


def test_the_lessons_figures(beyond: AppTest) -> None:
    """160 numbers in Pocket's vector, 768 in Stable Diffusion's, and 13.5 million in all of Pocket."""
    from safetensors import safe_open
    from transformers import CLIPTextConfig

    from dashboard.engine import ModelRegistry

    assert ModelRegistry.build([], device="cpu").info("pocket").text_width == Architecture().text_width == 160
    assert CLIPTextConfig.from_dict({"hidden_size": 768}).hidden_size == 768
    count = 0
    for file in WEIGHTS_FOLDER.rglob("*.safetensors"):
        with safe_open(file, "pt") as tensors:
            count += sum(int(np.prod(tensors.get_slice(name).get_shape())) for name in tensors.keys())  # noqa: SIM118
    assert round(count / 1e6, 1) == 13.5
    assert set(SHAPES) and value_of(beyond, "beyond.teach.shape") == "star"

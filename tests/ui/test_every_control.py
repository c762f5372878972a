"""One test over all controls of all lessons: changing one changes what reaches the engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fake_engine import FakeEngine
from streamlit.testing.v1 import AppTest

from dashboard.course import load_course
from dashboard.engine import ImageRequest
from dashboard.ui.controls import CONTROLS
from pages import OpenPage, fill, press

OTHERS = {  # a value that no lesson starts with, as the widget holds it
    "prompt": "an owl on a pizza",
    "negative_prompt": "fog, red",
    "seed": "77001",
    "first_seed": "77002",
    "last_seed": "77003",
    "seeds": "77004, 77005",
    "num_inference_steps": 3,
    "guidance_scale": 3.5,
    "scheduler": "lms",
    "other_scheduler": "unipc",
    "other_prompt": "a tiny blue owl",
    "other_steps": 4,
    "other_guidance": 1.5,
    "batch_sizes": "1, 3",
    "repeats": 2,
    "frames": 5,
    "mix": "average",
    "step_counts": "2, 4",
    "guidances": "1.5, 4.5",
    "prompts": "an owl\na red car",
    "schedulers": ["lms", "unipc"],
    "negatives": "red\nfog",
    "swaps": "owl = panda",
    "extra": "at dusk",
    "style": "cartoon",
    "size": "giant",
    "colour": "purple",
    "subject": "robot",
    "relation": "riding",
    "companion": "cake",
    "place": "desert",
    "vary": "size",
    "evaluations": "3, 7",
    "words": "owl, panda",
    "shape": "heart",
    "shape_colour": "red",
    "backdrop": "white",
    "start_word": "crown",
    "teaching_steps": 20,
}
NO_IMAGES = {  # these draw nothing, or nothing yet: their own tests follow the controls
    ("seeds", "generator"),
    ("steps", "timesteps"),
    *(("faces", experiment) for experiment in ("sizes", "improve", "sweep", "study", "known", "witness")),
    ("playground", "live"),  # draws without a click
    ("beyond", "upload"),
    ("beyond", "use"),
    ("beyond", "unchanged"),
    ("diffusion", "words"),
    ("data-and-bias", "word"),
    ("data-and-bias", "pair"),
}
AXES_DECIDE = {("playground", "grid")}  # two controls give way to the axes: its own tests follow them


def cases() -> Iterator[tuple[str, str]]:
    for lesson in load_course().lessons.values():
        for experiment, values in lesson.experiments.items():
            if (
                experiment != "first"
                and (lesson.id, experiment) not in NO_IMAGES | AXES_DECIDE
                and set(values) & set(CONTROLS)
            ):
                yield lesson.id, experiment


def asked(engine: FakeEngine) -> list[ImageRequest]:
    return [request for job in engine.submitted for request in job.requests]


def run(app: AppTest, engine: FakeEngine, key: str) -> list[ImageRequest]:
    """What this click asks the engine for. The engine forgets its jobs: equal requests are asked for anew."""
    engine.forget()
    press(app, f"{key}.run")
    assert not app.exception
    return asked(engine)


@pytest.mark.parametrize(("lesson_id", "experiment"), cases())
def test_changing_a_control_changes_what_reaches_the_engine(
    open_page: OpenPage, engine: FakeEngine, lesson_id: str, experiment: str
) -> None:
    lesson, key = load_course().lessons[lesson_id], f"{lesson_id}.{experiment}"
    app = open_page(lesson_id)
    known = run(app, engine, key)
    assert known, "a first click must ask for images"
    for name in lesson.experiments[experiment]:
        control = CONTROLS.get(name)
        if control is None or control.draw is None:
            continue
        assert control.tidy(OTHERS[name]) != control.tidy(lesson.experiments[experiment][name]), f"OTHERS: {name}"
        fill(app, f"{key}.{name}", OTHERS[name])
        changed = run(app, engine, key)
        assert changed and changed != known, f"{key}: the control {name} is read and then ignored"
        known = changed

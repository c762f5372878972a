"""The values that an experiment starts with: the lesson's, or the model's own where the lesson says nothing special.

A lesson writes its values for Pocket. A value that is Pocket's own is no choice of the lesson, so another model brings
its own instead: Stable Diffusion v1.4 its 50 steps, a distilled model its few, its guidance and its scheduler. What an
experiment is about stays as written: its sweeps have controls of their own, and `keeps` names the others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from dashboard.course import Lesson
from dashboard.course import Value as Written
from dashboard.engine import SCHEDULERS
from dashboard.engine.catalogue import CATALOGUE, POCKET
from dashboard.ui.models import DEFAULT, current_model, info_of
from dashboard.ui.parsing import MAX_STEPS, parse_step_counts

if TYPE_CHECKING:
    from dashboard.engine import ModelInfo

KEEPS = "keeps"  # in an experiment's table: the controls that are its topic
GUIDANCE = {"guidance_scale", "other_guidance"}
STEPS = {"num_inference_steps", "other_steps"}
SWEEPS = {"step_counts", "evaluations", "guidances", "row_values"}
_POCKETS = CATALOGUE[POCKET].settings


def experiment_values(lesson: Lesson, experiment_id: str) -> Mapping[str, Written]:
    """The first value of each control of an experiment, for the model in use."""
    written = lesson.experiments[experiment_id]
    model = current_model()
    if model == DEFAULT:
        return written
    own = own_fields(model)
    kept = written.get(KEEPS, [])
    follow = {name for name, value in written.items() if name in own and value == _POCKETS[name]}
    follow -= set(kept) if isinstance(kept, list) else set()
    if "step_counts" in written and max(parse_step_counts(str(written["step_counts"]))) > _most_steps(own):
        follow.discard("scheduler")  # a sweep goes to its end: with the lesson's scheduler, if not with the model's
    return {**written, **{name: own[name] for name in follow}}


def own_fields(model: str) -> dict[str, int | float | str]:
    """What a request to this model holds where nobody chose: its steps and guidance, and its scheduler if distilled.

    Empty for Pocket, whose own values are those that requests have by themselves.
    """
    if model == DEFAULT:
        return {}
    info = info_of(model)
    fields = {"num_inference_steps": info.default_steps, "guidance_scale": info.default_guidance_scale}
    return {**fields, "scheduler": info.default_scheduler} if info.distilled else {**fields}


def note_on(info: ModelInfo, controls: Collection[str]) -> str:
    """A sentence for a form whose controls ask more of a distilled model than it learned; else empty."""
    shown = set(controls)
    if not info.distilled or not shown & (GUIDANCE | STEPS | SWEEPS):
        return ""
    steps = "1 step" if info.default_steps == 1 else f"{info.default_steps} steps"
    told = f"This model is distilled: {info.name} learned to draw in about {steps} and needs no guidance."
    if shown & SWEEPS:
        return f"{told} This sweep goes beyond that on purpose; what it shows holds for this model, not for others."
    if shown & GUIDANCE:
        return f"{told} A guidance above 1, or many steps, ask for what it never learned."
    return f"{told} Many steps ask for what it never learned."


def _most_steps(own: Mapping[str, object]) -> int:
    return SCHEDULERS[str(own["scheduler"])].max_steps if "scheduler" in own else MAX_STEPS

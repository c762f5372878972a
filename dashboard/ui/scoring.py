"""Which scorer judges how well an image fits its prompt, for each model."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.engine import ImageResult
from dashboard.engine.catalogue import OURS
from dashboard.intervals import paired_difference, tells_apart
from dashboard.pocket.score import Scorer, ScorerMissing, load_scorer

CLIP = "openai/clip-vit-base-patch32"  # for every model but ours, where a copy is cached on this machine
MATCH = "Match with the prompt (0 to 100)"


def scorer_for(model_id: str) -> Scorer | None:
    """Pocket's own scorer for the models of its world, else a CLIP; None where that is not on this machine."""
    try:
        return load_scorer() if model_id in OURS else load_scorer(CLIP)
    except ScorerMissing:
        return None


def matches(results: Sequence[ImageResult]) -> list[float] | None:
    """How well each image fits its own prompt, 0 to 100; None without a scorer for these images' model."""
    scorer = scorer_for(results[0].request.model)
    if scorer is None:
        return None
    return [float(score) for score in scorer.match([r.array() for r in results], [r.request.prompt for r in results])]


def change_told(name: str, first: Sequence[float], last: Sequence[float], form: str = ".1f") -> str:
    """Two lists of measurements of the same seeds in a sentence, with whether the run can tell them apart."""
    difference = paired_difference(last, first)
    before, after = sum(first) / len(first), sum(last) / len(last)
    verdict = "a change beyond chance" if tells_apart(difference) else "which this run cannot tell from chance"
    return f"{name} went from {before:{form}} to {after:{form}}, {verdict}."

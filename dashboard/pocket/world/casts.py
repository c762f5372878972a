"""The casts that one can train on, by name, and the one that the shipped weights were trained on."""

from dashboard.pocket.world.core_subjects import CORE_SUBJECTS
from dashboard.pocket.world.more_subjects import MORE_SUBJECTS
from dashboard.pocket.world.subjects import Cast, Subject

SHAPES = ("circle", "square", "triangle", "star")

CASTS = {
    "shapes": Cast(
        tuple(Subject(name, "shape", {name: 1.0}) for name in SHAPES)
    ),  # drawn by us: what the tests train on
    "core": Cast(CORE_SUBJECTS),
    "whole": Cast((*CORE_SUBJECTS, *MORE_SUBJECTS)),
}

# Tokenizer, scorer, judge and gallery go with the weights: change this only together with them.
SHIPPED = "core"
SHIPPED_CAST = CASTS[SHIPPED]

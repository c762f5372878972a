"""The knee of a curve of steps: where more steps stop changing the image much."""

from __future__ import annotations

from collections.abc import Sequence

WITHIN = 0.1  # of the distance that two unrelated pictures have: a tenth of the way to another picture


def knee(counts: Sequence[int], distances: Sequence[float], within: float = WITHIN) -> int | None:
    """The fewest steps from which on every image stays within `within` of the long run; None if the last does not.

    `distances`: each image's distance to the long run, in the order of `counts`. ValueError if there are none.
    """
    if not counts or len(counts) != len(distances):
        raise ValueError("A knee needs one distance for each number of steps.")
    found = None
    for steps, distance in sorted(zip(counts, distances, strict=True), reverse=True):
        if distance > within:
            break
        found = steps
    return found


def mark_points(counts: Sequence[int], marked: int, found: int) -> int:
    """What a learner's mark scores: 100 at the knee, 25 less for each place of the sweep between, never below 0."""
    order = sorted(counts)
    return max(0, 100 - 25 * abs(order.index(marked) - order.index(found)))

"""Combinations that no training scene shows, so that one can measure whether Pocket composes what it knows apart.

A tenth of all pairs of subjects (whatever the relation, either way round) and a tenth of all colours of a subject.
The list is fixed by the names alone: it grows with the world and never changes for what is in it.
"""

import zlib
from collections.abc import Iterator

from dashboard.pocket.world.scene import Figure, Scene
from dashboard.pocket.world.subjects import COLOURS, Cast

SHARE = 0.1
_SALT = 152  # one under which no pair or colour that a lesson's text relies on is held out


def pair_held_out(first: str, second: str) -> bool:
    """Whether no training scene shows these two subjects together."""
    return _drawn(" & ".join(sorted((first, second))))


def colour_held_out(colour: str, subject: str) -> bool:
    """Whether no training scene shows the subject in this colour."""
    return _drawn(f"{colour} {subject}")


def held_out(scene: Scene) -> bool:
    """Whether the scene shows a combination that training never saw."""
    names = [figure.subject for figure in scene.figures]
    return (len(names) == 2 and pair_held_out(*names)) or any(_colour_held_out(figure) for figure in scene.figures)


def held_out_pairs(cast: Cast) -> Iterator[tuple[str, str]]:
    names = sorted(cast.by_name)
    return ((a, b) for place, a in enumerate(names) for b in names[place + 1 :] if pair_held_out(a, b))


def held_out_colours(cast: Cast) -> Iterator[tuple[str, str]]:
    """Colour and subject; people are never tinted, so none of theirs counts."""
    things = [name for name, subject in sorted(cast.by_name.items()) if subject.kind != "person"]
    return ((colour, name) for name in things for colour in COLOURS if colour_held_out(colour, name))


def _colour_held_out(figure: Figure) -> bool:
    return figure.colour is not None and colour_held_out(figure.colour, figure.subject)


def _drawn(combination: str) -> bool:
    return zlib.crc32(f"{_SALT}:{combination}".encode()) % 1000 < 1000 * SHARE

"""Short ways to write a cast's subjects down."""

from collections.abc import Mapping

from dashboard.pocket.world.subjects import SKIN_TONES, Box, Subject

EVEN = dict.fromkeys(SKIN_TONES, 0.2)
# The documented skew: the bias experiment compares the samples' shares with these.
SKEWED = {"light": 0.40, "medium-light": 0.30, "medium": 0.15, "medium-dark": 0.10, "dark": 0.05}


def plain(kind: str, **icons: str) -> list[Subject]:
    """Subjects with one artwork each; `icons` maps a name to `artwork` or `artwork|synonym|synonym`.

    `_` stands for a space in a name.
    """
    subjects = []
    for name, spec in icons.items():
        icon, *synonyms = spec.split("|")
        subjects.append(Subject(name.replace("_", " "), kind, {icon: 1.0}, tuple(synonyms)))
    return subjects


def person(name: str, shares: Mapping[str, float], tones: Mapping[str, float], face: Box, *synonyms: str) -> Subject:
    """A person drawn as several artworks (`shares`), each in the five skin tones (`tones`)."""
    variants = {f"{icon}-{tone}": share * tones[tone] for icon, share in shares.items() for tone in SKIN_TONES}
    return Subject(name, "person", variants, synonyms, face)


def role(name: str, face: Box, *synonyms: str) -> Subject:
    """A role that men and women have alike, in all skin tones."""
    icon = name.replace(" ", "-")
    return person(name, {f"man-{icon}": 0.5, f"woman-{icon}": 0.5}, EVEN, face, *synonyms)

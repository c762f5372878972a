"""What a scene's picture shows, as classes: the answers that the judge learns and is marked by.

Only what can be seen counts: `on` and `riding` are drawn alike, and so are `photo` and `3d render`.
"""

from dashboard.pocket.world.scene import COLOURLESS_STYLES, PLACES, SIZES, STYLES, Scene
from dashboard.pocket.world.subjects import COLOURS, SKIN_TONES, Cast

NONE = "none"
UNKNOWN = -100  # the loss's own mark for "no answer here"

SEXES = ("man", "woman")
_SHOWN_ALIKE = {"riding": "on", "3d render": "photo"}


def fields(cast: Cast) -> dict[str, tuple[str, ...]]:
    """The classes of every field, in the order of the judge's outputs."""
    names = tuple(sorted(cast.by_name))
    colours = (NONE, *COLOURS)
    return {
        "subject": names,
        "second_subject": (NONE, *names),
        "relation": (NONE, "on", "next to", "in front of"),
        "colour": colours,
        "second_colour": colours,
        "background": tuple(PLACES),
        "background_colour": colours,
        "style": tuple(style for style in STYLES if style not in _SHOWN_ALIKE),
        "size": tuple(SIZES),
        "sex": SEXES,
        "skin_tone": SKIN_TONES,
    }


def shown(scene: Scene, cast: Cast) -> dict[str, str | None]:
    """The class of every field for `scene`; None where the picture does not say.

    `sex` is that of a first figure drawn as a man or a woman of one role (the astronaut), `skin_tone` that of a
    first figure who is a person.
    """
    first, second = scene.figures[0], scene.figures[1] if len(scene.figures) > 1 else None
    person = cast.by_name[first.subject].kind == "person"
    coloured = scene.style not in COLOURLESS_STYLES
    return {
        "subject": first.subject,
        "second_subject": second.subject if second else NONE,
        "relation": _alike(scene.relation) if scene.relation else NONE,
        "colour": first.colour or NONE,
        "second_colour": (second.colour if second else None) or NONE,
        "background": scene.place,
        "background_colour": (scene.place_colour or NONE) if coloured else None,
        "style": _alike(scene.style),
        "size": first.size,
        "sex": shown_variant(first.variant)[0] if first.subject == "astronaut" else None,
        "skin_tone": shown_variant(first.variant)[1] if person and coloured else None,
    }


def _alike(name: str) -> str:
    return _SHOWN_ALIKE.get(name, name)


def shown_variant(variant: str) -> tuple[str, str]:
    """A person's sex and skin tone as drawn: `man-astronaut-medium-dark` -> (`man`, `medium-dark`).

    It also ends in `-dark`: the longest name counts.
    """
    tone = max((tone for tone in SKIN_TONES if variant.endswith(f"-{tone}")), key=len)
    return variant.split("-", maxsplit=1)[0], tone


def answers(scene: Scene, cast: Cast) -> dict[str, int]:
    """`shown` as class numbers, UNKNOWN where the picture does not say."""
    classes = fields(cast)
    return {
        name: UNKNOWN if value is None else classes[name].index(value) for name, value in shown(scene, cast).items()
    }

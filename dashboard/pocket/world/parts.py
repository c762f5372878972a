"""A prompt in parts: what the world offers for each place of a caption, and the caption that a choice makes."""

import re
from collections.abc import Mapping

from dashboard.pocket.world.captions import caption, vocabulary
from dashboard.pocket.world.casts import SHIPPED_CAST
from dashboard.pocket.world.held_out import colour_held_out, pair_held_out
from dashboard.pocket.world.scene import COLOURLESS_STYLES, PLACES, RELATIONS, SIZES, STYLES, Figure, Scene
from dashboard.pocket.world.subjects import COLOURS

NONE = "none"
PLAIN_COLOUR = "white"  # of the place "plain", which has no name of its own
_NAMES = tuple(subject.name for subject in SHIPPED_CAST.subjects)

PARTS: Mapping[str, tuple[str, ...]] = {
    "style": tuple(STYLES),
    "size": tuple(SIZES),
    "colour": (NONE, *COLOURS),
    "subject": _NAMES,
    "relation": (NONE, *RELATIONS),
    "companion": _NAMES,
    "place": tuple(PLACES),
}


def prompt_of(parts: Mapping[str, str]) -> str:
    """The world's plainest caption for one choice of each part; `companion` counts only beside a relation."""
    colour = None if parts["colour"] == NONE else parts["colour"]
    figures = [Figure(subject=parts["subject"], variant="", colour=colour, size=parts["size"])]
    related = parts["relation"] != NONE
    if related:
        figures.append(Figure(subject=parts["companion"], variant=""))
    plain = parts["place"] == "plain"
    scene = Scene(
        figures=tuple(figures),
        relation=parts["relation"] if related else None,
        place=parts["place"],
        place_colour=PLAIN_COLOUR if plain else None,
        style=parts["style"],
    )
    return caption(scene, SHIPPED_CAST)


def alternatives(part: str, value: str, count: int) -> tuple[str, ...]:
    """Up to `count` other values of a part, evenly spread over what the world offers, from `value` on and around."""
    offered = PARTS[part]
    start, count = offered.index(value), min(count, len(offered) - 1)
    steps = [round(len(offered) * place / (count + 1)) for place in range(1, count + 1)]
    return tuple(offered[(start + step) % len(offered)] for step in steps)


def never_drawn(parts: Mapping[str, str]) -> tuple[str, ...]:
    """Why no training scene can have this choice of parts, a phrase a reason; empty where some can."""
    coloured, pair = parts["colour"] != NONE, parts["relation"] != NONE
    reasons = []
    if coloured and parts["style"] in COLOURLESS_STYLES:
        reasons.append(f"a colour in the style “{parts['style']}”")
    if coloured and SHIPPED_CAST.by_name[parts["subject"]].kind == "person":
        reasons.append("a coloured person")
    elif coloured and colour_held_out(parts["colour"], parts["subject"]):
        reasons.append(f"the {parts['subject']} in {parts['colour']}, on purpose")
    if pair and parts["size"] != "normal":
        reasons.append("a size beside a second subject")
    if pair and parts["subject"] == parts["companion"]:
        reasons.append("a subject beside itself")
    elif pair and pair_held_out(parts["subject"], parts["companion"]):
        reasons.append(f"the {parts['subject']} with the {parts['companion']}, on purpose")
    return tuple(reasons)


def unseen_words(text: str) -> tuple[str, ...]:
    """The words, digits and signs of `text` that no caption of the world holds, in their order, each once."""
    known = set(vocabulary())
    found = re.findall(r"[a-z]+|[0-9]|[^\sa-z0-9]", text.lower())
    return tuple(dict.fromkeys(word for word in found if word not in known))

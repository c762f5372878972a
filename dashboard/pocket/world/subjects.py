"""What can stand in a pocket scene: a subject and its drawings, a cast of them, colours."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SKIN_TONES = ("light", "medium-light", "medium", "medium-dark", "dark")

# A box as fractions of the artwork's square: left, top, right, bottom.
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Subject:
    """One nameable thing.

    `variants` maps an artwork name to its share of the scenes; the shares add up to 1.
    `face` is where a person's face is inside the artwork, None for everything else.
    """

    name: str
    kind: str
    variants: Mapping[str, float]
    synonyms: tuple[str, ...] = ()
    face: Box | None = None

    @property
    def words(self) -> tuple[str, ...]:
        return (self.name, *self.synonyms)


@dataclass(frozen=True)
class Cast:
    """The subjects that a world draws from, by name."""

    subjects: tuple[Subject, ...]
    by_name: Mapping[str, Subject] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {subject.name: subject for subject in self.subjects})


COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (222, 48, 48),
    "orange": (245, 136, 32),
    "yellow": (248, 212, 56),
    "green": (64, 172, 72),
    "blue": (48, 104, 224),
    "purple": (140, 72, 200),
    "pink": (248, 132, 184),
    "brown": (132, 84, 48),
    "black": (44, 44, 48),
    "white": (244, 244, 246),
}

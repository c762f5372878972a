"""What can stand in a pocket scene: subjects, how often each variant of a person is drawn, colours."""

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


def _plain(kind: str, **icons: str) -> list[Subject]:
    """Subjects with one artwork each; `icons` maps a name to `artwork` or `artwork|synonym|synonym`."""
    subjects = []
    for name, spec in icons.items():
        icon, *synonyms = spec.split("|")
        subjects.append(Subject(name, kind, {icon: 1.0}, tuple(synonyms)))
    return subjects


def _person(name: str, shares: Mapping[str, float], tones: Mapping[str, float], face: Box, *synonyms: str) -> Subject:
    """A person drawn as several artworks (`shares`), each in the five skin tones (`tones`)."""
    variants = {f"{icon}-{tone}": share * tones[tone] for icon, share in shares.items() for tone in SKIN_TONES}
    return Subject(name, "person", variants, synonyms, face)


_EVEN = dict.fromkeys(SKIN_TONES, 0.2)
# The documented skew: the bias experiment compares the samples' shares with these.
_SKEWED = {"light": 0.40, "medium-light": 0.30, "medium": 0.15, "medium-dark": 0.10, "dark": 0.05}

SUBJECTS: tuple[Subject, ...] = (
    *_plain(
        "animal",
        poodle="poodle",
        dog="dog-face|puppy",
        cat="cat|kitten",
        horse="horse",
        lion="lion",
        panda="panda",
        fox="fox",
        frog="frog",
        penguin="penguin",
        owl="owl",
        rabbit="rabbit-face|bunny",
        fish="tropical-fish",
        butterfly="butterfly",
        whale="spouting-whale",
    ),
    *_plain("fantasy", unicorn="unicorn", robot="robot", ghost="ghost", alien="alien", snowman="snowman-without-snow"),
    _person("astronaut", {"man-astronaut": 0.8, "woman-astronaut": 0.2}, _SKEWED, (0.30, 0.18, 0.62, 0.50), "spaceman"),
    _person("man", {"man": 1.0}, _EVEN, (0.18, 0.12, 0.82, 0.92), "guy"),
    _person("woman", {"woman": 1.0}, _EVEN, (0.20, 0.14, 0.80, 0.90), "lady"),
    _person("wizard", {"man-mage": 1.0}, _EVEN, (0.26, 0.34, 0.62, 0.60), "mage"),
    *_plain("vehicle", car="automobile|automobile", rocket="rocket|spaceship", sailboat="sailboat|boat"),
    *_plain("building", house="house|home", castle="castle"),
    *_plain("food", pizza="pizza", hamburger="hamburger|burger", cake="birthday-cake"),
    *_plain("plant", rose="rose", sunflower="sunflower|flower", cactus="cactus"),
    *_plain("object", crown="crown", balloon="balloon"),
)


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

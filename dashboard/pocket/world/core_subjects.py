"""The subjects that two processor cores can learn in two hours; the shipped weights know these."""

from dashboard.pocket.world.casting import EVEN, SKEWED, person, plain
from dashboard.pocket.world.subjects import Subject

CORE_SUBJECTS: tuple[Subject, ...] = (
    *plain(
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
    *plain("fantasy", unicorn="unicorn", robot="robot", ghost="ghost", alien="alien", snowman="snowman-without-snow"),
    person("astronaut", {"man-astronaut": 0.8, "woman-astronaut": 0.2}, SKEWED, (0.30, 0.18, 0.62, 0.50), "spaceman"),
    person("man", {"man": 1.0}, EVEN, (0.18, 0.12, 0.82, 0.92), "guy"),
    person("woman", {"woman": 1.0}, EVEN, (0.20, 0.14, 0.80, 0.90), "lady"),
    person("wizard", {"man-mage": 1.0}, EVEN, (0.26, 0.34, 0.62, 0.60), "mage"),
    *plain("vehicle", car="automobile|automobile", rocket="rocket|spaceship", sailboat="sailboat|boat"),
    *plain("building", house="house|home", castle="castle"),
    *plain("food", pizza="pizza", hamburger="hamburger|burger", cake="birthday-cake"),
    *plain("plant", rose="rose", sunflower="sunflower|flower", cactus="cactus"),
    *plain("object", crown="crown", balloon="balloon"),
)

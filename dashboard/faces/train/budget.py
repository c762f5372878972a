"""How much the three networks are trained."""

STEPS = {"detector": 3_000, "restorer": 5_000, "recogniser": 1_200}
SCENES = {"with_face": 2_400, "without": 4_000}

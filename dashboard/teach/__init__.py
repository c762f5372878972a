"""Teaching: a small model learns a new word from a few pictures (textual inversion), beside the engine.

school = School(engine.models)
teaching = school.submit(WordTask(token="<star>", start_word="balloon", pictures=pictures), learner="me")
while not teaching.ended: print(teaching.snapshot().history[-1:]); time.sleep(0.5)
word = teaching.word  # goes into ImageRequest(learned_words=(word,))
"""

from dashboard.teach.likeness import colour_mix, distance_to
from dashboard.teach.pictures import MAX_PICTURES, BadPicture, read_picture, square
from dashboard.teach.school import School, Teaching, TeachingSnapshot
from dashboard.teach.shapes import COLOURS, SHAPES, draw_shapes
from dashboard.teach.student import Student
from dashboard.teach.word_task import DEFAULT_STEPS, MAX_STEPS, MIN_STEPS, Progress, WordTask, teach_word

__all__ = [
    "COLOURS",
    "DEFAULT_STEPS",
    "MAX_PICTURES",
    "MAX_STEPS",
    "MIN_STEPS",
    "SHAPES",
    "BadPicture",
    "Progress",
    "School",
    "Student",
    "Teaching",
    "TeachingSnapshot",
    "WordTask",
    "colour_mix",
    "distance_to",
    "draw_shapes",
    "read_picture",
    "square",
    "teach_word",
]

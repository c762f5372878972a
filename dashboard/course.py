"""The course as data: loads and validates `lessons/` into frozen objects.

    lessons/manifest.toml        the order of the whole course; `available = false` for a planned lesson
    lessons/<id>/lab.toml        objectives, experiments, predictions, misconceptions, quiz, discussion, glossary
    lessons/<id>/text.md         the text, in sections: `## Title {#section-id}`

`[words](term:Seed)` in a text shows what the glossary says of "Seed" under the pointer or the keyboard's focus.
A section whose id ends in `.maths` is the mathematical depth of the section before the dot.
Everything a lesson says lives there; pages hold no prose, so that every claim can be found, checked and tested.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator

LESSONS = Path(__file__).resolve().parent.parent / "lessons"
MATHS = ".maths"
_HEADING = re.compile(r"^## +(?P<title>.+?) +\{#(?P<id>[a-z0-9.-]+)\} *$")

TERM_LINK = re.compile(r"\[(?P<words>[^\[\]]+)\]\(term:(?P<term>[^()]+)\)")  # [the first noise](term:Initial noise)

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
LessonId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
Value = str | int | float | bool | list[str] | list[int]


class CourseError(ValueError):
    """The lessons folder breaks its own rules; the message has one line a problem, each saying how to mend it."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Section(_Part):
    """One heading of `text.md` and what stands under it, as Markdown."""

    id: str
    title: Text
    body: Text


class PredictionOption(_Part):
    """One guess. It is the right one when the measured number is at or below `up_to` and above the option before."""

    label: Text
    up_to: float
    explanation: Text


class Prediction(_Part):
    """A question asked before an experiment; the run itself answers it with a measured number."""

    question: Text
    measure: Text  # what the number is, in the learner's words
    options: tuple[PredictionOption, ...]

    @model_validator(mode="after")
    def _ordered(self) -> Prediction:
        limits = [option.up_to for option in self.options]
        if len(limits) < 2:
            raise ValueError("needs at least two options")
        if limits != sorted(set(limits)):
            raise ValueError("its options must go up in `up_to`, each larger than the one before")
        return self

    def outcome(self, measured: float) -> int:
        """The index of the option that the measured number falls into; past the last limit, the last option."""
        return next((i for i, o in enumerate(self.options) if measured <= o.up_to), len(self.options) - 1)


class QuizOption(_Part):
    """One answer and why it is right or wrong."""

    text: Text
    explanation: Text


class Question(_Part):
    """A quiz question; `answer` is the 1-based number of the right option, as a teacher counts them."""

    question: Text
    options: tuple[QuizOption, ...]
    answer: int

    @model_validator(mode="after")
    def _answerable(self) -> Question:
        if len(self.options) < 2:
            raise ValueError("needs at least two options")
        if not 1 <= self.answer <= len(self.options):
            raise ValueError(f"`answer = {self.answer}` is not one of its {len(self.options)} options (count from 1)")
        return self


class Misconception(_Part):
    """A common wrong belief and the one-click experiment that tests it."""

    claim: Text
    why_believed: Text
    experiment: Text  # id of the experiment that a click runs
    button: Text
    refutation: Text


class Term(_Part):
    """A glossary entry."""

    term: Text
    definition: Text


class Lesson(_Part):
    """One lesson, complete: what `lab.toml` and `text.md` say."""

    id: LessonId
    title: Text
    minutes: int
    summary: Text
    objectives: tuple[Text, ...]
    experiments: Mapping[str, Mapping[str, Value]] = {}  # experiment id -> default of each of its controls
    predictions: Mapping[str, Prediction] = {}  # by experiment id
    misconceptions: tuple[Misconception, ...] = ()
    quiz: tuple[Question, ...] = ()
    discussion: tuple[Text, ...] = ()
    glossary: tuple[Term, ...] = ()
    sections: tuple[Section, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Lesson:
        for kind, names in (
            ("prediction", tuple(self.predictions)),
            ("misconception", tuple(m.experiment for m in self.misconceptions)),
        ):
            for name in names:
                if name not in self.experiments:
                    raise ValueError(f"a {kind} names the experiment `{name}`, which [experiments] does not have")
        for what, names in (
            ("glossary term", tuple(t.term.lower() for t in self.glossary)),
            ("quiz question", tuple(q.question for q in self.quiz)),
        ):
            if twice := _duplicates(names):
                raise ValueError(f"{what} used twice: {', '.join(twice)}")
        return self

    def section(self, section_id: str) -> Section:
        """The section with this id. KeyError with the known ids when there is none."""
        for section in self.sections:
            if section.id == section_id:
                return section
        raise KeyError(f"lesson {self.id} has no section {section_id}; it has {[s.id for s in self.sections]}")

    def maths(self, section_id: str) -> Section | None:
        """The mathematical depth of a section, where it has one."""
        return next((s for s in self.sections if s.id == section_id + MATHS), None)


class Entry(_Part):
    """A line of the manifest: a lesson's place in the course, whether it is written yet or not."""

    id: LessonId
    title: Text
    step: str = ""  # what the course calls it, such as "Step 2a"
    part: Text  # heading in the sidebar
    icon: Text  # a Material Symbols name
    available: bool


class Week(_Part):
    """One stretch of the course's plan."""

    title: Text
    parts: tuple[Text, ...]  # of the manifest, in order


class Course(_Part):
    """The whole course in its order, and the lessons written so far."""

    entries: tuple[Entry, ...]
    weeks: tuple[Week, ...] = ()
    lessons: Mapping[str, Lesson]

    def before(self, lesson_id: str) -> Entry | None:
        """The last lesson before this one that is written; None for the first."""
        return self._nearest(lesson_id, -1)

    def after(self, lesson_id: str) -> Entry | None:
        """The next lesson that is written; None after the last."""
        return self._nearest(lesson_id, 1)

    def in_week(self, week: Week) -> tuple[Entry, ...]:
        """The lessons of one stretch of the plan, in the course's order."""
        return tuple(entry for entry in self.entries if entry.part in week.parts)

    def _nearest(self, lesson_id: str, way: int) -> Entry | None:
        written = [entry for entry in self.entries if entry.available]
        place = [entry.id for entry in written].index(lesson_id) + way
        return written[place] if 0 <= place < len(written) else None

    def term(self, name: str) -> Term:
        """The glossary's entry, whatever its case. KeyError when no lesson explains it."""
        for term in self.glossary():
            if term.term.lower() == name.lower():
                return term
        raise KeyError(f"no lesson explains {name}")

    def glossary(self) -> tuple[Term, ...]:
        """Every lesson's terms, in alphabetical order."""
        terms = [term for lesson in self.lessons.values() for term in lesson.glossary]
        return tuple(sorted(terms, key=lambda term: term.term.lower()))


def load_course(root: Path = LESSONS) -> Course:
    """The course in `root`, validated. CourseError lists every problem at once."""
    problems: list[str] = []
    manifest = _read_toml(root / "manifest.toml", root, problems)
    entries = _load_entries(manifest, problems)
    weeks = _load_weeks(manifest, entries, problems)
    lessons: dict[str, Lesson] = {}
    for entry in entries:
        if entry.available and (lesson := _load_lesson(root, entry, problems)):
            lessons[entry.id] = lesson
    problems += _stray_folders(root, entries)
    problems += _shared_terms(lessons)
    if all(entry.id in lessons for entry in entries if entry.available):  # a lesson that failed explains nothing
        problems += _unknown_terms(lessons)
    if problems:
        raise CourseError("\n".join(problems))
    return Course(entries=entries, weeks=weeks, lessons=lessons)


def check(root: Path = LESSONS) -> list[str]:
    """Every problem of a lessons folder as a sentence; an empty list when there is none."""
    try:
        load_course(root)
    except CourseError as error:
        return str(error).splitlines()
    return []


def parse_sections(text: str) -> tuple[Section, ...]:
    """The sections of a lesson's Markdown. ValueError when text stands outside a section or a heading has no id."""
    sections: list[Section] = []
    for heading, body in _split(text):
        match = _HEADING.match(heading)
        if match is None:
            raise ValueError(f"`{heading[:60]}` is not a section heading: write `## Title {{#section-id}}`")
        if not body.strip():
            raise ValueError(f"section `{match['id']}` is empty: write its text or delete the heading")
        sections.append(Section(id=match["id"], title=match["title"], body=body))
    if twice := _duplicates(tuple(section.id for section in sections)):
        raise ValueError(f"section id used twice: {', '.join(twice)}; every section needs its own")
    return tuple(sections)


def _split(text: str) -> Iterator[tuple[str, str]]:
    heading, fenced = "", False
    body: list[str] = []
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        if line.startswith("## ") and not fenced:
            if heading or "".join(body).strip():
                yield heading, "\n".join(body)
            heading, body = line, []
        else:
            body.append(line)
    if heading or "".join(body).strip():
        yield heading, "\n".join(body)


def _load_entries(manifest: Mapping[str, object], problems: list[str]) -> tuple[Entry, ...]:
    raw = manifest.get("lesson", [])
    entries: list[Entry] = []
    for number, item in enumerate(raw if isinstance(raw, list) else [], start=1):
        try:
            entries.append(Entry.model_validate(item))
        except ValidationError as error:
            problems += _sentences(f"manifest.toml: lesson {number}", error)
    if not entries and not problems:
        problems.append("manifest.toml: lists no lessons: add a [[lesson]] table for each")
    if twice := _duplicates(tuple(entry.id for entry in entries)):
        problems.append(f"manifest.toml: lesson id used twice: {', '.join(twice)}; every lesson needs its own")
    return tuple(entries)


def _load_weeks(manifest: Mapping[str, object], entries: tuple[Entry, ...], problems: list[str]) -> tuple[Week, ...]:
    """The plan: every part of the course stands in one week, and every week has parts of the course only."""
    raw = manifest.get("week", [])
    weeks: list[Week] = []
    for number, item in enumerate(raw if isinstance(raw, list) else [], start=1):
        try:
            weeks.append(Week.model_validate(item))
        except ValidationError as error:
            problems += _sentences(f"manifest.toml: week {number}", error)
    planned, parts = [part for week in weeks for part in week.parts], {entry.part for entry in entries}
    problems += [
        f"manifest.toml: the plan names the part `{part}`, which no lesson has" for part in planned if part not in parts
    ]
    problems += [f"manifest.toml: the part `{part}` stands in no week" for part in sorted(parts - set(planned))]
    problems += [f"manifest.toml: the part `{part}` stands in two weeks" for part in _duplicates(tuple(planned))]
    return tuple(weeks)


def _load_lesson(root: Path, entry: Entry, problems: list[str]) -> Lesson | None:
    lab, text = root / entry.id / "lab.toml", root / entry.id / "text.md"
    known = len(problems)
    raw = _read_toml(lab, root, problems)
    sections: tuple[Section, ...] = ()
    try:
        sections = parse_sections(text.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problems.append(f"{entry.id}/text.md: is missing: write it, or set `available = false` in manifest.toml")
    except ValueError as error:
        problems.append(f"{entry.id}/text.md: {error}")
    if len(problems) > known:
        return None
    try:
        return Lesson.model_validate({"id": entry.id, "title": entry.title, "sections": sections, **raw})
    except ValidationError as error:
        problems += _sentences(f"{entry.id}/lab.toml", error)
        return None


def _read_toml(path: Path, root: Path, problems: list[str]) -> dict[str, object]:
    name = path.relative_to(root)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problems.append(f"{name}: is missing: write it, or set `available = false` in manifest.toml")
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{name}: is not valid TOML: {error}")
    return {}


def _stray_folders(root: Path, entries: tuple[Entry, ...]) -> list[str]:
    known = {entry.id for entry in entries}
    folders = sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    return [
        f"{name}/: no lesson in manifest.toml has this id: list it or remove it"
        for name in folders
        if name not in known
    ]


def _shared_terms(lessons: Mapping[str, Lesson]) -> list[str]:
    terms = tuple(term.term.lower() for lesson in lessons.values() for term in lesson.glossary)
    return [f"glossary: `{term}` is explained by two lessons; keep one" for term in _duplicates(terms)]


def _unknown_terms(lessons: Mapping[str, Lesson]) -> list[str]:
    known = {term.term.lower() for lesson in lessons.values() for term in lesson.glossary}
    return [
        f"{lesson.id}/text.md: section `{section.id}` points to the term `{found['term']}`, which no glossary explains"
        for lesson in lessons.values()
        for section in lesson.sections
        for found in TERM_LINK.finditer(section.body)
        if found["term"].lower() not in known
    ]


def _duplicates(names: tuple[str, ...]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _sentences(where: str, error: ValidationError) -> list[str]:
    return [f"{where}: {_place(item['loc'])}{_reason(item)}" for item in error.errors()]


def _place(loc: tuple[int | str, ...]) -> str:
    """`quiz 2, option 1, explanation: ` from ("quiz", 1, "options", 0, "explanation")."""
    words: list[str] = []
    for step in loc:
        if isinstance(step, int) and words:
            words[-1] = f"{words[-1].removesuffix('s')} {step + 1}"
        else:
            words.append(str(step))
    return ", ".join(words) + ": " if words else ""


def _reason(item: Mapping[str, object]) -> str:
    kind, message = str(item["type"]), str(item["msg"])
    plain = {
        "missing": "is missing",
        "extra_forbidden": "is not a field that this file may have: check its spelling",
        "string_too_short": "is empty: write a sentence",
    }
    return plain.get(kind, message.removeprefix("Value error, "))

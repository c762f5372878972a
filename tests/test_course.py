"""The lessons folder: what is shipped is sound, and every way to break it is named with how to mend it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dashboard.course import LESSONS, Course, CourseError, Prediction, check, load_course, parse_sections


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the shipped lessons, to break."""
    return Path(shutil.copytree(LESSONS, tmp_path / "lessons"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path.name}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture(scope="module")
def course() -> Course:
    return load_course()


def test_the_shipped_course_has_no_problems() -> None:
    assert check() == []


def test_the_course_keeps_its_order(course: Course) -> None:
    first = "welcome setup diffusion first-images seeds steps prompts guidance"
    then = "faces web-app feedback data-and-bias beyond playground"
    assert [entry.id for entry in course.entries] == f"{first} {then}".split()
    assert {entry.id for entry in course.entries if entry.available} == set(course.lessons)


def test_one_can_walk_through_the_written_lessons_and_back(course: Course) -> None:
    written = [entry for entry in course.entries if entry.available]
    assert [course.after(entry.id) for entry in written] == [*written[1:], None]
    assert [course.before(entry.id) for entry in written] == [None, *written[:-1]]


def test_a_term_in_a_text_must_be_in_a_glossary(copy: Path) -> None:
    with (copy / "seeds" / "text.md").open("a", encoding="utf-8") as file:
        file.write("\n\nA [hash](term:HASH) and a [flux](term:Flux).\n")
    assert check(copy) == ["seeds/text.md: section `strip.maths` points to the term `Flux`, which no glossary explains"]


def test_terms_are_found_whatever_their_case(course: Course) -> None:
    assert course.term("seed").term == "Seed"
    with pytest.raises(KeyError, match="no lesson explains flux"):
        course.term("flux")


def test_every_available_lesson_has_its_page(course: Course) -> None:
    pages = {path.stem for path in (LESSONS.parent / "pages").glob("*.py")}
    assert set(course.lessons) == pages


def test_quiz_sizes_and_explanations(course: Course) -> None:
    quiz = course.lessons["seeds"].quiz
    assert 3 <= len(quiz) <= 5
    assert len({question.answer for question in quiz}) > 1, "the right answer must not always stand in the same place"


def test_maths_is_found_by_its_section(course: Course) -> None:
    seeds = course.lessons["seeds"]
    maths = seeds.maths("grid")
    assert maths is not None and "sqrt" in maths.body
    assert seeds.maths("repeat") is None
    with pytest.raises(KeyError, match="no section nowhere"):
        seeds.section("nowhere")


def test_a_course_cannot_be_changed(course: Course) -> None:
    with pytest.raises(ValueError, match="frozen"):
        course.lessons["seeds"].title = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "seeds/lab.toml",
            "answer = 3",
            "answer = 9",
            "quiz 2: `answer = 9` is not one of its 3 options (count from 1)",
        ),
        ("seeds/lab.toml", 'term = "Hash"', 'term = "seed"', "glossary term used twice: seed"),
        (
            "seeds/lab.toml",
            'term = "Hash"',
            'word = "Hash"',
            "glossary 5, word: is not a field that this file may have",
        ),
        (
            "seeds/lab.toml",
            'experiment = "style"',
            'experiment = "syle"',
            "a misconception names the experiment `syle`",
        ),
        ("seeds/lab.toml", "[experiments.grid]", "[experiments.gird]", "a prediction names the experiment `grid`"),
        ("seeds/lab.toml", "up_to = 0.35", "up_to = 0.95", "options must go up in `up_to`"),
        ("seeds/lab.toml", "minutes = 30", "", "minutes: is missing"),
        ("seeds/lab.toml", "minutes = 30", "minutes =", "is not valid TOML"),
        ("seeds/text.md", "{#grid}", "", "is not a section heading: write `## Title {#section-id}`"),
        ("seeds/text.md", "{#grid}", "{#intro}", "section id used twice: intro"),
        ("manifest.toml", 'id = "steps"', 'id = "seeds"', "lesson id used twice: seeds"),
        ("manifest.toml", 'icon = "stairs"', "", "manifest.toml: lesson 6: icon: is missing"),
    ],
)
def test_a_broken_file_is_named_with_its_fault(copy: Path, file: str, old: str, new: str, message: str) -> None:
    edit(copy / file, old, new)
    problems = check(copy)
    assert any(message in problem for problem in problems), problems
    assert any(problem.startswith((file, "manifest.toml")) for problem in problems), problems


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            'parts = ["Build with it"]',
            'parts = ["Build it"]',
            "the plan names the part `Build it`, which no lesson has",
        ),
        ('parts = ["Build with it"]', 'parts = ["Build it"]', "the part `Build with it` stands in no week"),
        ('parts = ["Build with it"]', 'parts = ["Build with it", "Start"]', "the part `Start` stands in two weeks"),
        ('parts = ["Build with it"]', "", "week 2: parts: is missing"),
    ],
)
def test_every_part_stands_in_one_week(copy: Path, old: str, new: str, problem: str) -> None:
    edit(copy / "manifest.toml", old, new)
    assert f"manifest.toml: {problem}" in check(copy)


def test_an_empty_explanation_is_found(copy: Path) -> None:
    edit(
        copy / "seeds/lab.toml",
        'explanation = "No. The weights do not change while images are drawn; only training changes them."',
        'explanation = " "',
    )
    assert check(copy) == ["seeds/lab.toml: quiz 1, option 1, explanation: is empty: write a sentence"]


@pytest.mark.parametrize("name", ["lab.toml", "text.md"])
def test_a_missing_file_is_found(copy: Path, name: str) -> None:
    (copy / "seeds" / name).unlink()
    assert check(copy) == [f"seeds/{name}: is missing: write it, or set `available = false` in manifest.toml"]


def test_a_missing_manifest_and_stray_folders_are_found(copy: Path) -> None:
    (copy / "manifest.toml").unlink()
    problems = check(copy)
    assert problems[0].startswith("manifest.toml: is missing")
    assert "seeds/: no lesson in manifest.toml has this id: list it or remove it" in problems


def test_two_lessons_may_not_explain_one_term(copy: Path) -> None:
    with (copy / "welcome/lab.toml").open("a", encoding="utf-8") as file:
        file.write('\n[[glossary]]\nterm = "Slerp"\ndefinition = "Again."\n')
    assert check(copy) == ["glossary: `slerp` is explained by two lessons; keep one"]


def test_all_problems_come_at_once(copy: Path) -> None:
    edit(copy / "seeds/lab.toml", "answer = 3", "answer = 0")
    (copy / "welcome/text.md").unlink()
    with pytest.raises(CourseError) as error:
        load_course(copy)
    assert len(str(error.value).splitlines()) == 2


def test_headings_inside_code_are_not_sections() -> None:
    sections = parse_sections("## One {#one}\ntext\n```python\n## not a heading\n```\nmore\n")
    assert [section.id for section in sections] == ["one"]
    assert "## not a heading" in sections[0].body


@pytest.mark.parametrize("text", ["words before any heading\n## One {#one}\nx", "## One {#one}\n\n## Two {#two}\nx"])
def test_stray_text_and_empty_sections_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="section"):
        parse_sections(text)


@pytest.mark.parametrize(("measured", "option"), [(0.0, 0), (0.35, 0), (0.36, 1), (0.85, 1), (1.0, 2), (99.0, 2)])
def test_the_measured_number_picks_the_option(course: Course, measured: float, option: int) -> None:
    prediction: Prediction = course.lessons["seeds"].predictions["grid"]
    assert prediction.outcome(measured) == option

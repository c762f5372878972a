"""What Pocket can do, in numbers: `python -m dashboard.pocket.evaluate` draws, the judge marks, report.json says.

Prompts are the captions of scenes outside the training set, drawn as the training set is. Combinations held out of
training are compared with composed scenes like them, for two subjects are harder than one. Every accuracy is the
judge's count with a 95% Wilson interval; the judge's own accuracy on decoded scenes stands beside it, for a picture
that Pocket drew well may still be misread.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, StableDiffusionPipeline

from dashboard.intervals import Interval, mean_interval, share_interval
from dashboard.pocket import FAST_FILE, WEIGHTS_FOLDER
from dashboard.pocket.judge import JUDGE_FOLDER, Judge, load_judge
from dashboard.pocket.measures import file_sha256, gflop_per_row, reconstruction_psnr, weights_sha256
from dashboard.pocket.report import REPORT
from dashboard.pocket.score import Scorer, load_scorer, mean_pairwise_distance
from dashboard.pocket.train.budgets import BUDGETS
from dashboard.pocket.train.examples import SKEWED_SUBJECT, composed_scenes, unseen_scenes
from dashboard.pocket.train.low_rank import add_changes, origin
from dashboard.pocket.train.teacher_paths import FEW, GUIDANCE, trailing
from dashboard.pocket.truth import fields, shown
from dashboard.pocket.world.art import ArtMissing
from dashboard.pocket.world.captions import caption
from dashboard.pocket.world.casts import SHIPPED_CAST
from dashboard.pocket.world.scene import Scene
from dashboard.pocket.world.subjects import Cast

STEPS = 20  # the lessons' default
GUIDANCES = (1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0)
STEP_COUNTS = (1, 2, 5, 10, 20, 50, 100)
SKEWED_PROMPT = f"a photo of an {SKEWED_SUBJECT}"
DIVERSITY_PROMPTS = (
    SKEWED_PROMPT,
    "a photo of a cat",
    "a photo of a castle in the mountains",
    "a cartoon of a robot in the city",
    "a photo of a fish under water",
    "a red car in the city",
)
FEW_STEPS = (4, 6, 8)
FAST_STEPS = (1, 2, 3, 4, 8, 20)
_BATCH = 24


@dataclass(frozen=True)
class Drawing:
    """Draws with one pipeline, in batches."""

    pipeline: StableDiffusionPipeline

    def __call__(
        self, prompts: Sequence[str], seeds: Sequence[int], *, steps: int = STEPS, guidance_scale: float = GUIDANCE
    ) -> np.ndarray:
        """uint8 (N, 64, 64, 3), each from its own seed."""
        parts = []
        for start in range(0, len(prompts), _BATCH):
            generators = [torch.Generator("cpu").manual_seed(seed) for seed in seeds[start : start + _BATCH]]
            drawn = self.pipeline(
                list(prompts[start : start + _BATCH]),
                generator=generators,
                num_inference_steps=steps,
                guidance_scale=guidance_scale,
                output_type="np",
            ).images
            parts.append((drawn * 255).round().astype(np.uint8))
            _say(f"  {start + len(drawn)} of {len(prompts)}")
        return np.concatenate(parts)


def load_pipeline(folder: Path) -> StableDiffusionPipeline:
    pipeline = StableDiffusionPipeline.from_pretrained(folder)
    pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def marks(judge: Judge, scenes: Sequence[Scene], images: np.ndarray, cast: Cast) -> dict[str, Interval]:
    """Per field, how many pictures show what the prompt said.

    Only what a prompt said counts: a colour or a size where it named one, a second subject where there is one,
    never a person's sex or tone.
    """
    right, tried = dict.fromkeys(fields(cast), 0), dict.fromkeys(fields(cast), 0)
    for scene, verdict in zip(scenes, judge.verdicts(list(images)), strict=True):
        for name, truth in shown(scene, cast).items():
            if truth in (None, "none", "normal") or name in ("sex", "skin_tone"):
                continue
            tried[name] += 1
            right[name] += verdict[name] == truth
    return {name: share_interval(right[name], tried[name]) for name in right if tried[name]}


def curve(
    draw: Drawing, judge: Judge, scorer: Scorer, scenes: Sequence[Scene], cast: Cast, settings: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The same prompts and seeds under each setting: accuracy of the main fields, mean match, seconds an image."""
    prompts = [caption(scene, cast) for scene in scenes]
    rows = []
    for setting in settings:
        _say(f"{setting}")
        started = time.perf_counter()
        images = draw(prompts, range(len(prompts)), **setting)
        seconds = (time.perf_counter() - started) / len(prompts)
        found = marks(judge, scenes, images, cast)
        scores = scorer.match(list(images), prompts)
        rows.append(
            {
                **setting,
                **{name: _row(found[name]) for name in ("subject", "background", "style")},
                "match": _row(mean_interval(scores.tolist())),
                "seconds_per_image": round(seconds, 4),
            }
        )
    return rows


def composed_accuracies(draw: Drawing, judge: Judge, count: int, cast: Cast) -> dict[str, dict[str, Any]]:
    """Composed scenes whose combination training showed (`seen`) and never showed (`held_out`), `count` of each."""
    rows = {}
    for name, unseen in (("seen", False), ("held_out", True)):
        _say(f"composed scenes, {name}")
        scenes = composed_scenes(count, cast, unseen_combination=unseen)
        images = draw([caption(scene, cast) for scene in scenes], range(count))
        rows[name] = {field: _row(share) for field, share in marks(judge, scenes, images, cast).items()}
    return rows


def in_few_steps(draw: Drawing) -> Drawing:
    """The same model with the scheduler that needs the fewest steps (DPM-Solver++ 2M, Lu et al. 2022)."""
    scheduler = DPMSolverMultistepScheduler.from_config(draw.pipeline.scheduler.config)
    pipeline = StableDiffusionPipeline(**{**draw.pipeline.components, "scheduler": scheduler})
    pipeline.set_progress_bar_config(disable=True)
    return Drawing(pipeline)


def load_fast(weights: Path, file: Path) -> Drawing | None:
    """Pocket Fast: the same weights with the LoRA of `file` added; None where there is none that was made for them."""
    if not file.exists() or origin(file)["teacher_sha256"] != weights_sha256(weights):
        return None
    pipeline = load_pipeline(weights)
    add_changes(pipeline.unet, file)
    pipeline.scheduler = trailing(pipeline.scheduler.config)
    return Drawing(pipeline)


def fast_accuracies(
    fast: Drawing, file: Path, judge: Judge, scenes: Sequence[Scene], usual: np.ndarray, others: np.ndarray, cast: Cast
) -> dict[str, Any]:
    """What the few-step model shows of the prompts whose `usual` pictures are Pocket's own, from the same seeds.

    `others`: Pocket's pictures of the first of these prompts from other seeds; how far two pictures of one prompt lie
    apart.
    """
    _say("the fast model")
    setting: dict[str, Any] = {"steps": FEW, "guidance_scale": 1.0}
    seconds = seconds_an_image(fast, **setting)
    drawn = fast([caption(scene, cast) for scene in scenes], range(len(scenes)), **setting)
    return {
        "weights_sha256": file_sha256(file),
        **setting,
        "scheduler": "DDIM, trailing",
        "size_mb": round(file.stat().st_size / 1e6, 2),
        "seconds_per_image": round(seconds, 4),
        "difference_from_pocket": _difference(drawn, usual),
        "difference_between_seeds": _difference(others, usual[: len(others)]),
        **{name: _row(share) for name, share in marks(judge, scenes, drawn, cast).items()},
    }


def _difference(some: np.ndarray, others: np.ndarray) -> float:
    """Mean absolute difference of the pixels, 0 .. 1."""
    return round(float(np.abs(some.astype(int) - others.astype(int)).mean() / 255), 4)


def agreement(judge: Judge, scorer: Scorer, scenes: Sequence[Scene], images: np.ndarray, cast: Cast) -> Interval:
    """How often the subject that makes the prompt fit the picture best, by the scorer, is the one that the judge sees.

    Over pictures that should show one subject; the rest of each prompt stays.
    """
    alone = [(scene, image) for scene, image in zip(scenes, images, strict=True) if scene.relation is None]
    verdicts = judge.verdicts([image for _, image in alone])
    same = 0
    for (scene, image), verdict in zip(alone, verdicts, strict=True):
        texts = [caption(_with_subject(scene, name, cast), cast) for name in judge.fields["subject"]]
        best = int(scorer.matches([image], texts).argmax())
        same += judge.fields["subject"][best] == verdict["subject"]
    return share_interval(same, len(alone))


def _with_subject(scene: Scene, name: str, cast: Cast) -> Scene:
    figure = replace(scene.figures[0], subject=name, variant=next(iter(cast.by_name[name].variants)))
    return replace(scene, figures=(figure, *scene.figures[1:]))


def seconds_an_image(draw: Drawing, **setting: Any) -> float:
    """One image drawn alone, with the lessons' defaults or these: the fastest of five, for other work only slows."""
    times = []
    for seed in range(5):
        started = time.perf_counter()
        draw([SKEWED_PROMPT], [seed], **setting)
        times.append(time.perf_counter() - started)
    return min(times)


def diversity(draw: Drawing, scorer: Scorer, seeds: int) -> dict[str, float]:
    """Per prompt, the mean pairwise distance of the pictures of `seeds` seeds."""
    found = {}
    for prompt in DIVERSITY_PROMPTS:
        images = draw([prompt] * seeds, range(seeds))
        found[prompt] = round(mean_pairwise_distance(scorer.image_embeddings(list(images))), 4)
    return found


def skew(draw: Drawing, judge: Judge, seeds: int) -> dict[str, Any]:
    """What the judge takes `seeds` astronauts for, counted over those that it takes for astronauts at all."""
    verdicts = judge.verdicts(list(draw([SKEWED_PROMPT] * seeds, range(seeds))))
    known = [verdict for verdict in verdicts if verdict["subject"] == SKEWED_SUBJECT]
    report: dict[str, Any] = {"prompt": SKEWED_PROMPT, "recognised": _row(share_interval(len(known), seeds))}
    for name in ("sex", "skin_tone") if known else ():
        counts = Counter(verdict[name] for verdict in known)
        report[name] = {value: _row(share_interval(counts[value], len(known))) for value in judge.fields[name]}
    return report


def evaluate(weights: Path, *, images: int, subset: int, seeds: int, budget: str) -> dict[str, Any]:
    """The whole report. `subset` prompts go through each guidance and step count, `seeds` seeds test diversity."""
    torch.manual_seed(0)
    cast, judge, scorer = SHIPPED_CAST, load_judge(), load_scorer()
    pipeline = load_pipeline(weights)
    draw, fast = Drawing(pipeline), load_fast(weights, FAST_FILE)
    scenes = unseen_scenes(images, cast)
    prompts = [caption(scene, cast) for scene in scenes]
    _say(f"{images} prompts")
    seconds = seconds_an_image(draw)
    drawn = draw(prompts, range(images))
    found = marks(judge, scenes, drawn, cast)
    measured = json.loads((JUDGE_FOLDER / "measured.json").read_text(encoding="utf-8"))["decoded"]
    chosen = scenes[:subset]
    composed = composed_accuracies(draw, judge, max(1, images // 3), cast)
    report: dict[str, Any] = {
        "weights_sha256": weights_sha256(weights),
        "budget": budget,
        "images": images,
        "steps": STEPS,
        "guidance_scale": GUIDANCE,
        "scheduler": "DDIM",
        "threads": torch.get_num_threads(),
        "subject_accuracy_seen": _row(found["subject"]),
        "subject_accuracy_held_out": composed["held_out"]["subject"],
        **{f"{name}_accuracy": _row(share) for name, share in found.items() if name != "subject"},
        "composed": composed,
        "judge_accuracy_on_decoded_scenes": {
            name: _row(share_interval(measured[name]["right"], measured[name]["of"])) for name in found
        },
        "scorer_names_the_judges_subject": _row(
            agreement(judge, scorer, scenes[: images // 4], drawn[: images // 4], cast)
        ),
        "match": _row(mean_interval(scorer.match(list(drawn), prompts).tolist())),
        "vae_psnr_db": _psnr(pipeline, budget),
        "gflop_per_row": round(gflop_per_row(pipeline), 4),
        "seconds_per_image_20_steps": round(seconds, 4),
        "size_mb": round(sum(path.stat().st_size for path in weights.rglob("*") if path.is_file()) / 1e6, 2),
        "by_guidance": curve(draw, judge, scorer, chosen, cast, [{"guidance_scale": w} for w in GUIDANCES]),
        "by_steps": curve(draw, judge, scorer, chosen, cast, [{"steps": count} for count in STEP_COUNTS]),
        "few_steps": {
            "scheduler": "DPM++ 2M",
            "rows": curve(in_few_steps(draw), judge, scorer, chosen, cast, [{"steps": count} for count in FEW_STEPS]),
        },
        "diversity": diversity(draw, scorer, seeds),
        "skew": skew(draw, judge, max(seeds, images // 4)),
    }
    if fast is not None:
        others = draw(prompts[:subset], range(images, images + subset))
        settings = [{"steps": count, "guidance_scale": 1.0} for count in FAST_STEPS]
        report["fast"] = {
            **fast_accuracies(fast, FAST_FILE, judge, scenes, drawn, others, cast),
            "by_steps": curve(fast, judge, scorer, chosen, cast, settings),
        }
    return report


def _psnr(pipeline: StableDiffusionPipeline, budget: str) -> dict[str, float] | None:
    """None where there is no artwork to render scenes from."""
    try:
        mean, half = reconstruction_psnr(pipeline, BUDGETS[budget].scenes)
    except ArtMissing as missing:
        _say(f"No PSNR. {missing}")
        return None
    return {"value": round(mean, 3), "low": round(mean - half, 3), "high": round(mean + half, 3)}


def _row(interval: Interval) -> dict[str, float | int]:
    """A value, its 95% interval and the number of pictures behind it."""
    value, low, high = (round(number, 4) for number in (interval.mean, interval.low, interval.high))
    return {"value": value, "low": low, "high": high, "of": interval.n}


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m dashboard.pocket.evaluate", description=__doc__)
    parser.add_argument("--weights", type=Path, default=WEIGHTS_FOLDER)
    parser.add_argument("--budget", choices=sorted(BUDGETS), default="cpu", help="what the weights were trained on")
    parser.add_argument("--images", type=int, default=2000, help="prompts, 20 steps each")
    parser.add_argument("--subset", type=int, help="prompts for each guidance and step count; a fifteenth of --images")
    parser.add_argument("--seeds", type=int, default=24, help="seeds per prompt for diversity")
    parser.add_argument("--out", type=Path, default=REPORT)
    args = parser.parse_args(argv)
    subset = args.subset or max(2, args.images // 15)
    report = evaluate(args.weights, images=args.images, subset=subset, seeds=args.seeds, budget=args.budget)
    args.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

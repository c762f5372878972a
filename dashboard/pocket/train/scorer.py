"""Trains Pocket's image-text scorer: `python -m dashboard.pocket.train.scorer`. Stop it at any time; it resumes.

A small CLIP learns to tell each picture's caption from the others of its batch and from near misses of its own:
the same scene with one thing changed. Classes read off the picture help it on the way and are thrown away.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import nn
from torch.nn import functional as F
from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPTokenizer, CLIPVisionConfig

from dashboard.pocket import WEIGHTS_FOLDER
from dashboard.pocket.score import SCORER_FOLDER, Scorer
from dashboard.pocket.tokenizer import build_tokenizer, kept_tokenizer
from dashboard.pocket.train.budgets import Phase
from dashboard.pocket.train.data import World, load_world, to_pixels
from dashboard.pocket.train.examples import Examples, draw_scenes, load_examples, round_trip, unseen_scenes
from dashboard.pocket.train.ledger import Ledger
from dashboard.pocket.train.supervision import command, fields_loss, jittered, resume, train_alone, truth_tensors
from dashboard.pocket.train.team import Team
from dashboard.pocket.train.trainee import Trainee
from dashboard.pocket.truth import fields
from dashboard.pocket.world.captions import caption, vocabulary
from dashboard.pocket.world.casts import SHIPPED
from dashboard.pocket.world.render import IMAGE_PX
from dashboard.pocket.world.scene import COLOURLESS_STYLES, PLACES, STYLES, Scene
from dashboard.pocket.world.subjects import COLOURS, Cast

TEMPERATURE = 20.0  # fixed: cosines are multiplied by it before the softmax
NEAR_MISSES = 4  # a picture; an even number


@dataclass(frozen=True, kw_only=True)
class ScorerBudget:
    phase: Phase
    training_scenes: int
    study_scenes: int
    unseen_scenes: int = 1000
    width: int = 160
    layers: int = 4
    text_width: int = 128
    text_layers: int = 2
    world: str = SHIPPED


BUDGETS = {
    "smoke": ScorerBudget(
        phase=Phase(steps=60, batch_size=32, learning_rate=2e-3, warmup_steps=5, ema_decay=0.9),
        training_scenes=400,
        study_scenes=200,
        unseen_scenes=100,
        width=32,
        layers=2,
        text_width=32,
        text_layers=1,
        world="shapes",
    ),
    # About an hour on one free core, the pictures not counted.
    "cpu": ScorerBudget(
        phase=Phase(steps=3200, batch_size=128, learning_rate=2e-3, cooldown=0.7, ema_decay=0.99),
        training_scenes=70_000,
        study_scenes=60_000,
    ),
}


def build_clip(budget: ScorerBudget, tokenizer: CLIPTokenizer) -> CLIPModel:
    text = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=budget.text_width,
        intermediate_size=budget.text_width * 4,
        num_hidden_layers=budget.text_layers,
        num_attention_heads=4,
        max_position_embeddings=tokenizer.model_max_length,
        projection_dim=budget.text_width,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    vision = CLIPVisionConfig(
        hidden_size=budget.width,
        intermediate_size=budget.width * 4,
        num_hidden_layers=budget.layers,
        num_attention_heads=budget.width // 32,
        image_size=IMAGE_PX,
        patch_size=8,
        projection_dim=budget.text_width,
    )
    width = budget.text_width
    return CLIPModel(CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=width))


def changed(scene: Scene, what: str, cast: Cast, rng: np.random.Generator) -> Scene | None:
    """`scene` with one thing changed, so that its caption no longer fits; None where it has no such thing."""
    return _CHANGES[what](scene, cast, rng)


def near_misses(scene: Scene, cast: Cast, rng: np.random.Generator) -> list[Scene]:
    """NEAR_MISSES of them: every second one has another subject, of which there are most, the rest anything else."""
    kinds = [("subject",), CHANGES] * (NEAR_MISSES // 2)
    return [_changed_somehow(scene, kind, cast, rng) for kind in kinds]


def _changed_somehow(scene: Scene, kinds: Sequence[str], cast: Cast, rng: np.random.Generator) -> Scene:
    while True:
        result = changed(scene, str(rng.choice(kinds)), cast, rng)
        if result is not None:
            return result


def _other_subject(scene: Scene, cast: Cast, rng: np.random.Generator) -> Scene:
    return _with_subject(scene, 0, cast, rng)


def _other_second_subject(scene: Scene, cast: Cast, rng: np.random.Generator) -> Scene | None:
    return _with_subject(scene, 1, cast, rng) if scene.relation else None


def _with_subject(scene: Scene, place: int, cast: Cast, rng: np.random.Generator) -> Scene:
    figures = list(scene.figures)
    taken = [figure.subject for figure in figures]
    figures[place] = replace(figures[place], subject=_other(rng, sorted(cast.by_name), *taken))
    return replace(scene, figures=tuple(figures))


def _other_colour(scene: Scene, _cast: Cast, rng: np.random.Generator) -> Scene | None:
    first, *rest = scene.figures
    if first.colour is None:
        return None
    return replace(scene, figures=(replace(first, colour=_other(rng, list(COLOURS), first.colour)), *rest))


def _other_background(scene: Scene, _cast: Cast, rng: np.random.Generator) -> Scene:
    """Another place, or a plain one's other colour."""
    if scene.place == "plain" and scene.style not in COLOURLESS_STYLES and rng.random() < 0.5:
        return replace(scene, place_colour=_other(rng, list(COLOURS), scene.place_colour))
    place = _other(rng, list(PLACES), scene.place)
    return replace(scene, place=place, place_colour=_other(rng, list(COLOURS)) if place == "plain" else None)


def _other_style(scene: Scene, _cast: Cast, rng: np.random.Generator) -> Scene:
    alike = ("photo", "3d render") if scene.style in ("photo", "3d render") else (scene.style,)
    return replace(scene, style=_other(rng, list(STYLES), *alike))


def _other_order(scene: Scene, _cast: Cast, _rng: np.random.Generator) -> Scene | None:
    """The second figure first; not for `next to`, where both orders fit."""
    return replace(scene, figures=scene.figures[::-1]) if scene.relation not in (None, "next to") else None


def _other(rng: np.random.Generator, choices: Sequence[str], *taken: str | None) -> str:
    return str(rng.choice([choice for choice in choices if choice not in taken]))


_CHANGES: dict[str, Callable[[Scene, Cast, np.random.Generator], Scene | None]] = {
    "subject": _other_subject,
    "second_subject": _other_second_subject,
    "colour": _other_colour,
    "background": _other_background,
    "style": _other_style,
    "order": _other_order,
}
CHANGES = tuple(_CHANGES)


class Lesson(nn.Module):
    """The picture's side of the scorer, with the heads that only training has."""

    def __init__(self, clip: CLIPModel, cast: Cast) -> None:
        super().__init__()
        self.tower, self.projection = clip.vision_model, clip.visual_projection
        width = clip.config.vision_config.hidden_size
        self.heads = nn.ModuleDict({name: nn.Linear(width, len(classes)) for name, classes in fields(cast).items()})

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        pooled = self.tower(pixels).pooler_output
        return F.normalize(self.projection(pooled).float(), dim=-1), {
            name: head(pooled).float() for name, head in self.heads.items()
        }


def train_scorer(
    trainee: Trainee, lesson: Lesson, clip: CLIPModel, tokenizer: CLIPTokenizer, examples: Examples, cast: Cast
) -> Iterator[dict[str, float]]:
    """Runs until the phase's steps are done; yields losses after each."""
    truth = truth_tensors(examples.scenes, cast)
    size = trainee.phase.batch_size
    while trainee.step < trainee.phase.steps:
        rng = np.random.default_rng((4, trainee.step))
        generator = torch.Generator().manual_seed(trainee.step)
        picked = np.sort(rng.choice(len(examples.scenes), size=size, replace=False))
        scenes = [examples.scenes[index] for index in picked]
        texts = [caption(scene, cast, rng) for scene in scenes]
        texts += [caption(miss, cast, rng) for scene in scenes for miss in near_misses(scene, cast, rng)]
        tokens = tokenizer(texts, padding=True, truncation=True, return_tensors="pt").input_ids
        with torch.autocast("cpu", dtype=torch.bfloat16):
            seen, guesses = lesson(jittered(to_pixels(examples.images[picked]), generator))
            read = F.normalize(clip.text_projection(clip.text_model(tokens).pooler_output).float(), dim=-1)
        logits = TEMPERATURE * seen.float() @ read.float().T  # (B, B * (1 + NEAR_MISSES)): the captions first
        own = torch.arange(size)
        contrast = (F.cross_entropy(logits, own) + F.cross_entropy(logits[:, :size].T, own)) / 2
        helped = fields_loss(guesses, {name: values[picked] for name, values in truth.items()})
        trainee.update(contrast + helped)
        yield {
            "contrast": contrast.item(),
            "heads": helped.item(),
            "right_in_batch": (logits.argmax(dim=1) == own).float().mean().item(),
        }


def save_scorer(clip: CLIPModel, tokenizer: CLIPTokenizer, folder: Path) -> None:
    """The folder that plain transformers loads, in half precision."""
    clip.to(dtype=torch.float16).save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    preprocessing = {
        "image_processor_type": "CLIPImageProcessor",
        "do_convert_rgb": True,
        "do_resize": True,
        "size": {"shortest_edge": IMAGE_PX},
        "resample": 3,  # bicubic
        "do_center_crop": True,
        "crop_size": {"height": IMAGE_PX, "width": IMAGE_PX},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessing, indent=2) + "\n", encoding="utf-8")
    for path in folder.rglob("*.safetensors"):
        path.chmod(0o644)


def measure(scorer: Scorer, world: World, vae: AutoencoderKL, count: int) -> dict[str, object]:
    """Shares of right choices on `count` scenes that nobody saw, rendered and then decoded; and how many chose."""
    scenes = unseen_scenes(count, world.cast)
    images = draw_scenes(scenes, world)
    decoded = np.concatenate([round_trip(images[start : start + 100], vae) for start in range(0, count, 100)])
    return {
        "scenes": count,
        "rendered": choices(scorer, scenes, images, world.cast),
        "decoded": choices(scorer, scenes, decoded, world.cast),
    }


def choices(scorer: Scorer, scenes: Sequence[Scene], images: np.ndarray, cast: Cast) -> dict[str, object]:
    """The caption among 100, and the caption against itself with one thing changed: shares right and numbers tried."""
    captions = [caption(scene, cast) for scene in scenes]
    scores = scorer.matches(list(images), captions)
    right, tried = 0, 0
    for start in range(0, len(scenes) - 99, 100):
        block = scores[start : start + 100, start : start + 100]
        # Two scenes may bear one caption: either is right.
        best = [captions[start + index] for index in block.argmax(axis=1)]
        right += sum(a == b for a, b in zip(best, captions[start : start + 100], strict=True))
        tried += 100
    report: dict[str, object] = {"caption_among_100": {"right": right, "of": tried}}
    for what in CHANGES:
        rng = np.random.default_rng(5)
        pairs = [(index, changed(scene, what, cast, rng)) for index, scene in enumerate(scenes)]
        kept = [(index, caption(other, cast)) for index, other in pairs if other is not None]
        indices = [index for index, _ in kept]
        swapped = scorer.match([images[index] for index in indices], [text for _, text in kept])
        report[f"not_the_other_{what}"] = {
            "right": int((scores[indices, indices] > swapped).sum()),
            "of": len(indices),
        }
    return report


def run(budget: ScorerBudget, work: Path, out: Path, *, seconds: float | None = None) -> bool:
    """Train until the budget or the time is spent; True where the scorer was finished and written to `out`."""
    world = load_world(budget.world)
    vae = AutoencoderKL.from_pretrained(WEIGHTS_FOLDER / "vae").to(memory_format=torch.channels_last).eval()
    examples = load_examples(work, world, vae, training=budget.training_scenes, study=budget.study_scenes)
    torch.manual_seed(0)
    tokenizer = kept_tokenizer(work / "tokenizer", lambda: build_tokenizer(vocabulary(world.cast)))
    clip = build_clip(budget, tokenizer)
    clip.logit_scale.data.fill_(np.log(TEMPERATURE)).requires_grad_(False)
    lesson = Lesson(clip, world.cast)
    text = nn.ModuleList([clip.text_model, clip.text_projection])
    trainee = Trainee([lesson, text], budget.phase, Team())
    state = work / "scorer.pt"
    resume(trainee, state)
    losses = train_scorer(trainee, lesson, clip, tokenizer, examples, world.cast)
    ledger = Ledger(work / "scorer-losses.csv", "scorer", budget.phase.steps)
    if not train_alone(trainee, losses, state, ledger, seconds):
        return False
    trainee.swap_average()
    save_scorer(clip, tokenizer, out)
    report = measure(Scorer(out), world, vae, budget.unseen_scenes)
    (out / "measured.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return True


def main(argv: list[str] | None = None) -> int:
    return command("scorer", __doc__, BUDGETS, SCORER_FOLDER, run, argv)


if __name__ == "__main__":
    raise SystemExit(main())

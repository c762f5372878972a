"""Writes Pocket's model card: `python -m dashboard.pocket.card --work FOLDER`, after `make pocket-eval`.

Every number in the card is measured here, in the report, or read from the training's own log.
"""

import argparse
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from diffusers import StableDiffusionPipeline

from dashboard.pocket import FAST_FILE, WEIGHTS_FOLDER
from dashboard.pocket.measures import UNSEEN_SCENES, parts
from dashboard.pocket.report import load_report
from dashboard.pocket.samples import SEED, sample_sheet
from dashboard.pocket.train.budgets import BUDGETS, Budget
from dashboard.pocket.train.data import training_scene
from dashboard.pocket.train.low_rank import origin
from dashboard.pocket.world.captions import caption
from dashboard.pocket.world.casts import CASTS, SHIPPED_CAST
from dashboard.pocket.world.held_out import held_out_colours, held_out_pairs
from dashboard.pocket.world.render import IMAGE_PX
from dashboard.pocket.world.scene import PLACES, RELATIONS, STYLES
from dashboard.pocket.world.subjects import COLOURS, Cast

CARD_FOLDER = Path(__file__).parent
TEMPLATE = CARD_FOLDER / "card_template.md"
LOSSES = {"psnr_db": "PSNR on training scenes, dB", "noise_mse": "mean squared noise error"}
FIELDS = ("subject", "second_subject", "relation", "colour", "background", "style", "size")
COMPOSED = ("subject", "second_subject", "colour")  # what composing can get wrong


def loss_chart(losses: pd.DataFrame) -> alt.HConcatChart:
    """Of the losses that the training logged, each over its steps."""

    def curve(loss: str, title: str) -> alt.Chart:
        return (
            alt.Chart(losses[losses["loss"] == loss])
            .mark_line()
            .encode(x=alt.X("step:Q", title="training step"), y=alt.Y("value:Q", title=title).scale(zero=False))
            .properties(width=420, height=200)
        )

    logged = set(losses["loss"])
    return alt.hconcat(*(curve(loss, title) for loss, title in LOSSES.items() if loss in logged))


def accuracy_chart(report: dict[str, Any]) -> alt.HConcatChart:
    """How many subjects the judge recognises, against guidance and against steps, with 95% intervals."""
    by_guidance = _subjects(report["by_guidance"], "guidance_scale", "DDIM")
    by_steps = pd.concat(
        [
            _subjects(report["by_steps"], "steps", "DDIM"),
            _subjects(report["few_steps"]["rows"], "steps", report["few_steps"]["scheduler"]),
        ]
    )
    return alt.hconcat(
        _curve(by_guidance, alt.X("setting:Q", title="guidance scale")),
        _curve(by_steps, alt.X("setting:Q", title="steps").scale(type="log")),
    )


def _subjects(rows: list[dict[str, Any]], setting: str, scheduler: str) -> pd.DataFrame:
    return pd.DataFrame([{"setting": row[setting], "scheduler": scheduler, **row["subject"]} for row in rows])


def _curve(table: pd.DataFrame, x: alt.X) -> alt.LayerChart:
    colour = alt.Color("scheduler:N", title="scheduler")
    share = alt.Y("value:Q", title="subjects recognised").scale(domain=[0, 1]).axis(format="%")
    base = alt.Chart(table).encode(x=x, color=colour)
    whisker = base.mark_rule().encode(y=alt.Y("low:Q"), y2="high:Q")
    layers: alt.LayerChart = alt.layer(base.mark_line(point=True).encode(y=share), whisker)
    return layers.properties(width=320, height=200)


def card_text(
    pipeline: StableDiffusionPipeline, folder: Path, report: dict[str, Any], budget: Budget, seen: int
) -> str:
    """The template filled with what was measured; `seen` is the number of noised latents that training saw."""
    cast, unet, psnr = SHIPPED_CAST, pipeline.unet.config, report["vae_psnr_db"]
    captions = [caption(training_scene(index, cast), cast, np.random.default_rng(index)) for index in range(6)]
    return TEMPLATE.read_text(encoding="utf-8").format(
        parts="\n".join(
            f"| {part.name} | {part.parameters / 1e6:.2f} M | {part.megabytes:.1f} MB |"
            for part in parts(pipeline, folder)
        ),
        compression=IMAGE_PX**2 * 3 // (unet.in_channels * unet.sample_size**2),
        prompt_tokens=pipeline.tokenizer.model_max_length,
        gflop=report["gflop_per_row"],
        sha256=report["weights_sha256"],
        scenes=budget.scenes,
        diffusion_seen=seen,
        vae_seen=budget.vae.steps * budget.vae.batch_size,
        place_count=len(PLACES),
        places=", ".join(PLACES),
        colour_count=len(COLOURS),
        colours=", ".join(COLOURS),
        relations=", ".join(RELATIONS),
        styles=", ".join(STYLES),
        examples="\n".join(f"- {text}" for text in captions),
        unseen=UNSEEN_SCENES,
        psnr=psnr["value"],
        margin=psnr["high"] - psnr["value"],
        seed=SEED,
        images=report["images"],
        steps=report["steps"],
        guidance=report["guidance_scale"],
        **_subjects_named(cast),
        **_held_out_counts(cast),
        accuracies=_accuracies(report),
        composed=_composed(report),
        few_steps=_few_steps(report),
        agreement=_share(report["scorer_names_the_judges_subject"]),
        agreement_of=report["scorer_names_the_judges_subject"]["of"],
        **_fast(report),
    )


def _subjects_named(cast: Cast) -> dict[str, Any]:
    by_kind: dict[str, list[str]] = {}
    for subject in cast.subjects:
        by_kind.setdefault(subject.kind, []).append(subject.name)
    names = "\n".join(f"- **{kind}**: {', '.join(names)}" for kind, names in by_kind.items())
    return {"subject_count": len(cast.subjects), "subjects": names, "whole_count": len(CASTS["whole"].subjects)}


def _held_out_counts(cast: Cast) -> dict[str, int]:
    count = len(cast.subjects)
    things = sum(subject.kind != "person" for subject in cast.subjects)
    return {
        "held_out_pairs": len(list(held_out_pairs(cast))),
        "pair_count": count * (count - 1) // 2,
        "held_out_colours": len(list(held_out_colours(cast))),
        "colour_pair_count": things * len(COLOURS),
    }


def _accuracies(report: dict[str, Any]) -> str:
    """A row a field: Pocket's pictures beside real scenes, as the same judge reads them."""
    judged = report["judge_accuracy_on_decoded_scenes"]
    rows = []
    for field in FIELDS:
        found = report["subject_accuracy_seen" if field == "subject" else f"{field}_accuracy"]
        rows.append(f"| {field.replace('_', ' ')} | {_share(found)} | {found['of']} | {judged[field]['value']:.0%} |")
    return "\n".join(rows)


def _composed(report: dict[str, Any]) -> str:
    seen, unseen = report["composed"]["seen"], report["composed"]["held_out"]
    return "\n".join(
        f"| {field.replace('_', ' ')} | {_share(seen[field])} | {_share(unseen[field])} |" for field in COMPOSED
    )


def _few_steps(report: dict[str, Any]) -> str:
    rows = ", ".join(f"{row['steps']} steps {_share(row['subject'])}" for row in report["few_steps"]["rows"])
    (usual,) = (row["subject"] for row in report["by_steps"] if row["steps"] == report["steps"])
    return (
        f"With {report['few_steps']['scheduler']} the subject is recognised in {rows}; with DDIM in "
        f"{report['steps']} steps, on the same prompts, {_share(usual)}."
    )


def _fast(report: dict[str, Any]) -> dict[str, Any]:
    """What the card says of the few-step model."""
    fast, made = report["fast"], origin(FAST_FILE)
    return {
        "fast_size": fast["size_mb"],
        "fast_sha256": fast["weights_sha256"],
        "fast_steps": fast["steps"],
        "fast_paths": int(made["paths"]),
        "fast_teacher": made["teacher_steps"],
        "fast_subject": _share(fast["subject"]),
        "fast_share": fast["subject"]["value"] / report["subject_accuracy_seen"]["value"],
        "fast_colour": _share(fast["colour"]),
        "fast_background": _share(fast["background"]),
        "fast_style": _share(fast["style"]),
        "fast_second": _share(fast["second_subject"]),
        "fast_speed": report["seconds_per_image_20_steps"] / fast["seconds_per_image"],
        "fast_difference": fast["difference_from_pocket"],
        "seed_difference": fast["difference_between_seeds"],
        "fast_by_steps": ", ".join(f"{row['steps']}: {row['subject']['value']:.0%}" for row in fast["by_steps"]),
    }


def _share(row: dict[str, Any]) -> str:
    return f"{row['value']:.0%} ({row['low']:.0%} to {row['high']:.0%})"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m dashboard.pocket.card", description=__doc__)
    parser.add_argument(
        "--work", type=Path, required=True, help="the training's folder for its budget (holds losses.csv)"
    )
    parser.add_argument("--budget", choices=sorted(BUDGETS), default="cpu")
    parser.add_argument("--weights", type=Path, default=WEIGHTS_FOLDER)
    parser.add_argument("--out", type=Path, default=CARD_FOLDER)
    args = parser.parse_args(argv)
    losses, report, budget = pd.read_csv(args.work / "losses.csv"), load_report(), BUDGETS[args.budget]
    seen = int(losses.loc[losses["phase"] == "diffusion", "step"].max()) * budget.diffusion.batch_size
    pipeline = StableDiffusionPipeline.from_pretrained(args.weights)
    pictures = args.out / "card"
    pictures.mkdir(parents=True, exist_ok=True)
    loss_chart(losses).save(pictures / "losses.svg")
    accuracy_chart(report).save(pictures / "accuracy.svg")
    sample_sheet(pipeline).save(pictures / "samples.png")
    text = card_text(pipeline, args.weights, report, budget, seen)
    (args.out / "MODEL_CARD.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

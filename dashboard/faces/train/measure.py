"""`python -m dashboard.faces.train.measure`: writes the card and the figures of each skin tone that the lesson shows,
from 500 faces never trained on.

Scenes come as they come, from the first that Pocket did not see; most hold no face, so that false alarms count. Faces
that others cover by more than half are left out. A finding is right where it overlaps a true face by half or more
(intersection over union), and each true face can be found once.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from dashboard.faces.compare import psnr_inside
from dashboard.faces.crops import Box, overlap, scaled
from dashboard.faces.damage import damaged
from dashboard.faces.detect import THRESHOLD, find_faces
from dashboard.faces.networks import WHO, Detector, Recogniser, Restorer
from dashboard.faces.pocket_restorer import PocketRestorer
from dashboard.faces.quality import MEASURED
from dashboard.faces.recognise import recognise
from dashboard.faces.restoration import enlarge
from dashboard.faces.round_trip import through_latents
from dashboard.faces.shipped import FOLDER, weights_sha256
from dashboard.faces.train.budget import SCENES, STEPS
from dashboard.faces.train.lessons import random_damage
from dashboard.faces.train.scenes import SHARE_SEEN, FaceScene, face_scene, unseen_scenes
from dashboard.intervals import Interval, mean_interval, share_interval
from dashboard.pocket.world.subjects import SKIN_TONES

TEMPLATE = Path(__file__).with_name("card_template.md")
FACES = 500
RIGHT_OVERLAP = 0.5
THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
VERSIONS = ("as drawn, 128 px", "64 px", "64 px through the latents", "64 px damaged")


@dataclass
class Tally:
    """Hits, misses and false alarms."""

    hits: int = 0
    misses: int = 0
    alarms: int = 0

    def add(self, found: list[Box], scene: FaceScene, scale: float) -> None:
        truths = [scaled(face.box, scale) for face in scene.faces if face.seen >= SHARE_SEEN]
        hidden = [scaled(face.box, scale) for face in scene.faces if face.seen < SHARE_SEEN]
        for box in found:
            best = max(truths, key=lambda truth: overlap(truth, box), default=None)
            if best is not None and overlap(best, box) >= RIGHT_OVERLAP:
                truths.remove(best)
                self.hits += 1
            elif all(overlap(box, other) < RIGHT_OVERLAP for other in hidden):
                self.alarms += 1
        self.misses += len(truths)

    def figures(self) -> dict[str, float]:
        return {
            "recall": self.hits / max(1, self.hits + self.misses),
            "precision": self.hits / max(1, self.hits + self.alarms),
            "faces": self.hits + self.misses,
            "false_alarms": self.alarms,
        }


@dataclass(frozen=True)
class Case:
    """A scene, its pictures in the versions of VERSIONS."""

    scene: FaceScene
    pictures: tuple[Image.Image, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of one face in the damaged picture, and how near the truth it is inside its box, in dB."""

    tone: str
    found: bool
    bicubic_db: float
    restored_db: float

    @property
    def gain_db(self) -> float:
        return self.restored_db - self.bicubic_db


def cases(faces: int = FACES) -> Iterator[Case]:
    """Unseen scenes, until they hold that many faces to find."""
    seen = 0
    batch: list[FaceScene] = []
    for number, scene in enumerate(unseen_scenes()):
        batch.append(face_scene(scene))
        seen += sum(face.seen >= SHARE_SEEN for face in batch[-1].faces)
        if len(batch) == 50 or seen >= faces:
            for place, (one, decoded) in enumerate(zip(batch, through_latents([s.small for s in batch]), strict=True)):
                rng = np.random.default_rng((7, number, place))
                yield Case(one, (one.drawn, one.small, decoded, damaged(decoded, random_damage(rng, 1.0))))
            batch.clear()
        if seen >= faces:
            return


def measure(faces: int = FACES) -> dict[str, Any]:
    """Everything that the card says."""
    tallies = {(version, threshold): Tally() for version in VERSIONS for threshold in THRESHOLDS}
    outcomes: list[Outcome] = []
    judged = {name: np.zeros(3) for name in ("true", "bicubic", "restored")}  # person, tone, both right
    scenes = 0
    restorer = PocketRestorer()
    for case in cases(faces):
        scenes += 1
        for version, picture in zip(VERSIONS, case.pictures, strict=True):
            found = find_faces(picture, threshold=min(THRESHOLDS))
            scale = picture.width / case.scene.drawn.width
            for threshold in THRESHOLDS:
                boxes = [face.box for face in found if face.score > threshold]
                tallies[version, threshold].add(boxes, case.scene, scale)
        wanted = [face for face in case.scene.faces if face.seen >= SHARE_SEEN]
        if not wanted:
            continue
        poor = case.pictures[-1]
        pictures = {
            "true": case.scene.drawn,
            "bicubic": enlarge(poor, 2),
            "restored": restorer.restore(poor, factor=2).image,
        }
        scale = poor.width / case.scene.drawn.width
        boxes = [scaled(face.box, 1 / scale) for face in find_faces(poor)]
        for face in wanted:
            outcomes.append(
                Outcome(
                    tone=SKIN_TONES[face.tone],
                    found=any(overlap(box, face.box) >= RIGHT_OVERLAP for box in boxes),
                    bicubic_db=psnr_inside(pictures["true"], pictures["bicubic"], face.box),
                    restored_db=psnr_inside(pictures["true"], pictures["restored"], face.box),
                )
            )
            for name, picture in pictures.items():
                said = recognise(picture, [face.box])[0]
                right = np.array([said.who == WHO[face.who], said.tone == SKIN_TONES[face.tone]], dtype=float)
                judged[name] += (*right, right.all())
    gain = mean_interval([one.gain_db for one in outcomes])
    return {
        "scenes": scenes,
        "faces": len(outcomes),
        "threshold": THRESHOLD,
        "found": {v: {str(t): tallies[v, t].figures() for t in THRESHOLDS} for v in VERSIONS},
        "bicubic_db": float(np.mean([one.bicubic_db for one in outcomes])),
        "restored_db": float(np.mean([one.restored_db for one in outcomes])),
        "gain_db": gain.mean,
        "gain_half_interval_db": gain.high - gain.mean,
        "share_worse": float(np.mean([one.gain_db < 0 for one in outcomes])),
        "tones": by_tone(outcomes),
        "right": {
            name: dict(zip(("who", "tone", "both"), (v / len(outcomes)).tolist(), strict=True))
            for name, v in judged.items()
        },
        "seconds_128px": seconds_at_128(),
    }


def by_tone(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """For each skin tone, light to dark: the share of its faces found when damaged, and what restoring gains, in dB."""
    rows = []
    for tone in SKIN_TONES:
        of = [one for one in outcomes if one.tone == tone]
        if of:
            found = share_interval(sum(one.found for one in of), len(of))
            gain = mean_interval([one.gain_db for one in of])
            rows.append({"tone": tone, "faces": len(of), "found": _row(found), "gain_db": _row(gain)})
    return rows


def _row(interval: Interval) -> list[float]:
    return [round(value, 4) for value in (interval.mean, interval.low, interval.high)]


def seconds_at_128(runs: int = 5) -> float:
    """The median time of a 128 px picture with a face, factor 2."""
    picture = next(case.scene.drawn for case in cases(1) if case.scene.faces)
    times = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        PocketRestorer().restore(picture, factor=2)
        times.append(time.perf_counter() - began)
    return float(np.median(times[1:]))


def card_text(figures: dict[str, Any]) -> str:
    """The template filled with what was measured."""
    rows = [
        f"| {version} | {found['recall']:.1%} | {found['precision']:.1%} |"
        for version, found in ((v, t[str(THRESHOLD)]) for v, t in figures["found"].items())
    ]
    tones = [
        "| {tone} | {faces} | {0:.1%} ({1:.1%} to {2:.1%}) | {3:.1f} dB ({4:.1f} to {5:.1f}) |".format(
            *row["found"], *row["gain_db"], **row
        )
        for row in figures["tones"]
    ]
    right = figures["right"]
    errors = {name: 1 - right[name]["both"] for name in right}
    networks = {"detector": Detector(), "restorer": Restorer(), "recogniser": Recogniser()}
    parts = [
        f"| {name} | {sum(p.numel() for p in network.parameters()) / 1e6:.2f} M | "
        f"{(FOLDER / f'{name}.safetensors').stat().st_size / 1e6:.1f} MB |"
        for name, network in networks.items()
    ]
    return TEMPLATE.read_text(encoding="utf-8").format(
        parts="\n".join(parts),
        found="\n".join(rows),
        tones="\n".join(tones),
        errors=errors,
        sha256=weights_sha256(),
        steps=STEPS,
        scene_counts=SCENES,
        **{name: value for name, value in figures.items() if name not in ("found", "right", "tones")},
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dashboard.faces.train.measure", description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER.parent / "CARD.md")
    parser.add_argument("--faces", type=int, default=FACES)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    figures = measure(arguments.faces)
    print(json.dumps(figures, indent=1))
    arguments.out.write_text(card_text(figures), encoding="utf-8")
    told = {"sha256": weights_sha256(), "tones": figures["tones"]}
    MEASURED.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

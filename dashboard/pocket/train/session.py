"""One run of the training program: its phases in order, its state on disk, its samples and its export."""

import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from diffusers import StableDiffusionPipeline
from transformers import CLIPTokenizer

from dashboard.pocket.model import build_pipeline, build_text_encoder, build_unet, build_vae, save_weights
from dashboard.pocket.samples import sample_sheet
from dashboard.pocket.tokenizer import build_tokenizer, kept_tokenizer
from dashboard.pocket.train.budgets import Budget
from dashboard.pocket.train.data import load_images, load_world, render_scenes
from dashboard.pocket.train.diffusion import train_diffusion
from dashboard.pocket.train.ledger import Ledger
from dashboard.pocket.train.recorder import Recorder, moments
from dashboard.pocket.train.team import Team
from dashboard.pocket.train.trainee import Trainee
from dashboard.pocket.train.vae import encode_all, train_vae
from dashboard.pocket.world.captions import vocabulary


class Session:
    """Set `stopping` (from a signal handler) to save and leave at the next step.

    `start`: finished weights to go on from, where no state is saved yet. Their autoencoder stays as it is, so the
    latents keep their meaning; the other networks begin a new diffusion phase, from nothing where `vae_only`.
    """

    def __init__(
        self, team: Team, budget: Budget, work: Path, start: Path | None = None, *, vae_only: bool = False
    ) -> None:
        self.team = team
        torch.manual_seed(0)
        self.budget, self.work, self.stopping = budget, work / budget.name, False
        self.work.mkdir(parents=True, exist_ok=True)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.tokenizer = self._tokenizer(None if vae_only else start)
        arch = budget.architecture
        # Channels last is some 5% faster here, on a processor as on a GPU.
        self.vae = build_vae(arch).to(self.device, memory_format=torch.channels_last)
        self.unet = build_unet(arch).to(self.device, memory_format=torch.channels_last)
        self.text_encoder = build_text_encoder(arch, self.tokenizer).to(self.device)
        if start is not None:
            self._take_weights(start, ("vae",) if vae_only else ("vae", "unet", "text_encoder"))
        self.vae_trainee = Trainee([self.vae], budget.vae, team)
        self.diffusion_trainee = Trainee([self.unet, self.text_encoder], budget.diffusion, team)
        if start is not None:
            self.vae_trainee.step = budget.vae.steps
        self._load("vae", self.vae_trainee)
        self._load("diffusion", self.diffusion_trainee)

    def run(self) -> bool:
        """Everything that is left of the budget; False if it was told to stop first."""
        return self._render() and self._train_vae() and self._train_diffusion()

    def _render(self) -> bool:
        if self.team.leads:
            for done in render_scenes(self.work, self.budget.scenes, self.budget.world):
                print(f"rendered {done} of {self.budget.scenes} scenes", flush=True)
                if self.stopping:
                    break
        if self.team.any(self.stopping):
            return False
        self.images = load_images(self.work)
        return True

    def _train_vae(self) -> bool:
        return self._train("vae", self.vae_trainee, train_vae(self.vae_trainee, self.images, self.device))

    def _train_diffusion(self) -> bool:
        self.vae_trainee.swap_average()  # from here on the autoencoder is its average, and fixed
        self._encode()
        latents = self._latents()
        cast = load_world(self.budget.world).cast
        losses = train_diffusion(self.diffusion_trainee, latents, self.tokenizer, cast, self.device)
        if self.team.leads:
            self.recorder = Recorder(self.work / "recording", self.budget.world)
            self._look(self.diffusion_trainee)
        finished = self._train("diffusion", self.diffusion_trainee, losses)
        self.vae_trainee.swap_average()
        return finished

    def _encode(self) -> None:
        """Every scene as latents on disk; the leader's work, the others wait."""
        if self.team.leads and not self._latents_file.exists():
            with self.team.threads_of_all():
                torch.save(torch.cat(list(encode_all(self.vae, self.images, self.device))), self._latents_file)
        self.team.wait()

    def _latents(self) -> torch.Tensor:
        """What `_encode` left, scaled to unit standard deviation over the first two thousand scenes."""
        latents = torch.load(self._latents_file, weights_only=True).float()
        scale = round(1 / latents[:2000].std().item(), 5)
        self.vae.register_to_config(scaling_factor=scale)
        return (latents * scale).half()

    @property
    def _latents_file(self) -> Path:
        return self.work / f"latents-{self.vae_trainee.step}.pt"

    def _train(self, name: str, trainee: Trainee, losses: Iterator[dict[str, float]]) -> bool:
        ledger = Ledger(self.work / "losses.csv", name, trainee.phase.steps)
        saved = time.monotonic()
        for loss in losses:
            finished = trainee.step >= trainee.phase.steps
            stopping = self.team.any(self.stopping)
            if self.team.leads:
                ledger.add(trainee.step, loss)
                if trainee is self.diffusion_trainee:
                    self._look(trainee)
                if stopping or finished or time.monotonic() - saved > self.budget.save_every_seconds:
                    self._save(name, trainee)
                    saved = time.monotonic()
            if stopping:
                return False
        return True

    def _look(self, trainee: Trainee) -> None:
        """At some steps, what the average of the weights draws by now."""
        step, phase = trainee.step, trainee.phase
        sampled = step > 0 and (step % self.budget.samples_every == 0 or step >= phase.steps)
        recorded = step in moments(phase.steps)
        if not (sampled or recorded):
            return
        trainee.swap_average()
        if recorded:
            self.recorder.record(self._pipeline(), step, step * phase.batch_size)
        if sampled:
            sheet = sample_sheet(self._pipeline(), shapes_only=self.budget.world == "shapes")
            sheet.save(self.work / f"samples-{step:06d}.png")
        trainee.swap_average()

    def _pipeline(self) -> Any:
        return build_pipeline(self.vae, self.unet, self.text_encoder, self.tokenizer)

    def export(self, folder: Path) -> None:
        """The averages as a diffusers folder in half precision, no file over 15 MB."""
        self._latents()  # sets the scale that the pipeline needs
        for trainee in (self.vae_trainee, self.diffusion_trainee):
            trainee.swap_average()
        save_weights(self._pipeline(), folder)

    def _tokenizer(self, start: Path | None) -> CLIPTokenizer:
        """One for all members and all runs of this work; the leader's to make, the others wait."""

        def make() -> CLIPTokenizer:
            words = vocabulary(load_world(self.budget.world).cast)
            return CLIPTokenizer.from_pretrained(start / "tokenizer") if start else build_tokenizer(words)

        if not self.team.leads:
            self.team.wait()
        tokenizer = kept_tokenizer(self.work / "tokenizer", make)
        if self.team.leads:
            self.team.wait()
        return tokenizer

    def _take_weights(self, folder: Path, names: tuple[str, ...]) -> None:
        pipeline = StableDiffusionPipeline.from_pretrained(folder)
        for name in names:
            getattr(self, name).load_state_dict(getattr(pipeline, name).state_dict())

    def _save(self, name: str, trainee: Trainee) -> None:
        path = self.work / f"{name}.pt"
        partial = path.with_suffix(".partial")
        torch.save(trainee.state_dict(), partial)
        partial.replace(path)

    def _load(self, name: str, trainee: Trainee) -> None:
        path = self.work / f"{name}.pt"
        if path.exists():
            trainee.load_state_dict(torch.load(path, map_location=self.device, weights_only=True))


def work_as_member(team: Team, budget: Budget, work: Path, out: Path, start: Path | None, vae_only: bool) -> None:
    """What each process of a team does: train together; the leader writes the weights."""
    session = Session(team, budget, work, start, vae_only=vae_only)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        session.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    finished = session.run()
    if not team.leads:
        return
    if finished:
        session.export(out)
    else:
        sys.stderr.write(f"Stopped; the state is in {work}. Run the same command to go on.\n")

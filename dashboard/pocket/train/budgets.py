"""Named amounts of training. A budget fixes every number that decides the result."""

from dataclasses import dataclass, field

from dashboard.pocket.model import Architecture


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One network's training. The rate warms up, holds, and falls to a fiftieth over the last `cooldown` share."""

    steps: int
    batch_size: int
    learning_rate: float
    warmup_steps: int = 100
    cooldown: float = 0.3
    ema_decay: float = 0.998
    bfloat16: bool = False  # layers in 16 bits, weights in 32; a processor or card with bfloat16 is faster so


@dataclass(frozen=True, kw_only=True)
class Budget:
    name: str
    scenes: int  # rendered once; captions are worded anew at every epoch
    vae: Phase
    diffusion: Phase
    save_every_seconds: float = 120.0
    samples_every: int = 500  # steps between sample sheets
    architecture: Architecture = field(default_factory=Architecture)
    world: str = "core"  # one of casts.CASTS


BUDGETS = {
    budget.name: budget
    for budget in (
        # What the tests run: two minutes at most on two cores, and recognisable colours at the end of it.
        Budget(
            name="smoke",
            scenes=256,
            vae=Phase(steps=60, batch_size=8, learning_rate=2e-3, warmup_steps=5),
            diffusion=Phase(steps=60, batch_size=16, learning_rate=1e-3, warmup_steps=5, ema_decay=0.9),
            samples_every=60,
            architecture=Architecture(
                vae_channels=(16, 24, 32), unet_channels=(32, 32, 64), text_width=32, text_layers=1
            ),
            world="shapes",
        ),
        # One core: about 90 minutes.
        Budget(
            name="cpu",
            scenes=24_000,
            vae=Phase(steps=600, batch_size=12, learning_rate=2e-3),
            diffusion=Phase(
                steps=3_600, batch_size=64, learning_rate=2e-3, cooldown=0.75, ema_decay=0.995, bfloat16=True
            ),
            samples_every=400,
        ),
        # One large GPU: two runs of nine minutes, the second resuming the first.
        Budget(
            name="gpu",
            scenes=120_000,
            world="whole",
            vae=Phase(steps=12_000, batch_size=64, learning_rate=1e-3),
            diffusion=Phase(steps=40_000, batch_size=256, learning_rate=1e-3, ema_decay=0.9995, bfloat16=True),
            samples_every=2_000,
        ),
    )
}

"""W&B offline: one point in the caller, and points until `finish` has everything on disk."""

from __future__ import annotations

import wandb
from measure import say, seconds

WANDB = {"who": "W&B offline", "package": "wandb"}
POINTS = 20_000


def log(run: wandb.Run) -> None:
    for step in range(POINTS):
        run.log({"loss": 1 / (step + 1)}, step=step)


active = wandb.init(project="bench", mode="offline", settings=wandb.Settings(console="off"))
active.log({"warm": 1.0})
calling = seconds(lambda: log(active))
say("log_metric", calling / POINTS, **WANDB)
say("durable_points", POINTS / (calling + seconds(active.finish)), note="until finish()", **WANDB)

"""Trackio: one point in the caller, and points until `finish` has everything on disk."""

from __future__ import annotations

import trackio
from measure import say, seconds

TRACKIO = {"who": "Trackio", "package": "trackio"}
POINTS = 2_000


def log() -> None:
    for step in range(POINTS):
        trackio.log({"loss": 1 / (step + 1)}, step=step)


trackio.init(project="bench")
calling = seconds(log)
say("log_metric", calling / POINTS, **TRACKIO)
say("durable_points", POINTS / (calling + seconds(trackio.finish)), note="until finish()", **TRACKIO)

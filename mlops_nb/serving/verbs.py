"""The verbs of this room: serve a version, ask it, list what serves, read its log, stop it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from mlops_nb.arguments import Arg

if TYPE_CHECKING:
    from mlops_nb.results import Results
    from mlops_nb.serving.model import Deployment, Log, Prediction


def deploy(
    ref: Annotated[str, Arg("the version, NAME/NUMBER, or NAME for the one in production", kind="version")],
    *,
    name: Annotated[
        str | None, Arg("the deployment's name; the model's by default", kind="deployment", short="n")
    ] = None,
    port: Annotated[int, Arg("the port; 0 for the one it had, or any free one", short="p")] = 0,
    host: Annotated[str, Arg("the address to listen on; this machine only by default")] = "127.0.0.1",
    wait: Annotated[float, Arg("how long to wait until it is ready, seconds")] = 30.0,
    trust: Annotated[Sequence[str], Arg("a type in the model that you vouch for (module.Class)", short="t")] = (),
) -> Deployment:
    """Serve a version over HTTP by the Open Inference Protocol v2, in a supervised process that outlives the notebook.

    A name that serves already goes over to the new version once that is ready, on the same port, without turning
    anybody away; the same version comes back as it is. A worker that dies is started again.

    Args:
        ref: Which version; a model's name alone is its champion, and refused while it has none.
        name: What clients call it.
        port: A port, or 0.
        host: An address; anything but loopback is open to whoever can reach it.
        wait: Seconds until it must be ready.
        trust: Types outside scikit-learn that may be loaded, besides those that the registrant vouched for.

    Returns:
        The deployment: `.url`, `.status`, `.predict(data)`, `.stop()`.

    Raises:
        NotFound: No such version, or its file is gone.
        Corrupt: Its file was altered.
        Refused: It holds types that nobody vouched for, or no version is in production and none was named.
        InvalidInput: Not a valid name, or the port is taken.
        MissingExtra: uvicorn or Starlette is not installed.
    """
    from mlops_nb.serving.deploying import planned, put_up
    from mlops_nb.store.store import current

    types = (trust,) if isinstance(trust, str) else trust
    return put_up(planned(current(), ref, name, (host, port), wait, types))


def undeploy(
    name: Annotated[str, Arg("the deployment", kind="deployment")],
) -> Deployment:
    """Stop a deployment. Its name, port and history stay; `deploy` starts it again.

    Raises:
        NotFound: No such deployment; names the nearest.
    """
    from mlops_nb.serving.deploying import take_down
    from mlops_nb.store.store import current

    return take_down(current(), name)


def deployments() -> Results[Deployment]:
    """All deployments, those that should serve first; each judges its `status` from process and answer."""
    from mlops_nb.results import Results
    from mlops_nb.serving.finding import every
    from mlops_nb.store.store import current

    found = every(current())
    return Results(found, total=len(found), note="" if found else "nothing is deployed: %deploy REF --name NAME")


def predict(
    name: Annotated[str, Arg("the deployment", kind="deployment")],
    data: Annotated[Any, Arg("rows: a frame, dict, array, JSON, or a csv, parquet or json file", kind="expression")],
) -> Prediction:
    """What a deployment answers, asked over HTTP like any client.

    Args:
        name: The deployment.
        data: A DataFrame, an array, a dict (of values: one row; of lists: columns), a list of rows, JSON text, or
            the path of a .csv, .parquet or .json file. Columns go by name, in any order.

    Returns:
        A value for each row, and all outputs.

    Raises:
        NotFound: No such deployment.
        InvalidInput: A column is missing, unknown or of another type.
        MlopsError: The deployment does not answer.
    """
    from mlops_nb.serving.asking import ask
    from mlops_nb.serving.finding import resolve_deployment
    from mlops_nb.store.store import current

    return ask(resolve_deployment(current(), name), data)


def logs(
    name: Annotated[str, Arg("the deployment", kind="deployment")],
    *,
    lines: Annotated[int, Arg("how many lines", short="l")] = 50,
) -> Log:
    """The last lines that a deployment's processes wrote.

    Raises:
        NotFound: No such deployment.
    """
    from mlops_nb.serving.deploying import last_lines
    from mlops_nb.serving.finding import resolve_deployment
    from mlops_nb.serving.model import Log
    from mlops_nb.store.store import current

    store = current()
    found = resolve_deployment(store, name)
    return Log(found.name, tuple(last_lines(store, found.name, lines)))

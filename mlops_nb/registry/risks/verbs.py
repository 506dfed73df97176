"""The verb of risks: look at the hazards of a version, change them, accept them."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

from mlops_nb.arguments import Arg

if TYPE_CHECKING:
    from mlops_nb.registry.risks.model import Risk
    from mlops_nb.results import Results


def risks(
    *,
    limit: Annotated[int, Arg("how many", short="n")] = 20,
    after: Annotated[str, Arg("where the page before ended (.next_page)")] = "",
) -> Results[Risk]:
    """List versions with their risks: those in use whose risk nobody accepts first, archived ones last.

    A version is listed once hazards were named for it, while it is in staging or production, and while it is the
    newest of its model.

    Raises:
        InvalidInput: The limit or the cursor is none.
    """
    from mlops_nb.registry.risks.listing import listed
    from mlops_nb.store.store import current

    return listed(current(), limit, after)


def risk(
    ref: Annotated[str, Arg("the version, NAME/NUMBER", kind="version")],
    *,
    hazard: Annotated[str, Arg("what may go wrong; the same words again change it")] = "",
    likelihood: Annotated[str | None, Arg("how likely it is", kind=("rare", "possible", "likely"))] = None,
    severity: Annotated[str | None, Arg("how bad it is", kind=("minor", "moderate", "major", "severe"))] = None,
    mitigation: Annotated[str | None, Arg("what is done about it")] = None,
    residual: Annotated[str | None, Arg("what remains then", kind=("low", "medium", "high"))] = None,
    remove: Annotated[str, Arg("a hazard to take away")] = "",
    accept: Annotated[bool, Arg("accept the hazards as they stand, with --reason")] = False,
    reason: Annotated[str, Arg("why they are accepted")] = "",
    seen: Annotated[
        str, Arg("the digest of what was looked at: Hazard.digest, or Risk.seen to accept", python_only=True)
    ] = "",
    key: Annotated[str | None, Arg("the key of who accepts, instead of MLOPS_NB_KEY", python_only=True)] = None,
) -> Risk:
    """Show the hazards of a version and what errors cost; name, change, remove or accept hazards.

    A new version begins with the hazards of the one before, marked as carried over and accepted by nobody. A hazard's
    level comes from likelihood and severity; without `residual`, that level is what remains. Any change makes an
    acceptance void.

    Returns:
        The hazards as they stand. What errors cost per 1,000 decisions comes from the costs in the model's canvas and
        the version's newest evaluation.

    Raises:
        NotFound: No such version or hazard.
        InvalidInput: A new hazard without likelihood or severity, several changes at once, or no reason to accept.
        Refused: Who accepts is only the system's word, there is no hazard, somebody else saved at the same moment, or
            what was looked at (`seen`) is another by now.
    """
    from mlops_nb.errors import InvalidInput
    from mlops_nb.registry.resolving import resolve_version
    from mlops_nb.registry.risks import saving
    from mlops_nb.registry.risks.reading import risk_of
    from mlops_nb.store.actor import acting_by_key
    from mlops_nb.store.store import current

    store = current()
    version = resolve_version(store, ref)
    said = {"likelihood": likelihood, "severity": severity, "mitigation": mitigation, "residual": residual}
    stray = [f"--{name}" for name, value in said.items() if value is not None]
    if sum((bool(hazard), bool(remove), accept)) > 1:
        raise InvalidInput("several changes at once", expected="one of --hazard, --remove and --accept")
    if stray and not hazard:
        raise InvalidInput(f"{', '.join(stray)} of no hazard", expected='--hazard "…" too')
    if reason and not accept:
        raise InvalidInput("a reason to accept, and no --accept", expected="--accept --reason …")
    with nullcontext() if key is None else acting_by_key(store.folder, key):
        if hazard:
            saving.name_hazard(store, version, hazard, seen, **said)
        elif remove:
            saving.remove_hazard(store, version, remove, seen)
        elif accept:
            saving.accept(store, version, reason, seen)
    return risk_of(store, version)

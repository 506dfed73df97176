"""Models and versions by reference, in the trash or not: what trash, restore, rename and completion ask for."""

from __future__ import annotations

from mlops_nb.errors import InvalidInput, NotFound, brief, nearest
from mlops_nb.store.store import Store

_LIMIT = 50
_MOVABLE = """
SELECT m.name, p.stage FROM placement p JOIN model m ON m.id = p.model
WHERE m.trashed_us IS NULL AND p.stage = 'production'
UNION ALL SELECT m.name, a.name FROM alias a JOIN model m ON m.id = a.model WHERE m.trashed_us IS NULL
ORDER BY 1, 2 LIMIT 2000"""


def resolve_model(store: Store, reference: str) -> str:
    """The number of a model, as text.

    Raises:
        NotFound: There is none of this name.
        InvalidInput: One of its versions was named.
    """
    name = reference.strip()
    rows = store.query("SELECT id FROM model WHERE name = ?", (name,))
    if rows:
        return str(rows[0][0])
    if "/" in name or "@" in name:
        raise InvalidInput(f"{brief(name)} is one version of a model", expected="the model's name")
    known = [known for (known,) in store.query("SELECT name FROM model ORDER BY id DESC LIMIT 200")]
    raise NotFound(f"there is no model {brief(name)}", nearest=nearest(name, known))


def resolve_version_id(store: Store, reference: str) -> str:
    """A version as `model's number/its number`.

    Raises:
        NotFound: There is no such version.
        InvalidInput: No number was given: trash and restore take one version, not the newest.
    """
    name, slash, number = reference.strip().rpartition("/")
    if not slash or not number.isdecimal():
        raise InvalidInput(f"{brief(reference)} does not name one version", expected="NAME/NUMBER")
    model = resolve_model(store, name)
    if not store.query("SELECT 1 FROM version WHERE model = ? AND number = ?", (int(model), int(number))):
        numbers = store.query("SELECT number FROM version WHERE model = ? ORDER BY number DESC LIMIT 5", (int(model),))
        found = ", ".join(f"{name}/{n}" for (n,) in numbers)
        raise NotFound(f"there is no version {brief(reference)}", expected=found or "a version")
    return f"{model}/{int(number)}"


def model_names(store: Store, prefix: str) -> list[str]:
    """Names of models that begin with `prefix`."""
    rows = store.query("SELECT name FROM model WHERE trashed_us IS NULL ORDER BY name LIMIT 1000")
    return [name for (name,) in rows if name.lower().startswith(prefix.lower())][:_LIMIT]


def version_names(store: Store, prefix: str) -> list[str]:
    """`name@production`, `name@ALIAS` and `name/3` that begin with `prefix`, of each model the newest first."""
    rows = store.query(
        "SELECT m.name, v.number FROM version v JOIN model m ON m.id = v.model "
        "WHERE v.trashed_us IS NULL AND m.trashed_us IS NULL ORDER BY m.name, v.number DESC LIMIT 2000"
    )
    names = [f"{name}@{movable}" for name, movable in store.query(_MOVABLE)]
    names += [f"{name}/{number}" for name, number in rows]
    return [name for name in names if name.lower().startswith(prefix.lower())][:_LIMIT]

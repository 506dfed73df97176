"""What changed between two fingerprints, as far as digests can prove it, in one sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mlops_nb.data.model import LEAF_BYTES, ColumnChange, ColumnDigest, Difference, Fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable

SHOWN = 4
NOUNS = {"table": ("row", "column"), "array": ("row", "field"), "sparse": ("row", "part"),
         "file": ("byte", "part"), "directory": ("file", "file")}  # fmt: skip


def explain(before: Fingerprint, after: Fingerprint) -> Difference:
    """Say what changed from one fingerprint to another.

    Rows are told to be added at the end when the leaves of all full blocks agree; otherwise there are only
    "more". Rows are told to be reordered when both fingerprints were made with `rows=True`.

    Args:
        before: The old data.
        after: The new data.

    Returns:
        The difference, whose `sentence` names rows, columns, row ranges and missing values that changed.

    Example:
        >>> from mlops_nb.data.verbs import fingerprint
        >>> explain(fingerprint({"x": [1, 2]}), fingerprint({"y": [1, 2]})).sentence
        'column `x` renamed `y`'
    """
    same = before.same_as(after)
    if same is None and not (before.partial or after.partial):
        return Difference(None, _unlike(before, after), (before.rows, after.rows))
    made = _difference(before, after, same)
    phrases = list(_phrases(before, after, made))
    sentence = "; ".join(phrases) or ("the same content" if same else "no difference found")
    if made.partial:
        sentence += f"; nothing is known of {_names(made.partial, 'column')}"
    return replace(made, sentence=sentence)


def _unlike(before: Fingerprint, after: Fingerprint) -> str:
    if before.kind != after.kind:
        return f"fingerprints of unlike kinds can't be compared: {before.kind} and {after.kind}"
    return f"a digest {before.prefix} and a digest {after.prefix} can't be compared"


def _difference(before: Fingerprint, after: Fingerprint, same: bool | None) -> Difference:
    partial = tuple(dict.fromkeys([*before.partial, *after.partial]))
    old = {key: c for key, c in before.columns.items() if key not in after.partial}
    new = {key: c for key, c in after.columns.items() if key not in before.partial}
    gone = [key for key in old if key not in new]
    come = [key for key in new if key not in old]
    rows_agree = before.rows == after.rows or before.kind == "directory"
    renamed = _renamed(old, new, gone, come) if rows_agree else ()
    retyped = tuple((k, c.exact, new[k].exact) for k, c in old.items() if k in new and c.exact != new[k].exact)
    appended = _appended(old, new, before, after)
    reordered = _reordered(before, after)
    changed: tuple[ColumnChange, ...] = ()
    if rows_agree and not reordered:
        typed = {name for name, _, _ in retyped}
        both = (k for k in old if k in new and old[k].digest != new[k].digest)
        changed = tuple(
            ColumnChange(k, _ranges(old[k], new[k], after), old[k].missing, new[k].missing)
            for k in both if k not in typed or old[k].tag == new[k].tag
        )  # fmt: skip
    left = {name for pair in renamed for name in pair}
    return Difference(
        same, "", (before.rows, after.rows), appended, reordered, tuple(k for k in come if k not in left),
        tuple(k for k in gone if k not in left), renamed, retyped, changed, partial,
    )  # fmt: skip


def _renamed(
    old: dict[str, ColumnDigest], new: dict[str, ColumnDigest], gone: list[str], come: list[str]
) -> tuple[tuple[str, str], ...]:
    pairs, free = [], list(come)
    for key in gone:
        match = next((other for other in free if new[other].digest == old[key].digest), None)
        if match is not None:
            free.remove(match)
            pairs.append((key, match))
    return tuple(pairs)


def _appended(
    old: dict[str, ColumnDigest], new: dict[str, ColumnDigest], before: Fingerprint, after: Fingerprint
) -> bool | None:
    """Whether the full blocks of the old rows begin the new ones; None without a full block."""
    if before.kind != "table" or after.rows <= before.rows or list(old) != list(new):
        return None
    full = before.rows // before.block_rows * LEAF_BYTES
    for key, column in old.items():
        if column.tag != new[key].tag:
            return False
        if not column.leaves or not new[key].leaves:
            return None
        if column.leaves[:full] != new[key].leaves[:full]:
            return False
    return True if full or not before.rows else None


def _reordered(before: Fingerprint, after: Fingerprint) -> bool | None:
    one, two = before.rows_state, after.rows_state
    if one is None or two is None:
        return None
    return one.same_multiset(two) and not one.same_order(two)


def _ranges(old: ColumnDigest, new: ColumnDigest, whole: Fingerprint) -> tuple[tuple[int, int], ...]:
    """First and last row of each stretch of blocks whose leaves differ; empty when leaves were not kept."""
    found: list[list[int]] = []
    if len(old.leaves) != len(new.leaves) or whole.kind not in ("table", "array"):
        return ()
    for i in range(len(old.leaves) // LEAF_BYTES):
        at = slice(i * LEAF_BYTES, (i + 1) * LEAF_BYTES)
        if old.leaves[at] == new.leaves[at]:
            continue
        first, last = i * whole.block_rows, min((i + 1) * whole.block_rows, whole.rows) - 1
        if found and found[-1][1] == first - 1:
            found[-1][1] = last
        else:
            found.append([first, last])
    return tuple((first, last) for first, last in found)


def _phrases(before: Fingerprint, after: Fingerprint, made: Difference) -> Iterable[str]:
    noun = NOUNS[before.kind][1]
    yield from _row_phrases(before, after, made)
    yield from _form_phrases(before, after)
    if made.added:
        yield f"{_names(made.added, noun)} added"
    if made.removed:
        yield f"{_names(made.removed, noun)} removed"
    for old, new in made.renamed[:SHOWN]:
        yield f"{noun} `{old}` renamed `{new}`"
    if len(made.renamed) > SHOWN:
        yield f"{len(made.renamed) - SHOWN} more {noun}s renamed"
    for name, old, new in made.retyped[:SHOWN]:
        yield _retyped(name, old, new, before, after)
    if len(made.retyped) > SHOWN:
        yield f"{len(made.retyped) - SHOWN} more {noun}s with other types"
    for change in made.changed[:SHOWN]:
        yield _changed(change, made.rows[1])
    if len(made.changed) > SHOWN:
        yield f"{len(made.changed) - SHOWN} more {noun}s changed"


def _form_phrases(before: Fingerprint, after: Fingerprint) -> Iterable[str]:
    if before.shape[1:] != after.shape[1:]:
        yield f"shape {before.shape} became {after.shape}"
    both = [key for key in before.columns if key in after.columns]
    if before.kind == "table" and both != [key for key in after.columns if key in before.columns]:
        yield "columns in another order"


def _row_phrases(before: Fingerprint, after: Fingerprint, made: Difference) -> Iterable[str]:
    noun, apart = NOUNS[before.kind][0], after.rows - before.rows
    if before.kind == "file" and made.same is False:
        yield "the bytes changed"
    if apart and before.kind != "directory":
        verb = "added" if made.appended else "more" if apart > 0 else "fewer"
        yield f"{_count(abs(apart), noun)} {verb}"
        if apart > 0 and made.appended is False:
            yield "earlier rows changed too"
    if made.reordered:
        yield "the same rows in another order"


def _retyped(name: str, old: str, new: str, before: Fingerprint, after: Fingerprint) -> str:
    one, two = before.columns[name], after.columns[name]
    phrase = f"`{name}` has type {_short(new)} instead of {_short(old)}"
    if one.tag == two.tag and one.digest == two.digest:
        return phrase + ", with the same values"
    if one.tag[:1] in "iu" and two.tag == "f64" and two.missing and not one.missing:
        return phrase + f", because it gained {_count(two.missing, 'missing value')}"
    return phrase


def _short(kind: str) -> str:
    return kind if len(kind) <= 40 else kind[:39] + "…"


def _changed(change: ColumnChange, rows: int) -> str:
    phrase = f"`{change.name}` changed"
    spans = [f"{first:,} to {last:,}" if last > first else f"{first:,}" for first, last in change.ranges]
    if spans and change.ranges != ((0, rows - 1),):
        more = f" and {len(spans) - SHOWN} more ranges" if len(spans) > SHOWN else ""
        phrase += f" in rows {', '.join(spans[:SHOWN])}{more}"
    if change.missing_before != change.missing_after:
        phrase += f" ({change.missing_after:,} instead of {change.missing_before:,} missing)"
    return phrase


def _names(names: tuple[str, ...], noun: str) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:SHOWN])
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{noun if len(names) == 1 else noun + 's'} {shown}{more}"


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun if count == 1 else noun + 's'}"

"""Stages: one move as a line that opens, and where every version of a model stands or stood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_nb.registry.stages.model import Stages, Standing, Transition
from mlops_nb.show import page
from mlops_nb.show.table import Column, TableView, aligned
from mlops_nb.show.words import cut, digest, short, when

if TYPE_CHECKING:
    from mlops_nb.registry.gates.model import GateCheck

SIGNS = {"production": "●", "staging": "◐", "archived": "○", "none": "·"}
KINDS = {"production": "good", "staging": "busy", "archived": "quiet", "none": "quiet"}
# What no policy judged, or somebody let in against one, is said wherever a version shows.
MARKS = {"ungated": "▲ ungated", "overridden": "▲ overridden"}


def stage_text(stage: str, mark: str = "") -> str:
    """A stage as sign and word, with its mark: `● production ▲ ungated`; nothing for `none`."""
    if stage in ("", "none"):
        return ""
    return f"{SIGNS.get(stage, '?')} {stage} {mark_text(mark)}".rstrip()


def stage_html(stage: str, mark: str = "") -> str:
    """The same, coloured."""
    if stage in ("", "none"):
        return ""
    shown = page.sign(f"{SIGNS.get(stage, '?')} {stage}", KINDS.get(stage, "quiet"))
    return f"{shown} {mark_html(mark)}".rstrip()


def mark_text(mark: str) -> str:
    """`▲ ungated`, `▲ overridden`; nothing where nothing must be said."""
    return MARKS.get(mark, mark)


def mark_html(mark: str) -> str:
    """The same, coloured."""
    return page.sign(mark_text(mark), "warn") if mark else ""


def who(one: Transition | Standing) -> str:
    """Who did it, and how the name was checked."""
    name = one.actor.removeprefix("person:")
    return f"{name} ✓ {one.verified}" if one.verified else f"{name} (the system's word)"


def _who_short(one: Transition | Standing) -> str:
    return f"{one.actor.removeprefix('person:')}{' ✓' if one.verified else ''}" if one.actor else ""


def _who_html(one: Transition | Standing) -> str:
    how = f"checked: {one.verified}" if one.verified else "the system's word"
    tick = page.sign("✓", "good") if one.verified else ""
    name = page.escape(cut(one.actor.removeprefix("person:"), 40))
    return f'<span title="{page.escape(how)}">{name} {tick}</span>' if one.actor else ""


def _from(move: Transition) -> str:
    return f"{move.model}/{move.before}" if move.alias and move.before else move.before or "nothing"


def _to(move: Transition) -> str:
    return f"{move.model}/{move.after}" if move.alias and move.after else move.after or "nothing"


def _how(move: Transition) -> str:
    """How it came about: `free` says nothing that a reader would miss."""
    return "" if move.how == "free" else MARKS.get(move.how, move.how)


def _how_html(move: Transition) -> str:
    return page.sign(MARKS[move.how], "warn") if move.how in MARKS else page.escape(_how(move))


def _what(move: Transition) -> str:
    return f"{move.model}@{move.alias}" if move.alias else move.ref


def counted(check: GateCheck) -> str:
    """`6 of 6 gates`."""
    return f"{sum(one.verdict == 'pass' for one in check.results)} of {len(check.results)} gates"


class TransitionView:
    """`flights/3  staging → production  gated: 6 of 6 gates  replaced flights/2`, and what is behind it."""

    def __init__(self, move: Transition) -> None:
        self.move = move

    def _parts(self) -> list[str]:
        move = self.move
        how = _how(move)
        if move.check is not None:
            how = f"{how}: {counted(move.check)}"
        replaced = f"replaced {move.model}/{move.replaced}" if move.replaced else ""
        return [part for part in (_what(move), f"{_from(move)} → {_to(move)}", how, replaced) if part]

    def _facts(self) -> list[tuple[str, str]]:
        move = self.move
        return [
            ("who", who(move)),
            ("when", when(move.at_us)),
            ("why", move.reason),
            ("checked", short(move.checked or "") + (f", digest {digest(move.check.digest)}" if move.check else "")),
        ]

    def text(self) -> str:
        """As text."""
        facts = [(name, cut(value, 200)) for name, value in self._facts() if value]
        lines = ["  ".join(self._parts()), *("  " + line for line in aligned(["", ""], facts, [False, False])[1:])]
        if self.move.check is not None:
            lines += ["  " + line for line in _gates(self.move.check).text().splitlines()]
        return "\n".join(lines)

    def html(self) -> str:
        """As a line that opens to who, when, why and what the gates said."""
        move = self.move
        first, *rest = self._parts()
        if move.how in MARKS:
            marked = MARKS[move.how]
            shown = [page.sign(part, "warn") if part.startswith(marked) else page.escape(part) for part in rest]
        else:
            shown = [page.escape(part) for part in rest]
        kind = "quiet" if move.alias else KINDS.get(move.after, "quiet")
        sign = page.sign("↪" if move.alias else SIGNS.get(move.after, "?"), kind)
        line = f"{sign} {page.strong(first)}" + "".join(
            f'<span style="margin-left:14px">{part}</span>' for part in shown
        )
        body = page.facts((name, page.escape(value)) for name, value in self._facts())
        if move.check is not None:
            body += _gates(move.check).html()
        return page.frame(page.opening(line, body))


def _gates(check: GateCheck) -> Any:
    from mlops_nb.show import gates

    return gates.view(check)


def _stands(one: Standing) -> str:
    return stage_text(one.stage, one.mark) or "none"


def _stands_html(one: Standing) -> str:
    return stage_html(one.stage, one.mark) or page.muted("none")


_STANDINGS = (
    Column("version", lambda s: s.ref, strong=lambda s: s.stage == "production"),
    Column("stage", _stands, sign=_stands_html),
    Column("since", lambda s: when(s.since_us)),
    Column("aliases", lambda s: ", ".join(f"@{name}" for name in s.aliases)),
    Column("by", _who_short, sign=_who_html),
    Column("why", lambda s: cut(s.reason)),
)
_MOVES = (
    Column("when", lambda t: when(t.at_us)),
    Column("what", _what),
    Column("from", _from),
    Column("to", _to),
    Column("how", _how, sign=_how_html),
    Column("by", _who_short, sign=_who_html),
    Column("why", lambda t: cut(t.reason)),
)


class StagesView:
    """Where each version stands, the champion first, and every move until then."""

    def __init__(self, found: Stages) -> None:
        self.found = found

    @property
    def title(self) -> str:
        """What is in production, and as of when."""
        found, champion = self.found, self.found.production
        at = f"at {when(found.at_us)}" if found.at_us is not None else "now"
        stands = f"{champion.ref} in production" if champion else "nothing in production"
        return f"{found.model} {at}: {stands}"

    def _tables(self) -> list[tuple[str, TableView]]:
        standings = sorted(self.found.standings, key=lambda s: (s.stage != "production", s.stage != "staging"))
        tables = [("", TableView(_STANDINGS, standings))] if standings else []
        return tables + ([("History", TableView(_MOVES, self.found.history))] if self.found.history else [])

    def text(self) -> str:
        """As text."""
        lines = [self.title]
        for title, table in self._tables():
            lines += ["", title] if title else []
            lines += ["  " + line for line in table.text().splitlines()]
        return "\n".join(lines if self._tables() else [*lines, "  no version was registered yet"])

    def html(self) -> str:
        """As HTML."""
        parts = [f'<div style="font-weight:600;margin-bottom:4px">{page.escape(self.title)}</div>']
        for title, table in self._tables():
            parts += [page.heading(title) if title else "", table.html()]
        return page.frame(*parts, "" if self._tables() else page.muted("no version was registered yet"))


def view(value: Transition | Stages | Standing) -> Any:
    """A move, where everything stands, or where one version does."""
    if isinstance(value, Transition):
        return TransitionView(value)
    return StagesView(value) if isinstance(value, Stages) else TableView(_STANDINGS, [value])


def list_view(results: Any) -> TableView:
    """Moves, or standings."""
    columns = _MOVES if isinstance(results.items[0], Transition) else _STANDINGS
    return TableView(columns, results.items, results.note)

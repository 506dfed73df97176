"""Stages under fault: promotions at once in real processes, a kill in the middle, a version gone meanwhile."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

import mlops_nb as ml
from mlops_nb.errors import Refused
from mlops_nb.registry.stages import moving
from mlops_nb.store import trash as trashing
from mlops_nb.store.store import Store, open_store
from tests.unit.registry.stages.making import moves, stands, versions

# Waits right before the move until everybody is there: each has judged its version against the same champion by then.
_RIVAL = """
import sys, time
from pathlib import Path
import mlops_nb as ml
from mlops_nb.errors import MlopsError
from mlops_nb.registry.stages import moving, rolling
from mlops_nb.store.store import choose

choose(sys.argv[1])
meeting, me, other = Path(sys.argv[2]), sys.argv[3], sys.argv[4]
real = moving.carry_out


def together(store, plan):
    (meeting / f"{turn}-{me}").touch()
    while not (meeting / f"{turn}-{other}").exists():
        time.sleep(0.0002)
    return real(store, plan)


moving.carry_out = rolling.carry_out = together
print("ready", flush=True)
for line in sys.stdin:
    turn, did, ref = line.split()
    try:
        moved = ml.stage(ref, "production", reason=f"{me} says so") if did == "stage" else ml.rollback(ref)
        print(f"won {moved.ref} {moved.replaced}", flush=True)
    except MlopsError as error:
        print(f"{type(error).__name__}: {error}", flush=True)
"""


class Rivals:
    """Two processes that do the same thing at the same time."""

    def __init__(self, store: Store, meeting: Path, stack: ExitStack) -> None:
        self.turn = 0
        names = ("ada", "grace")
        self.all = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", _RIVAL, str(store.folder), str(meeting), me, other],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for me, other in (names, names[::-1])
        ]
        assert [self._line(one) for one in self.all] == ["ready", "ready"]

    def both(self, did: str, refs: tuple[str, str]) -> list[str]:
        """What each of them said."""
        self.turn += 1
        for one, ref in zip(self.all, refs, strict=True):
            assert one.stdin is not None
            one.stdin.write(f"{self.turn} {did} {ref}\n")
            one.stdin.flush()
        return [self._line(one) for one in self.all]

    @staticmethod
    def _line(one: subprocess.Popen[str]) -> str:
        assert one.stdout is not None
        return one.stdout.readline().strip()


def _rivals(store: Store, tmp_path: Path, stack: ExitStack) -> Rivals:
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    return Rivals(store, meeting, stack)


def test_of_two_promotions_at_once_exactly_one_wins_twenty_times(store: Store, tmp_path: Path):
    versions("m", 3)
    ml.stage("m/1", "production", reason="the first")
    expected = 1
    with ExitStack() as stack:
        rivals = _rivals(store, tmp_path, stack)
        for turn in range(20):
            (champion,) = [ref for ref, stage in stands(store).items() if stage == "production"]
            first, second = [ref for ref in ("m/1", "m/2", "m/3") if ref != champion]
            said = rivals.both("stage", (first, second))
            won = [line for line in said if line.startswith("won")]
            lost = [line for line in said if line.startswith("Refused")]
            assert (len(won), len(lost)) == (1, 1), said
            winner, replaced = won[0].split()[1:]
            loser = second if winner == first else first
            assert champion == f"m/{replaced}"
            assert f"{winner} entered production meanwhile, and {loser} was judged against {champion}" in lost[0]
            assert [ref for ref, stage in stands(store).items() if stage == "production"] == [winner]
            expected += 2
            assert len(moves(store)) == expected, turn
    held = store.query("SELECT holder, held FROM hold WHERE holder LIKE 'stage:%'")
    number = store.query("SELECT number FROM placement WHERE stage = 'production'")[0][0]
    assert held == [(f"stage:1/{number}", f"version:1/{number}")]
    _is_whole(store)
    assert store.verify_audit().fault == ""


def test_two_rollbacks_at_once_go_one_step(store: Store, tmp_path: Path):
    versions("m", 3)
    for number in (1, 2, 3):
        ml.stage(f"m/{number}", "production", reason="better")
    with ExitStack() as stack:
        said = _rivals(store, tmp_path, stack).both("rollback", ("m", "m"))
    assert sorted(line.split()[0] for line in said) == ["Refused:", "won"]
    assert stands(store) == {"m/1": "archived", "m/2": "production", "m/3": "archived"}
    _is_whole(store)


def _is_whole(store: Store) -> None:
    """Every version left the stage that it had entered before, and stands where it entered last."""
    last: dict[int, str] = {}
    for number, before, after, _ in moves(store):
        assert last.get(int(str(number)), "none") == before
        last[int(str(number))] = str(after)
    placed = dict(store.query("SELECT number, stage FROM placement"))
    assert placed == {number: stage for number, stage in last.items() if stage != "none"}


_KILLED = """
import os, signal, sys
import mlops_nb as ml
from mlops_nb.registry.stages import moving, queries
from mlops_nb.store.store import choose

choose(sys.argv[1])
statement, times = getattr(queries, sys.argv[2]), int(sys.argv[3])
real = moving._move


class Dying:
    def __init__(self, connection):
        self.connection, self.seen = connection, 0

    def execute(self, sql, parameters=()):
        self.seen += sql == statement
        if self.seen == times:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.connection.execute(sql, parameters)


moving._move = lambda connection, plan: real(Dying(connection), plan)
ml.stage("m/2", "production", reason="better")
"""


@pytest.mark.parametrize(
    ("statement", "times"), [("PLACE", 1), ("RELEASE", 1), ("MOVE", 1), ("PLACE", 2), ("MOVE", 2), ("HOLD", 1)]
)
def test_a_kill_between_archiving_and_promoting_leaves_the_old_champion(store: Store, statement: str, times: int):
    versions("m", 2)
    ml.stage("m/1", "production", reason="the first")
    before = {table: store.query(f"SELECT * FROM {table}") for table in ("placement", "transition", "hold")}
    reasons = store.query("SELECT count(*) FROM reason")
    store.close()
    ended = subprocess.run(
        [sys.executable, "-c", _KILLED, str(store.folder), statement, str(times)], capture_output=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    again = open_store(store.folder)
    assert {table: again.query(f"SELECT * FROM {table}") for table in before} == before
    assert again.query("SELECT count(*) FROM reason") == reasons
    assert stands(again) == {"m/1": "production", "m/2": "none"}
    assert again.verify_audit().fault == ""
    assert ml.stage("m/2", "production", reason="now").replaced == 1
    assert stands(again) == {"m/1": "archived", "m/2": "production"}


def test_a_version_that_is_trashed_between_the_gates_and_the_move_is_not_promoted(store: Store, monkeypatch):
    versions("m", 2)
    ml.stage("m/1", "production", reason="the first")
    real = moving._checked

    def and_then_it_is_trashed(*args):
        found = real(*args)
        ml.trash("m/2", kind="version")
        return found

    monkeypatch.setattr(moving, "_checked", and_then_it_is_trashed)
    before = moves(store)
    with pytest.raises(Refused, match="m/2 is in the trash; try: %restore m/2"):
        ml.stage("m/2", "production", reason="better")
    assert moves(store) == before
    assert ml.stages("m").production.ref == "m/1"


@pytest.mark.parametrize(("name", "kind"), [("m/1", "version"), ("m", "model")])
def test_a_version_that_is_promoted_while_it_is_trashed_stays(store: Store, monkeypatch, name: str, kind: str):
    versions("m", 1)
    real = trashing._refuse_in_use

    def and_then_it_is_promoted(*args):
        real(*args)
        ml.stage("m/1", "production", reason="better")

    monkeypatch.setattr(trashing, "_refuse_in_use", and_then_it_is_promoted)
    with pytest.raises(Refused, match=f"{kind} {name} came into use just now"):
        ml.trash(name, kind=kind)
    assert ml.stages("m").production.ref == "m/1"
    assert ml.load("m@production").C == 1


def test_a_promotion_that_no_disk_holds_changes_nothing(store: Store):
    versions("m", 2)
    ml.stage("m/1", "production", reason="the first")
    before = moves(store)
    store.write(
        lambda c: c.execute(
            "CREATE TRIGGER full BEFORE INSERT ON transition WHEN new.how = 'ungated'"
            " BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    )
    with pytest.raises(Exception, match="the disk is full"):
        ml.stage("m/2", "production", reason="better")
    assert (stands(store), moves(store)) == ({"m/1": "production", "m/2": "none"}, before)

"""Gates that people write."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, NotFound
from mlops_nb.registry.gates import own
from mlops_nb.store.store import Store

from .making import define, one, version


@pytest.fixture(autouse=True)
def no_gates_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "_own", {})


def test_it_takes_options_and_what_is_asked(store: Store):
    @ml.gate
    def weekday(asked, day: str, *, strict: bool = False):
        return day == "monday" and strict, f"{asked.version.ref} on {day}"

    version()
    define("weekday monday strict=true")
    found = one("m/1", "weekday")
    assert (found.verdict, found.says) == ("pass", "m/1 on monday")
    with pytest.raises(InvalidInput, match="says no day"):
        define("weekday")


def test_what_can_be_none_is_refused():
    with pytest.raises(InvalidInput, match="there is a gate 'load' already"):

        @ml.gate
        def load(asked): ...

    with pytest.raises(InvalidInput, match="takes nothing"):

        @ml.gate
        def mine(): ...

    for thing in (3, None, lambda asked: True):
        with pytest.raises(InvalidInput, match="is no function with a name"):
            ml.gate(thing)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Installs a package with one gate."""

    def install(code: str) -> None:
        site = tmp_path / "site"
        (site / "gates_pkg-1.dist-info").mkdir(parents=True)
        (site / "gates_pkg-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: gates-pkg\nVersion: 1\n")
        (site / "gates_pkg-1.dist-info" / "entry_points.txt").write_text(
            "[mlops_nb.gates]\ncarbon = gates_pkg:carbon\nload = gates_pkg:carbon\n"
        )
        (site / "gates_pkg.py").write_text(code)
        monkeypatch.syspath_prepend(str(site))
        monkeypatch.delitem(sys.modules, "gates_pkg", raising=False)

    return install


def test_an_installed_package_brings_one(store: Store, package):
    package("def carbon(asked, *, at_most: float):\n    return at_most > 1, 'little'\n")
    version()
    define("carbon at_most=2")
    assert one("m/1", "carbon").says == "little"
    define("load")
    assert one("m/1", "load").says == "the file is whole and opens"  # the house's own, whatever a package says
    with pytest.raises(NotFound, match="did you mean 'carbon'"):
        define("karbon")


@pytest.mark.parametrize("code", ["raise RuntimeError('broken')", "raise SystemExit(3)", "import nothing_like_it"])
def test_one_that_can_not_be_imported_is_closed(store: Store, package, code: str, monkeypatch: pytest.MonkeyPatch):
    version()
    monkeypatch.setitem(own._own, "carbon", lambda asked: True)
    define("carbon")
    own._own.clear()
    package(code)
    found = one("m/1", "carbon")
    assert found.verdict == "insufficient"

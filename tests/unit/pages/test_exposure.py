"""Who may look at the dashboard, under which names it is known, and how often somebody may guess a password."""

from __future__ import annotations

import pytest

from mlops_nb.pages.attempts import OF_ADDRESS, OF_NAME, Attempts
from mlops_nb.pages.settings import Settings, is_loopback


def test_guesses_are_capped_by_name_and_address_and_by_address():
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    assert [attempts.take("ada", "1.1.1.1") for _ in range(OF_NAME + 2)] == [True] * OF_NAME + [False] * 2
    assert attempts.take("ada", "2.2.2.2"), "nobody keeps ada out by guessing from elsewhere"
    assert sum(attempts.take(f"n{i}", "1.1.1.1") for i in range(50)) == OF_ADDRESS - OF_NAME
    now[0] = 61.0
    assert attempts.take("ada", "1.1.1.1")
    for _ in range(50):
        assert attempts.take("eve", "3.3.3.3")
        attempts.succeeded("eve", "3.3.3.3")


def test_a_flood_of_names_does_not_fill_the_memory():
    attempts = Attempts(lambda: 0.0)
    for i in range(25_000):
        attempts.take(f"name {i}", f"address {i}")
    assert len(attempts._seen) <= 10_002


@pytest.mark.parametrize(
    ("settings", "exposed", "guests"),
    [
        (Settings(), False, True),
        (Settings(host="localhost"), False, True),
        (Settings(host="127.8.8.8"), False, True),
        (Settings(host="0.0.0.0"), True, False),
        (Settings(host="mybox"), True, False),
        (Settings(behind_proxy=True), True, False),
        (Settings(origins=("mlops.example.org",)), True, False),
        (Settings(origins=("localhost:9000",)), False, True),
        (Settings(host="0.0.0.0", guests=True), True, True),
    ],
)
def test_who_may_look(settings: Settings, exposed: bool, guests: bool):
    assert (settings.exposed, settings.guests_may_look) == (exposed, guests)


def test_the_names_and_origins_that_are_its_own():
    assert Settings().names() == ("127.0.0.1", "localhost")
    assert Settings().websocket_origins(5006) == ["127.0.0.1:5006", "localhost:5006"]
    told = Settings(origins=("MLOPS.example.org", "box:8443"))
    assert told.websocket_origins(80) == ["127.0.0.1:80", "localhost:80", "mlops.example.org", "box:8443"]
    assert told.names()[2:] == ("mlops.example.org", "box")
    assert "127.0.0.1" in Settings(host="0.0.0.0").names()
    assert not is_loopback("127.0.0.1.evil.example")

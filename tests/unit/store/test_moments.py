"""Moments as people type them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from mlops_nb.errors import InvalidInput
from mlops_nb.store import moments

BERLIN = ZoneInfo("Europe/Berlin")
DAY_US = 86_400_000_000


def _us(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[misc,arg-type]


def test_a_date_is_the_whole_day_in_its_zone():
    assert moments.span("2026-05-03", BERLIN) == (_us(2026, 5, 2, 22), _us(2026, 5, 3, 22))
    spring = moments.span("2026-03-29", BERLIN)
    assert spring.after - spring.first == DAY_US - 3_600_000_000
    assert moments.span("9999-12-31", UTC).first == _us(9999, 12, 31)


def test_a_moment_is_one_microsecond():
    assert moments.span("2026-05-03T14:00", BERLIN) == (_us(2026, 5, 3, 12), _us(2026, 5, 3, 12) + 1)
    assert moments.span(" 2026-05-03 14:00+05:00 ", BERLIN).first == _us(2026, 5, 3, 9)


@pytest.mark.parametrize(("text", "seconds"), [("-30s", 30), ("-2h", 7_200), ("-7d", 604_800), ("-1w", 604_800)])
def test_a_span_before_now(text: str, seconds: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(moments, "now_us", lambda: 2_000_000_000_000_000)
    assert moments.span(text).first == 2_000_000_000_000_000 - seconds * 1_000_000


def test_a_long_span_is_ever():
    assert moments.span("-999999w").first == 0


@pytest.mark.parametrize("text", ["", "soon", "-7", "-x", "7d", "2026-13-01", "2026-05-03T25:00", "١٢", "0001-01-01T"])
def test_no_moment(text: str):
    with pytest.raises(InvalidInput, match="is no moment") as refused:
        moments.span(text)
    assert len(str(refused.value).splitlines()) == 1


def test_an_hour_that_came_twice_or_never_is_refused_with_both():
    with pytest.raises(InvalidInput, match=r"came twice in Europe/Berlin.*2026-10-25T00:30.*or 2026-10-25T01:30"):
        moments.span("2026-10-25T02:30", BERLIN)
    with pytest.raises(InvalidInput, match="never came in Europe/Berlin"):
        moments.span("2026-03-29T02:30", BERLIN)

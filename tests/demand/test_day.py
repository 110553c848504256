"""A day made of logs: rates conserve requests, hours a day, folding, scales, faults."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from planner.demand.day import DayChoices, DemandDay, build_demand_day
from planner.demand.day_levels import BinOrder
from planner.errors import DataError
from profiles.request_logs.pipeline import LogSource, import_request_logs
from profiles.request_logs.record import LogLabel, RateWindows, RequestLog
from tests.support.paths import SHARED
from tests.support.scenarios.log_files import hourly_csv_text, rate_table_text

AZURE = SHARED / "data/azure"
CHAT, CODE = (100, 400, 410, 120, 110, 405), (50, 50, 10, 10, 50, 12)


def log_of(path: Path, text: str) -> RequestLog | RateWindows:
    path.write_text(text)
    return import_request_logs([LogSource(path)], LogLabel.CLASS).log


@pytest.fixture
def log(tmp_path: Path) -> RequestLog:
    found = log_of(tmp_path / "log.csv", hourly_csv_text({"chat": CHAT, "code": CODE}))
    assert isinstance(found, RequestLog)
    return found


def offered(day: DemandDay) -> np.ndarray:
    """(C,) requests of a day by its levels' hours and means."""
    return sum(level.hours * 3600 * np.array(level.means) for level in day.levels)


def test_hours_and_means_conserve_every_request(log: RequestLog) -> None:
    for count in (1, 2, 3, 6):
        day = build_demand_day(log, DayChoices(levels=count))
        assert len(day.levels) == count
        assert sum(level.hours for level in day.levels) == pytest.approx(24.0)
        # The log has 6 of 24 hours; of the two requests that mark its ends one is in a bin.
        assert offered(day) == pytest.approx([4 * (sum(CHAT) + 1), 4 * sum(CODE)])
        assert [one.rate for one in day.classes] == pytest.approx(offered(day) / 86_400)


def test_two_levels_are_the_busy_and_the_quiet_hours(log: RequestLog) -> None:
    day = build_demand_day(log, DayChoices(levels=2))
    assert day.bin_levels.tolist() == [0, 1, 1, 0, 0, 1]
    assert [level.hours for level in day.levels] == pytest.approx([12.0, 12.0])
    low, high = day.levels
    assert low.rates == pytest.approx((120 / 3600, 50 / 3600))
    assert high.rates == pytest.approx((410 / 3600, 50 / 3600))
    assert day.excess[1] == pytest.approx(
        3 * (120 + 50 + 410 + 50) / (sum(CHAT) + sum(CODE) + 1) - 1
    )
    assert day.above == 0
    assert list(day.excess) == sorted(day.excess, reverse=True)


def test_quantile_and_scale(log: RequestLog) -> None:
    day = build_demand_day(log, DayChoices(levels=1, quantile=0.5, scale=10.0))
    assert day.levels[0].rates == pytest.approx((10 * 120 / 3600, 10 * 12 / 3600), rel=0.02)
    assert day.above > 0.3
    assert offered(day) == pytest.approx([40 * (sum(CHAT) + 1), 40 * sum(CODE)])


def test_token_means_are_of_each_class(log: RequestLog) -> None:
    day = build_demand_day(log, DayChoices())
    for c, one in enumerate(day.classes):
        mine = log.input_tokens[log.labels == log.names.index(one.name)]
        assert one.input_tokens == pytest.approx(mine.mean())
        assert one.output_tokens == 20
        assert day.levels[0].rates[c] > 0
    assert day.all_requests is not None
    assert day.all_requests.requests == log.times.size - 1  # the last one ends the last bin


def test_classes_are_chosen_or_made_by_length(log: RequestLog) -> None:
    day = build_demand_day(log, DayChoices(classes={"code": "x"}))
    assert [one.name for one in day.classes] == ["x"]
    lengths = build_demand_day(log, DayChoices(length_borders=(103.0,)))
    assert [one.name for one in lengths.classes] == ["input-to-103", "input-above-103"]
    assert sum(offered(lengths)) == pytest.approx(sum(offered(build_demand_day(log, DayChoices()))))


def test_bins_of_the_same_hour_share_a_level(tmp_path: Path) -> None:
    log = log_of(tmp_path / "r.csv", rate_table_text(hours=72))
    day = build_demand_day(log, DayChoices(order=BinOrder.HOUR_OF_DAY, levels=2))
    assert day.bins.starts.size == 72
    assert day.bin_levels.reshape(3, 24).tolist() == [[0] * 12 + [1] * 12] * 3
    assert [level.hours for level in day.levels] == pytest.approx([12.0, 12.0])
    assert day.levels[1].rates == (8.0, 2.0)
    # Windows weigh by their rates: 100 tokens at 4 req/s, 200 at 8 req/s.
    assert day.classes[0].input_tokens == pytest.approx((100 * 4 + 200 * 8) / 12)
    assert day.classes[0].burstiness is None


def test_periods_are_in_the_order_of_time(tmp_path: Path) -> None:
    log = log_of(tmp_path / "r.csv", rate_table_text(hours=72))
    choices = DayChoices(order=BinOrder.PERIOD, levels=3, utc_offset_s=6 * 3600.0)
    day = build_demand_day(log, choices)
    # Rates double at 12:00, which is 18:00 there.
    assert [level.name for level in day.levels] == ["06:00-18:00", "18:00-06:00"]
    assert [level.hours for level in day.levels] == pytest.approx([12.0, 12.0])
    assert [level.rates[0] for level in day.levels] == [4.0, 8.0]
    one = build_demand_day(log, replace(choices, levels=1))
    assert [level.name for level in one.levels] == ["00:00-24:00"]
    many = DayChoices(order=BinOrder.PERIOD, bin_s=300.0)
    requests = log_of(tmp_path / "l.csv", hourly_csv_text({"chat": (60,) * 24}))
    with pytest.raises(DataError, match="288 bins, more than 144"):
        build_demand_day(requests, many)


def test_what_does_not_go_together_is_refused(tmp_path: Path, log: RequestLog) -> None:
    table = log_of(tmp_path / "r.csv", rate_table_text())
    with pytest.raises(DataError, match="no single prompts"):
        build_demand_day(table, DayChoices(length_classes=2))
    silent = log_of(tmp_path / "s.csv", rate_table_text(classes={"a": 0.0}))
    with pytest.raises(DataError, match="nothing arrives"):
        build_demand_day(silent, DayChoices())
    with pytest.raises(DataError, match="a rate is above"):
        build_demand_day(log, DayChoices(scale=1e12))
    rare = log_of(tmp_path / "q.csv", "time_s\n0\n0.5\n30\n")
    with pytest.raises(DataError, match="planned for 0 req/s"):
        build_demand_day(rare, DayChoices(bin_s=1.0, quantile=0.1, levels=1))
    with pytest.raises(DataError, match="at one time"):
        build_demand_day(replace(log, times=np.full(log.times.size, 3.0)), DayChoices())


@pytest.mark.skipif(not AZURE.exists(), reason="no shared data beside this checkout")
def test_the_azure_hour_in_bins_of_five_minutes() -> None:
    sources = [
        LogSource(AZURE / f"azure2023_{name}.csv", new)
        for name, new in (("conv", "chat"), ("code", "code"))
    ]
    log = import_request_logs(sources, LogLabel.CLASS).log
    day = build_demand_day(log, DayChoices(bin_s=300.0))
    assert len(day.levels) == 4
    assert [round(one.input_tokens or 0) for one in day.classes] == [1155, 2048]
    code = day.classes[1].burstiness
    assert code is not None
    assert code.is_bursty
    assert max(level.rates[0] for level in day.levels) == pytest.approx(2239 / 300)

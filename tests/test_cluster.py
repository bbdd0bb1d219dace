import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import cluster
from benchmarks.cluster import Costs, served, simulated, stations

COSTS = Costs(
    trials=100,
    worker=0.5,
    cut=0.0002,
    found=0.0006,
    put=0.002,
    tabled=0.003,
    checked=0.004,
    sent=1_000_000,
    kept=500,
    rows=180.0,
)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50), st.floats(0, 10))
def test_a_station_serves_one_after_another(gaps, seconds):
    arrivals, expected, free = np.cumsum(gaps), [], 0.0
    for arrival in arrivals:
        free = max(free, arrival) + seconds
        expected.append(free)
    assert served(arrivals, seconds) == pytest.approx(expected)


@pytest.fixture
def steady(monkeypatch):
    monkeypatch.setattr(cluster, "JITTER", 0.0)


@pytest.mark.usefixtures("steady")
@pytest.mark.parametrize(
    ("cores", "task", "network", "expected"),
    [
        (1, 1e-9, 1e12, 100 / 0.5),  # a worker
        (10, 1e-9, 1e12, 10 * 100 / 0.5),  # workers
        (1000, 0.02, 1e12, 100 / 0.02),  # the scheduler
        (1000, 1e-9, 1e7, 100 / 0.1),  # the network
        (1000, 1e-9, 1e12, 100 / 0.006),  # the client
    ],
)
def test_the_slowest_station_sets_the_pace(cores, task, network, expected):
    assert simulated(COSTS, cores, task, network, 20_000).rate == pytest.approx(expected, rel=0.06)


@pytest.mark.usefixtures("steady")
def test_workers_rest_for_a_slow_scheduler_and_not_for_a_slow_client():
    slow = simulated(COSTS, 100, 0.02, 1e12, 20_000)
    assert slow.busy == pytest.approx(0.25, rel=0.02)
    assert slow.held < 0.01
    behind = simulated(COSTS, 1000, 1e-9, 1e12, 20_000)
    assert behind.busy > 0.95
    # 2,000 chunks a second come from the workers, of which the client takes 1 / 0.006.
    assert behind.held == pytest.approx(1 - (1 / 0.006) / 2000, abs=0.05)


def test_stations_are_full_where_their_time_equals_that_of_the_workers():
    found = stations(COSTS, 0.001, 1e8)
    assert found == pytest.approx({"scheduler": 500, "network": 50, "client": 0.5 / 0.006})
    assert COSTS.merged == pytest.approx(0.0074)


def test_a_shard_trains_its_part_and_cuts_the_whole_plan():
    assert COSTS.shard(1000, 1) == pytest.approx(1000 * (0.0008 + 0.5026))
    assert COSTS.shard(1000, 100) == pytest.approx(1000 * 0.0008 + 10 * 0.5026)

import pytest

from benchmarks import cluster
from benchmarks.cluster import Costs, simulated, stations

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
        (1000, 1e-9, 1e12, 100 / 0.0058),  # the client
    ],
)
def test_the_slowest_station_sets_the_pace(cores, task, network, expected):
    assert simulated(COSTS, cores, task, network, 20_000).rate == pytest.approx(expected, rel=0.06)


@pytest.mark.usefixtures("steady")
def test_workers_rest_for_a_slow_scheduler_and_for_a_slow_client():
    slow = simulated(COSTS, 100, 0.02, 1e12, 20_000)
    assert slow.busy == pytest.approx(0.25, rel=0.02)
    assert slow.held == 1
    behind = simulated(COSTS, 1000, 1e-9, 1e12, 20_000)
    # 2,000 chunks a second could come from the workers, of which the client takes 1 / 0.0058.
    assert behind.busy == pytest.approx(1 / 0.0058 / 2000, rel=0.2)  # the last ones are still to be taken
    # Those for which there is room, and those that were handed out before.
    assert 1000 < behind.held <= 3000


def test_stations_are_full_where_their_time_equals_that_of_the_workers():
    found = stations(COSTS, 0.001, 1e8)
    assert found == pytest.approx({"scheduler": 500, "network": 50, "client": 0.5 / 0.0058})
    assert COSTS.merged == pytest.approx(0.0074)


def test_a_shard_trains_its_part_and_cuts_the_whole_plan():
    assert COSTS.shard(1000, 1) == pytest.approx(1000 * (0.0004 + 0.5026))
    assert COSTS.shard(1000, 100) == pytest.approx(1000 * 0.0004 + 10 * 0.5026)

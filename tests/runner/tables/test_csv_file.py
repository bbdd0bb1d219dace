from pathlib import Path

import numpy as np
import pytest

from runner.tables.cells import column
from runner.tables.csv_file import CsvFile
from runner.tables.manifest import digest


def test_blocks_stand_in_the_order_they_were_written(tmp_path):
    file = CsvFile(tmp_path / "t.csv", ["number", "half"])
    sizes = [5000, 0, 1, 3, 20_000, 2, 2, 2, 2, 2]
    for block in np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1]):
        file.write([column(block, "whole"), column(block / 2, "real")])
    file.close()
    rows = (tmp_path / "t.csv").read_text().splitlines()
    assert rows == ["number,half", *(f"{number},{number / 2}" for number in range(sum(sizes)))]


def test_the_hash_is_that_of_the_file(tmp_path):
    file = CsvFile(tmp_path / "t.csv", ["half"])
    for first in range(10):
        file.write([column(np.arange(first, 1000) / 2, "real")])
    file.close()
    assert file.digest == digest(tmp_path / "t.csv")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk at hand")
def test_a_full_disk_raises_though_rows_wait(tmp_path):
    (tmp_path / "t.csv").symlink_to("/dev/full")
    file = CsvFile(tmp_path / "t.csv", ["half"])
    with pytest.raises(OSError, match="No space left"):
        for _ in range(5):
            file.write([column(np.arange(10_000) / 2, "real")])
    with pytest.raises(OSError, match="No space left"):
        file.close()
    file.close()

"""What an experiment may ask for at most, all in one place.

Nothing that a file says may hang a machine or fill it: what is beyond a limit is refused while it is read, and the
message names the limit. `tests/runner/experiment/test_limits.py` holds the time and the memory that this takes.
"""

LARGEST = 1e30  # in magnitude; far inside float32, so that no number of a file is infinite in either precision
EXPERIMENT_FILE = 2**18  # bytes: Python takes a second or two for a megabyte; ranges and CSV files say more in less
CSV_FILE = 8 * 2**20  # bytes: a header alone of so many commas takes a second
DEPTH = 12  # tables and lists inside each other
CELLS = 1_000_000  # samples times inputs, and samples times outputs
PARITY = 15  # inputs of parity-N, which has 2^N samples
ENCODER = 1000  # inputs of encoder-N
HIDDEN = 4096
WEIGHTS = 1_000_000  # of one network, biases aside
SKIP = 1_000_000  # draws that an order passes over in all
EPOCHS = 1_000_000_000  # of one trial
POINTS = 1_000_000  # of a curve, of one axis, and of all axes and listed seeds together
AXES = 64  # of one grid: NumPy's arrays have no more dimensions
GRIDS = 200  # each is held against all before it
SEEDS = 2**32  # NumPy's legacy generator takes 32 bits
TRIALS = 10**10  # some months of the smallest network on one core; 10^9 are a day on a cluster

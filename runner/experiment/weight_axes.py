"""Single initial weights as axes: drawn or given first, then replaced by the axis's value.

"W1[0,1]" leads from input 0 to hidden unit 1, "W2[1,0]" from hidden unit 1 to output 0, "b1[0]" and "b2[0]" are biases.
"""

import math
import re

AS_DRAWN = math.nan  # the value of such a key in a grid that has no axis for it
PATTERN = r"^(W1|W2)\[(0|[1-9][0-9]{0,6}),(0|[1-9][0-9]{0,6})\]$|^(b1|b2)\[(0|[1-9][0-9]{0,6})\]$"


def parsed(key: str) -> tuple[str, int, int] | None:
    """The parameter, row and column that a key names (a bias is one row); None where it is no such key."""
    found = re.fullmatch(PATTERN, key)
    if found is None:
        return None
    matrix, row, column, vector, place = found.groups()
    return (matrix, int(row), int(column)) if matrix else (vector, 0, int(place))

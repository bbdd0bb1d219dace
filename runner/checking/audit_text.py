"""What an audit found, in words: what does not hold first, then how many rows came out again, and what that shows."""

import math
from typing import TYPE_CHECKING

from runner.labels import plural

if TYPE_CHECKING:
    from runner.checking.audit import Audit

_SHOWN = 20  # mismatches


def text(audit: "Audit") -> str:
    """Return the answer in lines."""
    lines = [f"{audit.path}: {'all holds' if audit.holds else 'does not hold'}"]
    lines += [f"  {finding.text}" for finding in audit.findings]
    lines += [f"  {mismatch}" for mismatch in audit.mismatches[:_SHOWN]]
    if audit.cells_wrong > _SHOWN:
        lines.append(f"  and {plural(audit.cells_wrong - _SHOWN, 'more cell')} that came out otherwise")
    return "\n".join([*lines, _rows(audit), f"checked in {audit.seconds:.1f} s"])


def _rows(audit: "Audit") -> str:
    everything = audit.sampled == audit.rows
    what = f"all {plural(audit.rows, 'row')}" if everything else f"{audit.sampled:,} of {audit.rows:,} rows"
    chosen = "" if everything else f" (--seed {audit.seed})"
    if not audit.rerun:
        return f"no row was re-run, of {what} that were to be{chosen}"
    differ = audit.wrong - (audit.sampled - audit.rerun)
    missing = f" and {audit.sampled - audit.rerun:,} not found there" if audit.rerun < audit.sampled else ""
    how = f"{differ:,} came out otherwise{missing}" if audit.wrong else "all bit for bit the same"
    if everything:
        return f"{what} re-run, {how}"
    share = f"with 95 % confidence at most {_percent(audit.most_wrong / audit.rows)} of rows are wrong"
    return f"{what} re-run{chosen}, {how}: {share}"


def _percent(share: float) -> str:
    """A share, rounded up, so that what is said of it stays true."""
    percent = 100 * share
    digits = 2 if percent >= 0.1 or not percent else 1 - math.floor(math.log10(percent))
    return f"{math.ceil(round(percent * 10**digits, 6)) / 10**digits:.{digits}f} %"

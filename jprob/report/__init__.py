"""Results to people: ArviZ trees, tables, verdicts in plain sentences, plots. ArviZ loads on first use."""

from jprob.report import plot
from jprob.report.summary import format_table, summary
from jprob.report.tree import to_datatree
from jprob.report.verdict import Verdict, verdict

__all__ = ["Verdict", "format_table", "plot", "summary", "to_datatree", "verdict"]

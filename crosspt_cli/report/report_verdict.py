"""What a report says of simpler methods, also of tasks whose record is of before there were three outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crosspt_cli.evidence.outcome import Outcome
from crosspt_cli.report.held_out_numbers import Estimate

OLD_VERDICT = (
    "An earlier crosspt onboarded this task, and took methods for as good of which the rows cannot tell. Onboard it "
    "again for a verdict."
)


@dataclass(frozen=True)
class Method:
    """A simpler method: its accuracy, its difference to the chosen candidate's, and what these rows say of that."""

    name: str
    mean: float
    se: float
    difference: Estimate
    outcome: Outcome


def read_method(name: str, record: Mapping[str, Any]) -> Method:
    """Return a method as a study's record has it.

    Intervals of earlier versions could be single points where two methods agreed on a few rows, so none of them shows
    that a method is as good.
    """
    difference = Estimate(record["difference"], *record["interval"])
    old: Outcome = "worse" if difference.high < 0 else "cannot tell"
    return Method(name, record["mean"], record["se"], difference, record.get("outcome", old))


def verdict_sentence(record: Mapping[str, Any]) -> str:
    """Return a verdict's sentence, or that an earlier version's is not to be believed."""
    known = all("outcome" in each for each in record["methods"].values())
    return record["sentence"] if known else OLD_VERDICT

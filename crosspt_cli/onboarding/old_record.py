"""Records of studies that earlier versions wrote, with what those left out."""

from __future__ import annotations

from typing import Any

from crosspt_cli.foundation.methods import MIXTURE

OLD_WHY = "the best of many looks better than it is"
OLD_VERDICT = (
    "An earlier crosspt onboarded this task, and took methods for as good of which the rows cannot tell. Onboard it "
    "again for a verdict."
)


def completed(record: dict[str, Any]) -> dict[str, Any]:
    """Return a study's record with the keys that this version writes.

    Args:
        record: of `study.json`; it stays as it is.

    Raises:
        KeyError: it is of before studies had learning curves, and nothing can be said in their place.
    """
    added = {
        "curve_left_out": False, "sources_left_out": False, "shortened": False, "pool": None, "why": OLD_WHY,
        "out_of_bag": None, "all_rows": None,
    }  # fmt: skip
    return added | record | {
        "verdict": _verdict(record["verdict"]),
        "candidates": [{"method": MIXTURE} | each for each in record["candidates"]],
        "learning_curve": {"hopeful": True} | record["learning_curve"],
    }  # fmt: skip


def _verdict(record: dict[str, Any]) -> dict[str, Any]:
    """Return a verdict with three outcomes, also of before there were three.

    Intervals of those versions could be single points where two methods agreed on a few rows, so none of them shows
    that a method is as good, and the sentence is not to be believed.
    """
    methods = record["methods"]
    if all("outcome" in each for each in methods.values()):
        return record
    return record | {
        "sentence": OLD_VERDICT,
        "methods": {name: {"outcome": _outcome(each["interval"])} | each for name, each in methods.items()},
    }


def _outcome(interval: list[float]) -> str:
    return "worse" if interval[1] < 0 else "cannot tell"

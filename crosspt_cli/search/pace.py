"""How long what is left will take on this machine, from the steps that were measured: what a time limit must keep."""

from __future__ import annotations

from dataclasses import dataclass

from crosspt_cli.foundation.errors import Argument, BudgetSpent
from crosspt_cli.search.plan import BATCH

NEWEST = 0.3  # weight of the newest step in the running mean: machines slow down and recover
ALONE = 2.0  # a trial alone takes so much longer than among many, where passes are full
READING = 0.6  # of the time of training on a row, to answer it, at most: no gradients, and a vector more
OVERHEAD_S = 0.5  # to choose, correct and save
OVERHEAD_ROW_S = 0.001  # the same for each row


@dataclass
class Pace:
    """What one step takes here: `trial_s` seconds for each trial of many, `alone_s` for a single one; 0 if unknown.

    `longer`: how many times as long rows are once candidates have been compared.
    """

    trial_s: float = 0.0
    alone_s: float = 0.0
    longer: float = 1.0

    def measured(self, seconds: float, trials: int, on_cpu: bool) -> None:
        """Learn from a step that took so long for so many trials; a GPU takes as long for one as for all."""
        trial = seconds / trials
        alone = min(seconds, ALONE * trial) if on_cpu else seconds
        weight = NEWEST if self.trial_s else 1.0
        self.trial_s += weight * (trial - self.trial_s)
        self.alone_s += weight * (alone - self.alone_s)

    def scoring_s(self, rows: float) -> float:
        """Return how long it takes to answer so many rows, each under a prompt, as candidates read them."""
        return rows * READING * self.trial_s / BATCH

    def answering_s(self, rows: float) -> float:
        """Return how long it takes to answer so many rows in full, each under a prompt."""
        return self.longer * self.scoring_s(rows)

    def training_s(self, trials: int, steps: int) -> float:
        """Return how long it takes to train so many trials together, so many steps each."""
        return steps * max(self.alone_s, trials * self.trial_s)

    def final_fit_s(self, steps: int, rows: int) -> float:
        """Return how long it takes to train one prompt on all rows, answer them, and save the task."""
        return self.longer * self.training_s(1, steps) + self.answering_s(rows) + OVERHEAD_S / 2

    def conclusions_s(self, rows: int) -> float:
        """Return how long it takes to say what a choice is worth, once all is answered, of so many rows."""
        return OVERHEAD_S + OVERHEAD_ROW_S * rows


def time_is_up() -> BudgetSpent:
    """Return the error for a limit that left no time to train."""
    return BudgetSpent(
        Argument("max_seconds"),
        "the time was up before the first training step.",
        "Allow more time; `plan_onboarding` says how long it may take.",
        typed="Allow more time; --dry-run says how long it may take.",
    )

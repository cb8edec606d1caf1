"""Below which confidence a task gives no answer: as the person says, or as its held-out rows can promise."""

from __future__ import annotations

from crosspt_cli.answering.adapting import no_promise
from crosspt_cli.evidence.promise import Promise, find_promise
from crosspt_cli.foundation.errors import Argument, OptionError
from crosspt_cli.onboarding.fitted import FittedTask


def find_limit(
    fitted: FittedTask, abstain_below: float | None, target_accuracy: float | None, adapt: bool = False
) -> tuple[float, Promise | None]:
    """Return the confidence below which there is no answer, and what is promised of the others if anything is.

    Args:
        fitted: the task.
        abstain_below: the confidence itself; at most one of the two is given, and with neither all is answered.
        target_accuracy: how often the answers given are to be right.
        adapt: whether the task is adapted to the rows it answers.

    Raises:
        OptionError: both were given, one has no meaning, or the accuracy cannot be promised.
    """
    if abstain_below is not None and target_accuracy is not None:
        problem = "was given beside a confidence to abstain below."
        raise OptionError(Argument("target_accuracy"), problem, "Leave one of them out.")
    if target_accuracy is not None:
        if adapt:
            raise no_promise()
        promise = promise_of(fitted, target_accuracy)
        return promise.threshold, promise
    if not 0 <= (abstain_below or 0.0) <= 1:
        raise OptionError(Argument("abstain_below"), f"is {abstain_below:g}, but must lie between 0 and 1.")
    return abstain_below or 0.0, None


def promise_of(fitted: FittedTask, target_accuracy: float) -> Promise:
    """Return from which confidence on the task's answers are right with the accuracy wanted.

    Raises:
        OptionError: the accuracy cannot be promised.
    """
    return find_promise(fitted.held_out, target_accuracy)

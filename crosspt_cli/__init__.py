"""crosspt: onboard a text-classification task from a CSV with a few dozen labelled rows.

The names below do what the commands do and return the same values. They are imported on first use, so that
``import crosspt_cli`` and the light commands stay fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from crosspt_cli.foundation.waiting import wait_briefly

if TYPE_CHECKING:  # what editors and type checkers see
    from crosspt_cli.answering.predict import Prediction, Predictor, predict
    from crosspt_cli.answering.suggest import Suggestions, suggest
    from crosspt_cli.checking.check_file import FileCheck, check_file
    from crosspt_cli.data import read_csv
    from crosspt_cli.foundation.errors import CrossptError
    from crosspt_cli.onboarding.fitted import FittedTask, load_fitted
    from crosspt_cli.onboarding.onboard import Onboarded, onboard
    from crosspt_cli.onboarding.planning import OnboardingPlan, plan_onboarding
    from crosspt_cli.pretraining.pretrain import pretrain
    from crosspt_cli.registry import Registry, open_registry
    from crosspt_cli.report.page import report_page
    from crosspt_cli.report.report_data import make_report

    __version__: str

_HOMES = {
    "CrossptError": "crosspt_cli.foundation.errors",
    "FileCheck": "crosspt_cli.checking.check_file",
    "FittedTask": "crosspt_cli.onboarding.fitted",
    "Onboarded": "crosspt_cli.onboarding.onboard",
    "OnboardingPlan": "crosspt_cli.onboarding.planning",
    "Prediction": "crosspt_cli.answering.predict",
    "Predictor": "crosspt_cli.answering.predict",
    "Registry": "crosspt_cli.registry",
    "Suggestions": "crosspt_cli.answering.suggest",
    "check_file": "crosspt_cli.checking.check_file",
    "load_fitted": "crosspt_cli.onboarding.fitted",
    "make_report": "crosspt_cli.report.report_data",
    "onboard": "crosspt_cli.onboarding.onboard",
    "open_registry": "crosspt_cli.registry",
    "plan_onboarding": "crosspt_cli.onboarding.planning",
    "predict": "crosspt_cli.answering.predict",
    "pretrain": "crosspt_cli.pretraining.pretrain",
    "read_csv": "crosspt_cli.data",
    "report_page": "crosspt_cli.report.page",
    "suggest": "crosspt_cli.answering.suggest",
}
__all__ = [
    "CrossptError",
    "FileCheck",
    "FittedTask",
    "Onboarded",
    "OnboardingPlan",
    "Prediction",
    "Predictor",
    "Registry",
    "Suggestions",
    "__version__",
    "check_file",
    "load_fitted",
    "make_report",
    "onboard",
    "open_registry",
    "plan_onboarding",
    "predict",
    "pretrain",
    "read_csv",
    "report_page",
    "suggest",
]

wait_briefly()  # here, because nothing of the package is imported before, and so no torch either


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("crosspt_cli.foundation.version").version()
    if name not in _HOMES:
        raise AttributeError(f"module 'crosspt_cli' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

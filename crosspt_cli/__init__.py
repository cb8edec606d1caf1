"""crosspt: onboard a text-classification task from a CSV with a few dozen labelled rows.

The names below do what the commands do and return the same values. They are imported on first use, so that
``import crosspt_cli`` and the light commands stay fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "CrossptError": "crosspt_cli.foundation.errors",
    "FittedTask": "crosspt_cli.onboarding.fitted",
    "Onboarded": "crosspt_cli.onboarding.onboard",
    "Prediction": "crosspt_cli.onboarding.predict",
    "Predictor": "crosspt_cli.onboarding.predict",
    "Registry": "crosspt_cli.registry",
    "check_file": "crosspt_cli.onboarding.check_file",
    "load_fitted": "crosspt_cli.onboarding.fitted",
    "make_report": "crosspt_cli.onboarding.report_data",
    "onboard": "crosspt_cli.onboarding.onboard",
    "open_registry": "crosspt_cli.registry",
    "plan_onboarding": "crosspt_cli.onboarding.onboard",
    "predict": "crosspt_cli.onboarding.predict",
    "pretrain": "crosspt_cli.onboarding.pretrain",
    "read_csv": "crosspt_cli.data",
    "report_page": "crosspt_cli.report.page",
    "suggest": "crosspt_cli.onboarding.suggest",
}
__all__ = sorted(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'crosspt_cli' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

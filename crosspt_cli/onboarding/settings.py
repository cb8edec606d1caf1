"""What a person may choose about an onboarding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crosspt_cli.foundation.arguments import check_mapping
from crosspt_cli.foundation.errors import Argument, OptionError
from crosspt_cli.foundation.methods import MIXTURE


@dataclass(frozen=True)
class Settings:
    """Everything a person may choose about an onboarding; `onboard` explains each."""

    text_cols: tuple[str, ...] = ()
    unlabelled: tuple[str, ...] = ()
    ignore_unlabelled: bool = False
    name: str | None = None
    template: str | None = None
    label_map: Mapping[str, str] | None = None
    label_words: Mapping[str, str] | None = None
    backbone: str | None = None
    budget: str = "normal"
    max_seconds: float | None = None
    folds: int | None = None
    ms: tuple[int, ...] | None = None
    lr_ratios: tuple[float, ...] | None = None
    prompt_layer: int | None = None
    method: str = MIXTURE
    readout: str = "auto"
    drop_rare: bool = False
    replace: bool = False
    device: str = "auto"
    dtype: str = "auto"
    seed: int = 0

    def check(self) -> None:
        """Raise unless every number can be used.

        Raises:
            OptionError: one cannot; names its option.
        """
        check_mapping("label_words", self.label_words)
        if self.folds is not None and self.folds < 2:
            raise OptionError(Argument("folds"), f"is {self.folds}, but must be at least 2.")
        if self.ms is not None and any(m < 0 for m in self.ms):
            raise OptionError(Argument("ms"), f"has {min(self.ms)}, but numbers of sources are 0 or more.")
        if self.lr_ratios is not None and any(not 0 <= ratio <= 10 for ratio in self.lr_ratios):
            hint, typed = "Pass for example (0, 0.1, 1).", "Pass for example --lr-ratios 0,0.1,1."
            raise OptionError(Argument("lr_ratios"), "must lie between 0 and 10.", hint, typed)
        if self.max_seconds is not None and self.max_seconds <= 0:
            hint, typed = "Pass for example 600.", "Pass for example --max-time 10m."
            raise OptionError(Argument("max_seconds"), "must be more than nothing.", hint, typed)

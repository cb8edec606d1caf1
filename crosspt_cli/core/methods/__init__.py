"""The methods: what is a trial's own, and how it becomes a prompt. One module each, one line each in the table."""

from crosspt_cli.core.methods.layers import Layers
from crosspt_cli.core.methods.method import Group, Method, Mixed, Start
from crosspt_cli.core.methods.mixture import Mixture
from crosspt_cli.foundation.errors import Argument, OptionError

METHODS: dict[str, type[Method]] = {
    "mixture": Mixture,
    "layers": Layers,
}
"""Name → method; the first is what a budget tries where no other is asked for."""


def find_method(name: str) -> type[Method]:
    """Return the method of that name.

    Raises:
        OptionError: there is none.
    """
    if name not in METHODS:
        raise OptionError(Argument("method"), f"is {name!r}, but must be one of {', '.join(METHODS)}.")
    return METHODS[name]


__all__ = ["METHODS", "Group", "Method", "Mixed", "Start", "find_method"]

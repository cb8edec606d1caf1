"""The methods: what is a trial's own, and how it becomes a prompt. One module each, one line each in the table."""

from crosspt_cli.core.methods.decomposed import Decomposed
from crosspt_cli.core.methods.layers import Layers
from crosspt_cli.core.methods.method import Group, Method, Mixed, Start
from crosspt_cli.core.methods.mixture import Mixture
from crosspt_cli.core.methods.mixture_decomposed import MixtureDecomposed

METHODS: dict[str, type[Method]] = {
    "mixture": Mixture,
    "layers": Layers,
    "decomposed": Decomposed,
    "mixture-decomposed": MixtureDecomposed,
}
"""Name → what trains it; `foundation/methods.py` says of each what it is."""

__all__ = ["METHODS", "Group", "Method", "Mixed", "Start"]

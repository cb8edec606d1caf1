"""The methods: what is a trial's own, and how it becomes a prompt. One module each, one line each in the table."""

from crosspt_cli.core.methods.decomposed import Decomposed
from crosspt_cli.core.methods.encoded import Encoded
from crosspt_cli.core.methods.layers import Layers
from crosspt_cli.core.methods.learned_sources import LearnedSources
from crosspt_cli.core.methods.method import Group, Method, Mixed, Start
from crosspt_cli.core.methods.mixture import Mixture
from crosspt_cli.core.methods.mixture_decomposed import MixtureDecomposed
from crosspt_cli.core.methods.multiplied import Multiplied
from crosspt_cli.core.methods.residual import Residual
from crosspt_cli.core.methods.router import Router
from crosspt_cli.core.methods.transfer import Transfer

METHODS: dict[str, type[Method]] = {
    "mixture": Mixture,
    "layers": Layers,
    "decomposed": Decomposed,
    "mixture-decomposed": MixtureDecomposed,
    "residual": Residual,
    "encoded": Encoded,
    "learned-sources": LearnedSources,
    "multiplied": Multiplied,
    "router": Router,
    "transfer": Transfer,
}
"""Name → what trains it; `foundation/methods.py` says of each what it is."""

__all__ = ["METHODS", "Group", "Method", "Mixed", "Start"]

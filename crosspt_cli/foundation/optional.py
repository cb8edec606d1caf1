"""Libraries that only some people need: who lacks one is told what to type."""

from __future__ import annotations

from importlib import import_module

from crosspt_cli.foundation.errors import NotInstalled

EXTRA = "pip install 'crosspt[hub]'"


def require_hub_extra(where: str, what: str, *libraries: str) -> None:
    """Return if these libraries, which the extra `hub` brings, can be imported.

    Args:
        where: what the person asked for.
        what: that in words, as they stand before "needs".
        libraries: names of modules.

    Raises:
        NotInstalled: one is missing.
    """
    for library in libraries:
        try:
            import_module(library)
        except ImportError as error:
            problem = f"{what} needs the library {library}, which cannot be imported ({error})."
            raise NotInstalled(where, problem, EXTRA) from error

"""The version of crosspt that is installed: the one place that knows where it stands."""

from __future__ import annotations


def version() -> str:
    """Return the installed version, from the package's metadata."""
    from importlib import metadata  # inside: what only imports crosspt need not wait for it

    try:
        return metadata.version("crosspt")
    except metadata.PackageNotFoundError:
        return "unknown"  # a checkout on the path, never installed

"""`crosspt methods`: the ways to train a task's prompt, for `add-task --method`."""

from __future__ import annotations

from dataclasses import asdict, replace

import click

from crosspt_cli.cli.groups import Group
from crosspt_cli.cli.options import json_option
from crosspt_cli.cli.output import emit, emit_json
from crosspt_cli.foundation.methods import ANY, METHODS, MINI, About


@click.group(cls=Group)
def methods() -> None:
    """Show the methods by which prompts are trained."""


@methods.command("list")
@json_option
def list_all(as_json: bool) -> None:
    """List the methods, how many numbers each trains for a task, and which these are."""
    from crosspt_cli.report.listing import aligned

    if as_json:
        found = [
            {
                "name": name,
                "parameters": parameters(each),
                "most_sources": None if each.most_sources == ANY else each.most_sources,
                "trained": each.trained,
                "source": each.source,
            }
            for name, each in METHODS.items()
        ]
        emit_json({"sizes": asdict(MINI), "methods": found})
        return
    rows = [(name, f"{parameters(each):,}", each.trained, each.source) for name, each in METHODS.items()]
    emit(aligned([("method", "parameters", "what a task trains", "source"), *rows]))
    emit(
        f"\nParameters are those of a prompt of {MINI.tokens} tokens of width {MINI.width}, as mini has them, and of "
        f"{MINI.sources} source prompts\nwhere a method may use as many."
    )


def parameters(method: About) -> int:
    """Return how many numbers a task trains, with `MINI`'s sizes."""
    return method.parameters(replace(MINI, sources=min(MINI.sources, method.most_sources)))

"""Commands that hold commands."""

from __future__ import annotations

import click

from crosspt_cli.cli.output import emit


class Group(click.Group):
    """A group that, without a command, prints its help and ends well: who types its name asks what there is."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options that stand before the command."""
        if not args and not ctx.resilient_parsing:
            emit(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)

"""`crosspt templates`: how rows are put to the backbone, and the words it answers with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crosspt_cli.cli.completion import complete_files, complete_templates
from crosspt_cli.cli.groups import Group
from crosspt_cli.cli.options import backbone_option, json_option, label_col_option, label_words_option, text_col_option
from crosspt_cli.cli.output import emit, emit_json, say_all
from crosspt_cli.cli.values import Labels
from crosspt_cli.foundation.errors import OptionError

if TYPE_CHECKING:
    from crosspt_cli.core.tokenizer import Tokenizer
    from crosspt_cli.data import Examples
    from crosspt_cli.tasks import LabelCheck, Template


@click.group(cls=Group)
def templates() -> None:
    """Show the shipped templates; check one of your own."""


@templates.command("list")
@json_option
def list_all(as_json: bool) -> None:
    """List the shipped templates."""
    from crosspt_cli.report.listing import aligned
    from crosspt_cli.tasks import list_templates

    found = list_templates()
    if as_json:
        emit_json({"templates": [{"name": t.name, "fields": t.fields or "any", "about": t.about} for t in found]})
    else:
        rows = [(template.name, str(template.fields or "any"), template.about) for template in found]
        emit(aligned([("template", "texts", "about"), *rows]))


@templates.command()
@click.argument("template", metavar="NAME|FILE", shell_complete=complete_templates)
@json_option
def show(template: str, as_json: bool) -> None:
    """Print a template, as a start for your own."""
    from pathlib import Path

    from crosspt_cli.tasks import load_template

    loaded = load_template(template)
    if as_json:
        emit_json(template_dict(loaded))
    else:
        emit(Path(loaded.path).read_text(encoding="utf-8-sig").rstrip())


def template_dict(template: Template) -> dict[str, Any]:
    """Return a template for scripts, with the keys of its file."""
    import yaml

    from crosspt_cli.tasks import dump_template

    return yaml.safe_load(dump_template(template))


@templates.command()
@click.argument("template", metavar="NAME|FILE", shell_complete=complete_templates)
@click.argument("csv", required=False, shell_complete=complete_files)
@click.option("--labels", type=Labels(), metavar="A,B,…", help="The labels to answer with.")
@label_words_option
@label_col_option
@text_col_option
@backbone_option(
    "TEMPLATES_CHECK", help="Whose tokenizer to use: a registry name, a folder or a hub id.  [default: mini]"
)
@json_option
def check(
    template: str,
    csv: str | None,
    labels: tuple[str, ...] | None,
    label_words: dict[str, str] | None,
    label_col: str | None,
    text_cols: tuple[str, ...],
    backbone: str | None,
    as_json: bool,
) -> None:
    """Show how a template's label words are tokenised.

    The labels are those of --labels, or those of CSV's --label-col, or else the ones the template knows.
    """
    from crosspt_cli.reading.tokenizer import open_tokenizer
    from crosspt_cli.registry import Registry
    from crosspt_cli.tasks import check_template, fit_template, load_template

    loaded, notices = load_template(template), tuple[str, ...]()
    if csv is not None:
        examples = labelled(csv, label_col, text_cols, labels)
        loaded, labels = fit_template(loaded, examples.text_columns), examples.classes
        notices = tuple(notice.text for notice in examples.notices)
    tokenizer = open_tokenizer(backbone, Registry.open())
    checks = check_template(loaded, labels or (), tokenizer.tokenize, label_words, tokenizer.unknown)
    say_all(notices, as_json)
    show_checks(loaded, checks, tokenizer, as_json)


def labelled(csv: str, label_col: str | None, text_cols: tuple[str, ...], labels: Any) -> Examples:
    """Return the rows of the file beside a template.

    Raises:
        OptionError: the labels are given twice or not at all.
    """
    from crosspt_cli.data import read_csv

    if labels:
        raise OptionError("--labels", f"was given beside the file {csv!r}.", "Leave one of them out.")
    if not label_col:
        raise OptionError("--label-col", f"is missing beside the file {csv!r}.", "Name its column of labels.")
    return read_csv(csv, label_col, text_cols, ignore_unlabelled=True)


def show_checks(template: Template, checks: tuple[LabelCheck, ...], tokenizer: Tokenizer, as_json: bool) -> None:
    """Print each label with its words and their tokens."""
    from crosspt_cli.report.listing import aligned

    found = [(each.label, each.words, tokenizer.pieces(each.tokens)) for each in checks]
    if as_json:
        labels = [
            {"label": label, "words": words, "tokens": list(each.tokens), "pieces": pieces}
            for each, (label, words, pieces) in zip(checks, found, strict=True)
        ]
        emit_json({"template": template.name, "labels": labels})
    elif not found:
        emit(f"{template.name}: is a sound template and knows no label; --labels a,b,c shows how those are tokenised.")
    else:
        rows = [(label, words, " ".join(pieces)) for label, words, pieces in found]
        emit(aligned([("label", "words", "tokens"), *rows]))

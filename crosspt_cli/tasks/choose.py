"""Which template fits the data, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crosspt_cli.foundation.words import joined
from crosspt_cli.tasks.label_words import clean_label, speaks
from crosspt_cli.tasks.template import ANY, Template, fit_template, matched_columns
from crosspt_cli.tasks.template_file import list_templates, load_template

SHOWN_NAMES = 4  # of labels or columns, in a reason


def choose_template(
    text_columns: Sequence[str], classes: Sequence[str], templates: Sequence[Template] | None = None
) -> Template:
    """Return the template that knows the labels, else the columns, else the kind of labels, else the generic one.

    Args:
        text_columns: names of the text columns, in the order of the data.
        classes: the labels as they occur.
        templates: to choose from; the shipped ones by default.

    Returns:
        The template bound to the columns, with `reason` set to a sentence.
    """
    columns, labels = tuple(text_columns), tuple(classes)
    known = list_templates() if templates is None else templates
    fitting = [template for template in known if template.fields in (ANY, len(columns))]
    for reason_of in (labels_reason, columns_reason, names_reason):
        for template in sorted(fitting, key=lambda template: -template.right_for.words_per_label):
            reason = reason_of(template, columns, labels)
            if reason:
                return replace(fit_template(template, columns), reason=reason)
    what = "text column" if len(columns) == 1 else "text columns"
    reason = f"'generic': no other template knows the labels or the {what} {joined(columns, SHOWN_NAMES)}."
    return replace(fit_template(load_template("generic"), columns), reason=reason)


def labels_reason(template: Template, columns: tuple[str, ...], classes: tuple[str, ...]) -> str:
    """Return why the labels make this template right: it knows all of them; empty when it does not."""
    if not classes or not all(clean_label(label) in template.right_for.labels for label in classes):
        return ""
    return f"{template.name!r}: it knows the labels {joined(classes, SHOWN_NAMES)}."


def columns_reason(template: Template, columns: tuple[str, ...], classes: tuple[str, ...]) -> str:
    """Return why the columns make this template right: each field finds its own by name; empty when one does not."""
    if not matched_columns(template.right_for.columns, columns):
        return ""
    return f"{template.name!r}: it knows the text columns {joined(columns, SHOWN_NAMES)}."


def names_reason(template: Template, columns: tuple[str, ...], classes: tuple[str, ...]) -> str:
    """Return why the kind of labels makes this template right: many, with speaking names; empty when they are not."""
    least = template.right_for.classes
    # A few odd names among many (a tax form called "w2") do not make the rest meaningless.
    if not least or len(classes) < least or sum(map(speaks, classes)) < 0.9 * len(classes):
        return ""
    words = sum(len(clean_label(label).split()) for label in classes) / len(classes)
    if words < template.right_for.words_per_label:
        return ""
    return f"{template.name!r}: {len(classes)} classes, with names of {words:.1f} words on average."

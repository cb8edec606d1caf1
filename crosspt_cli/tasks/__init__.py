"""What the backbone is asked, and the words it answers with.

`label_tree` is imported by itself: it needs numpy, which `crosspt templates` can do without.
"""

from crosspt_cli.tasks.choose import choose_template
from crosspt_cli.tasks.label_words import clean_label
from crosspt_cli.tasks.render import MAX_TOKENS, InputEncoder, render
from crosspt_cli.tasks.task import METRICS, TaskSpec, make_spec
from crosspt_cli.tasks.template import ANY, LabelWord, RightFor, Segment, Template, Tokenize, fit_template
from crosspt_cli.tasks.template_file import dump_template, list_templates, load_template, parse_template
from crosspt_cli.tasks.verbalizer import LabelCheck, Verbalizer, check_template, make_verbalizer

__all__ = [
    "ANY",
    "MAX_TOKENS",
    "METRICS",
    "InputEncoder",
    "LabelCheck",
    "LabelWord",
    "RightFor",
    "Segment",
    "TaskSpec",
    "Template",
    "Tokenize",
    "Verbalizer",
    "check_template",
    "choose_template",
    "clean_label",
    "dump_template",
    "fit_template",
    "list_templates",
    "load_template",
    "make_spec",
    "make_verbalizer",
    "parse_template",
    "render",
]

"""Templates as YAML files: the shipped ones, a person's own, and the one kept with a task."""

from __future__ import annotations

import shlex
from pathlib import Path

import yaml

from crosspt_cli.foundation.errors import NotFound, TemplateError
from crosspt_cli.foundation.paths import NAME, shipped
from crosspt_cli.foundation.words import with_nearest
from crosspt_cli.foundation.yaml_lines import Reading, line_of
from crosspt_cli.tasks.label_words import clean_label
from crosspt_cli.tasks.template import ANY, EACH, LabelWord, RightFor, Segment, Template

KEYS = ("name", "about", "fields", "segments", "label-words", "right-for")
REQUIRED = ("name", "about", "fields", "segments")
SEGMENT_KEYS = ("text", "field", "cut", "between")
RIGHT_FOR_KEYS = ("labels", "columns", "classes", "words-per-label")


def list_templates() -> tuple[Template, ...]:
    """Return the shipped templates, by name."""
    return tuple(read_template(path) for path in sorted(shipped("templates").glob("*.yaml")))


def load_template(name_or_path: str | Path) -> Template:
    """Return a shipped template by name, or a person's own by path.

    Args:
        name_or_path: a shipped name such as ``"sentiment"``; anything with a separator or a ``.yaml`` or ``.yml``
            suffix is a path.

    Raises:
        NotFound: no such name or file.
        TemplateError: the file is no template; names every problem and its line.
    """
    given = Path(name_or_path)
    if given.suffix in (".yaml", ".yml") or len(given.parts) > 1:
        return read_template(given)
    path = shipped("templates") / f"{given}.yaml"
    if path.is_file():
        return read_template(path)
    names = [entry.stem for entry in sorted(shipped("templates").glob("*.yaml"))]
    raise NotFound(
        "templates",
        f"no template named {with_nearest(str(name_or_path), names)}.",
        f"'crosspt templates list' shows all {len(names)}; a file of your own needs its suffix, .yaml.",
    )


def read_template(path: Path) -> Template:
    """Return the template in a file.

    Raises:
        NotFound: there is no such file.
        TemplateError: it cannot be read, or is no template.
    """
    if not path.exists():
        raise NotFound(str(path), "no such template file.", "'crosspt templates list' shows the shipped ones.")
    reading = _reading(str(path))
    return _template(reading.open(), reading, is_shipped=path.parent == shipped("templates"))


def parse_template(text: str, path: str) -> Template:
    """Return the template that a YAML text describes; `docs/templates.md` has the format.

    Args:
        text: the YAML.
        path: where it is from, for messages.

    Raises:
        TemplateError: it is no template; names every problem and its line.
    """
    reading = _reading(path)
    return _template(reading.compose(text), reading)


def _reading(path: str) -> Reading:
    check = f"crosspt templates check {shlex.quote(path)}"
    hint = f"'{check}' reads it again; 'crosspt templates show generic' prints one that works."
    return Reading(path, TemplateError, hint)


def _template(root: yaml.Node | None, reading: Reading, *, is_shipped: bool = False) -> Template:
    if root is None:
        raise TemplateError(reading.path, "the file is empty.", reading.hint)
    nodes = reading.mapping(root, "the template", KEYS, REQUIRED)
    fields = read_fields(reading, nodes.get("fields"))
    template = Template(
        name=read_name(reading, nodes.get("name")),
        about=reading.text(nodes["about"], "'about'") if "about" in nodes else "",
        fields=fields,
        segments=read_segments(reading, nodes.get("segments"), fields),
        label_words=read_label_words(reading, nodes.get("label-words")),
        right_for=read_right_for(reading, nodes.get("right-for"), fields),
        path=reading.path,
        shipped=is_shipped,
    )
    reading.finish()
    return template


def read_name(reading: Reading, node: yaml.Node | None) -> str:
    """Return the template's name; one that is no folder name either is a problem."""
    name = reading.text(node, "'name'") if node else ""
    if node and name and not NAME.fullmatch(name):
        reading.wrong(line_of(node), f"'name' is {name!r}, but has 1 to 64 of a-z, 0-9, '.', '_' and '-'.")
    return name


def read_fields(reading: Reading, node: yaml.Node | None) -> int:
    """Return the number of text columns; `ANY` for ``any``."""
    if node is None or (isinstance(node, yaml.ScalarNode) and node.value == "any"):
        return ANY
    return reading.number(node, "'fields' (a number, or 'any')", int, 1)


def read_segments(reading: Reading, node: yaml.Node | None, fields: int) -> tuple[Segment, ...]:
    """Return the segments; a field that is never used is a problem."""
    if node is None:
        return ()
    problems = len(reading.problems)
    segments = tuple(read_segment(reading, item, fields) for item in reading.items(node, "'segments'"))
    if len(reading.problems) > problems:
        return segments  # a field may be missing only because its segment could not be read
    used = {segment.field for segment in segments}
    if fields == ANY and EACH not in used:
        reading.wrong(line_of(node), "no segment is 'field: each', which 'fields: any' needs.")
    for number in range(fields):
        if number not in used:
            reading.wrong(line_of(node), f"field {number + 1} of {fields} is in no segment.")
    return segments


def read_segment(reading: Reading, node: yaml.Node, fields: int) -> Segment:
    """Return one segment: ``text: …``, or ``field: N`` (``each``) with ``cut`` and ``between``."""
    nodes = reading.mapping(node, "a segment", SEGMENT_KEYS)
    if nodes and ("text" in nodes) == ("field" in nodes):
        reading.wrong(line_of(node), "a segment has either 'text' or 'field'.")
        return Segment()
    if "text" in nodes:
        for key in nodes.keys() - {"text"}:
            reading.wrong(line_of(nodes[key]), f"{key!r} belongs to a field, not to literal text.")
        return Segment(text=reading.text(nodes["text"], "'text'"))
    segment = Segment(
        field=read_field(reading, nodes["field"], fields) if "field" in nodes else None,
        cut=reading.flag(nodes["cut"], "'cut'") if "cut" in nodes else False,
        between=reading.text(nodes["between"], "'between'") if "between" in nodes else "",
    )
    if segment.between and segment.field != EACH:
        reading.wrong(line_of(nodes["between"]), "'between' belongs to 'field: each'.")
    return segment


def read_field(reading: Reading, node: yaml.Node, fields: int) -> int:
    """Return which text column a segment holds, from 0; `EACH` for ``each``."""
    written = reading.text(node, "'field'")
    if fields == ANY:
        if written and written != "each":
            reading.wrong(line_of(node), f"'field' is {written!r}, but 'fields: any' allows only 'field: each'.")
        return EACH
    number = reading.number(node, "'field'", int, 1)
    if number > fields:
        reading.wrong(line_of(node), f"'field' is {number}, but 'fields' is {fields}.")
    return number - 1


def read_label_words(reading: Reading, node: yaml.Node | None) -> tuple[LabelWord, ...]:
    """Return the known labels; two spellings of one label are a problem."""
    nodes = reading.mapping(node, "'label-words'", None) if node else {}
    found: dict[str, LabelWord] = {}
    for written, value in nodes.items():
        label = clean_label(written)
        if label in found:
            reading.wrong(line_of(value), f"label {written!r} is the same as {label!r} on line {found[label].line}.")
        words = reading.text(value, f"the words of label {written!r}")
        found.setdefault(label, LabelWord(label, words, line_of(value)))
    return tuple(found.values())


def read_right_for(reading: Reading, node: yaml.Node | None, fields: int) -> RightFor:
    """Return what makes the template the right choice."""
    nodes = reading.mapping(node, "'right-for'", RIGHT_FOR_KEYS) if node else {}
    labels = reading.texts(nodes["labels"], "'labels'") if "labels" in nodes else ()
    columns: tuple[tuple[str, ...], ...] = ()
    if "columns" in nodes:
        columns = tuple(
            reading.texts(item, "a field's column names") for item in reading.items(nodes["columns"], "'columns'")
        )
        if len(columns) != fields:
            reading.wrong(line_of(nodes["columns"]), f"'columns' has {len(columns)} lists, but 'fields' is {fields}.")
    return RightFor(
        labels=tuple(dict.fromkeys(map(clean_label, labels))),
        columns=columns,
        classes=reading.number(nodes["classes"], "'classes'", int, 1) if "classes" in nodes else 0,
        words_per_label=reading.number(nodes["words-per-label"], "'words-per-label'", float, 1.0)
        if "words-per-label" in nodes
        else 1.0,
    )


def dump_template(template: Template) -> str:
    """Return YAML that `parse_template` reads back as an equal template."""
    right_for = template.right_for
    right = {
        "labels": list(right_for.labels),
        "columns": [list(names) for names in right_for.columns],
        "classes": right_for.classes,
        "words-per-label": right_for.words_per_label,
    }
    document = {
        "name": template.name,
        "about": template.about,
        "fields": "any" if template.fields == ANY else template.fields,
        "segments": [segment_document(segment) for segment in template.segments],
        "label-words": {entry.label: entry.words for entry in template.label_words},
        # An empty list or a zero stands for "not there", which the reader refuses to see written out.
        "right-for": {key: value for key, value in right.items() if value},
    }
    filled = {key: value for key, value in document.items() if value}
    readable = yaml.safe_dump(filled, sort_keys=False, allow_unicode=True, width=120)
    # PyYAML doubles the rare line break U+0085 when it writes it as it stands; escaped, it survives.
    return readable if "\x85" not in readable else yaml.safe_dump(filled, sort_keys=False, width=120)


def segment_document(segment: Segment) -> dict[str, str | int | bool]:
    """Return a segment as the YAML has it."""
    if segment.field is None:
        return {"text": segment.text or ""}
    document: dict[str, str | int | bool] = {"field": "each" if segment.field == EACH else segment.field + 1}
    if segment.cut:
        document["cut"] = True
    if segment.between:
        document["between"] = segment.between
    return document

"""Templates are written by hand: every mistake is named by its line, all of them at once."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspt_cli.foundation.errors import NotFound, TemplateError
from crosspt_cli.foundation.paths import shipped
from crosspt_cli.tasks import LabelWord, RightFor, Segment, Template, dump_template, list_templates, load_template
from crosspt_cli.tasks.label_words import clean_label
from crosspt_cli.tasks.template import ANY, EACH
from crosspt_cli.tasks.template_file import parse_template

GOOD = """\
name: ticket
about: Which team a ticket goes to.
fields: 2
segments:
  - text: "subject:"
  - field: 1
  - field: 2
    cut: yes
label-words:
  no: nope
  1: one
"""
HINT = "'crosspt templates check t.yaml' reads it again; 'crosspt templates show generic' prints one that works."


def message(text: str) -> str:
    """Return what a person reads about a broken template."""
    with pytest.raises(TemplateError) as caught:
        parse_template(text, "t.yaml")
    return str(caught.value)


def test_the_shipped_templates_are_the_seven_and_named_like_their_files():
    """`--template NAME` finds a file by its stem."""
    names = [template.name for template in list_templates()]
    assert names == ["generic", "intent", "pair", "paraphrase", "question", "sentiment", "topic"]
    assert names == [path.stem for path in sorted(shipped("templates").glob("*.yaml"))]
    assert all(template.shipped for template in list_templates())


def test_every_shipped_field_may_be_cut():
    """A text of any length must get an answer."""
    assert all(
        segment.cut for template in list_templates() for segment in template.segments if segment.field is not None
    )


def test_words_that_yaml_takes_for_truth_values_and_numbers_stay_words():
    """`no` and `1` are ordinary labels and label words."""
    template = parse_template(GOOD, "t.yaml")
    assert template.label_words == (LabelWord("no", "nope"), LabelWord("1", "one"))
    assert [entry.line for entry in template.label_words] == [10, 11]
    assert template.segments == (Segment(text="subject:"), Segment(field=0), Segment(field=1, cut=True))


def test_the_documented_example_is_a_template():
    """People start by copying it."""
    page = (Path(__file__).parents[2] / "docs/templates.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    assert parse_template(example, "docs/templates.md").name == "ticket"


def test_a_template_is_loaded_by_name_or_by_path(tmp_path):
    """Both are what `--template` takes; a byte-order mark does not matter."""
    path = tmp_path / "ticket.yaml"
    path.write_text(GOOD, encoding="utf-8-sig")
    assert load_template(str(path)).name == "ticket"
    assert not load_template(path).shipped
    assert load_template("pair").fields == 2


def test_an_unknown_name_is_answered_with_the_nearest():
    """A typing mistake should cost one more try."""
    with pytest.raises(NotFound) as caught:
        load_template("sentimnt")
    assert str(caught.value) == (
        "templates: no template named 'sentimnt'; the nearest is 'sentiment'.\n"
        "'crosspt templates list' shows all 7; a file of your own needs its suffix, .yaml."
    )


def test_a_missing_file_is_not_found(tmp_path):
    """Exit code 4, not a traceback."""
    path = tmp_path / "none.yaml"
    with pytest.raises(NotFound) as caught:
        load_template(path)
    assert str(caught.value) == f"{path}: no such template file.\n'crosspt templates list' shows the shipped ones."


def test_a_folder_and_a_file_in_another_encoding_are_refused(tmp_path):
    """Neither may end in a traceback."""
    (tmp_path / "d.yaml").mkdir()
    with pytest.raises(TemplateError, match="cannot be read"):
        load_template(tmp_path / "d.yaml")
    (tmp_path / "l.yaml").write_bytes(b"name: caf\xe9")
    with pytest.raises(TemplateError, match=r"byte 10 is not UTF-8\."):
        load_template(tmp_path / "l.yaml")


def test_all_problems_of_a_file_are_told_at_once_and_by_line():
    """Mending one mistake per run would be tiresome."""
    broken = (
        "name: My Ticket\n"
        "fields: 2\n"
        "segments:\n"
        "  - text: a\n"
        "    field: 1\n"
        "  - field: 3\n"
        "  - text: b\n"
        "    cut: yes\n"
        "label-word:\n"
        "  x: y\n"
    )
    assert message(broken) == (
        "t.yaml: 6 problems.\n"
        "  line 1: 'name' is 'My Ticket', but has 1 to 64 of a-z, 0-9, '.', '_' and '-'.\n"
        "  line 1: the template lacks the key 'about'.\n"
        "  line 4: a segment has either 'text' or 'field'.\n"
        "  line 6: 'field' is 3, but 'fields' is 2.\n"
        "  line 8: 'cut' belongs to a field, not to literal text.\n"
        "  line 9: the template has no key 'label-word'; the nearest is 'label-words'.\n" + HINT
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "fields: 2",
            "fields: two",
            "line 3: 'fields' (a number, or 'any') is 'two', but must be a number of at least 1.",
        ),
        ("cut: yes", "cut: maybe", "line 8: 'cut' must be yes or no."),
        ("  1: one", "  1: []", "line 11: the words of label '1' must be text."),
        ("  1: one", "  NO: one", "line 11: label 'NO' is the same as 'no' on line 10."),
        ("  1: one", "  no: one", "line 11: 'label-words' has the key 'no' twice."),
        ("    cut: yes", "    between: x", "line 8: 'between' belongs to 'field: each'."),
        ("  1: one", "right-for:\n  columns: [[a]]", "line 12: 'columns' has 1 lists, but 'fields' is 2."),
        ("  1: one", "right-for:\n  labels: []", "line 12: 'labels' must be a list with at least one entry."),
        ("  1: one", "right-for:\n  classes: nan", "line 12: 'classes' is 'nan', but must be a number of at least 1."),
    ],
)
def test_one_problem_is_one_sentence_with_its_line(old, new, problem):
    """The whole message is what the person sees."""
    got = message(GOOD.replace(old, new))
    assert problem.split(": ", 1)[1] in got
    assert problem.split(":")[0] in got


def test_a_single_problem_names_its_line_up_front():
    """`file line N:` is what editors jump to."""
    assert message(GOOD.replace("cut: yes", "cut: maybe")) == f"t.yaml line 8: 'cut' must be yes or no.\n{HINT}"


def test_text_that_is_no_yaml_names_the_line():
    """The parser's own words, without its traceback."""
    assert (
        message("name: [a\nabout: b") == f"t.yaml line 2: this is not YAML: expected ',' or ']', but got ':'.\n{HINT}"
    )
    assert message("name: \x00").startswith("t.yaml: this is not YAML: ")
    assert message("") == f"t.yaml: the file is empty.\n{HINT}"
    assert message("- a") == f"t.yaml line 1: the template must be 'key: value' lines.\n{HINT}"


def test_any_number_of_fields_needs_one_segment_for_each():
    """`generic` is the only shipped one, and people copy it."""
    any_fields = "name: g\nabout: a\nfields: any\nsegments:\n  - field: 1\n"
    assert "'field' is '1', but 'fields: any' allows only 'field: each'." in message(any_fields)
    assert "no segment is 'field: each', which 'fields: any' needs." in message(
        any_fields.replace("field: 1", "text: a")
    )


def test_a_field_in_no_segment_is_named():
    """A column that is read and never shown would only cost accuracy."""
    assert message(GOOD.replace("  - field: 1\n", "")) == f"t.yaml line 5: field 1 of 2 is in no segment.\n{HINT}"


words = st.text(min_size=1, max_size=12).filter(str.strip)
labels = st.lists(words.map(clean_label).filter(lambda label: label and clean_label(label) == label), unique=True)


@st.composite
def templates(draw) -> Template:
    """Any template a person could write."""
    fields = draw(st.integers(0, 3))
    literal = st.builds(Segment, text=words)
    if fields == ANY:
        needed = [draw(st.builds(Segment, field=st.just(EACH), cut=st.booleans(), between=st.just("") | words))]
    else:
        needed = [Segment(field=index, cut=draw(st.booleans())) for index in range(fields)]
    column_names = st.lists(words, min_size=1, max_size=2).map(tuple)
    columns = draw(st.just(()) | st.lists(column_names, min_size=fields, max_size=fields).map(tuple))
    return Template(
        name=draw(st.from_regex(r"[a-z0-9][a-z0-9._-]{0,9}", fullmatch=True)),
        about=draw(words),
        fields=fields,
        segments=tuple(draw(st.permutations([*needed, *draw(st.lists(literal, max_size=2))]))),
        label_words=tuple(LabelWord(label, draw(words)) for label in draw(labels)),
        right_for=RightFor(tuple(draw(labels)), columns, draw(st.integers(0, 9)), draw(st.sampled_from([1.0, 1.5]))),
    )


@given(templates())
def test_a_template_written_out_is_read_back_the_same(template):
    """A task keeps its template as YAML; it must ask the same question after loading."""
    assert parse_template(dump_template(template), "t.yaml") == template


@given(st.text(max_size=60) | st.text(alphabet="-:[]{}&*!|>'\"? \nab,#%@", max_size=40))
def test_no_text_whatever_ends_in_another_error(text):
    """Whatever a person hands in, the answer is a sentence."""
    with contextlib.suppress(TemplateError):
        parse_template(text, "t.yaml")

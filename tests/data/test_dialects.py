"""Tables are read as their writers meant them, however they delimit and quote; else the cause is named."""

import pytest

from crosspt_cli.data import open_stream, read_csv, read_table
from crosspt_cli.foundation.errors import DataError

CASES = __file__.rsplit("/data/", 1)[0] + "/cases"
TICKETS = {"account": 10, "billing": 10, "shipping": 10}
REVIEWS = {"neg": 6, "pos": 6}


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Read a file of this content as a table."""
    monkeypatch.chdir(tmp_path)

    def read(content, name="f.csv"):
        (tmp_path / name).write_bytes(content.encode())
        return read_table(name)

    return read


def cells(table):
    return [row.cells for row in table.rows]


def told(found):
    return [notice.text for notice in found.notices]


UNDERSTOOD = {
    "sep_semi.csv": (TICKETS, "I was charged twice for my order this month", []),
    "sep_semi3.csv": (TICKETS, "I was charged twice for my order this month", []),
    "trailing.csv": (TICKETS, "I was charged twice for my order this month", []),
    "space_delim.csv": (REVIEWS, "Great phone, love the screen", []),
    "backslash.csv": (
        REVIEWS,
        'He said "Great phone, love the screen", then left',
        [': quotes inside cells have a backslash before them (\\"), and were read as quotes.'],
    ),
    "midquote_tsv.tsv": (
        TICKETS,
        '"I" I was charged twice for my order this month',
        [": quotes do not enclose cells, and were read as characters of the text."],
    ),
    "comment.csv": (
        REVIEWS,
        "Great phone, love the screen",
        [": 1 line of comment passed over ('# exported 2024-05-01'); the header is line 2."],
    ),
    "concat.csv": (
        {"negative": 20, "positive": 20},
        "The jacket ripped after one walk",
        [": 1 row that repeats the header left out (line 22)."],
    ),
    "swallow.csv": (
        {"negative": 15, "positive": 17},
        "The jacket ripped after one walk",
        [": 1 row whose quote closes only lines below, with 7 other rows inside the cell, left out (line 6)."],
    ),
}


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_files_that_went_wrong_are_read_as_they_were_meant(name):
    """Each was refused with the wrong advice, or taught what is no label."""
    counts, first, notices = UNDERSTOOD[name]
    examples = read_csv(f"{CASES}/{name}", "label")
    assert (examples.class_counts(), examples.text_columns) == (counts, ("text",))
    assert examples.rows[0].fields == (first,)
    assert told(examples) == [f"{CASES}/{name}{notice}" for notice in notices]


READ = {
    "a named separator": "sep=;\ntext;y\na, b;c\n",
    "a named separator in quotes, with a mark": '\ufeff"sep=;"\r\ntext;y\r\n"a, b";c\r\n',
    "a named tab": "SEP=\t\ntext\ty\na, b\tc\n",
    "separators at the end of every line": "text;y;;\na, b;c;;\n",
    "separators at the end of the header alone": "text;y;;\na, b;c\n",
    "separators at the end of rows alone": "text;y\na, b;c;;\n",
    "spaces before quotes": 'text, y\n"a, b", "c"\n',
    "spaces around separators": 'text , y\n"a, b" , "c"\n',
    "every line in quotes": '"text,y"\n"""a, b"",c"\n',
    "blank lines above": '\n  \ntext,y\n\n"a, b",c\n',
    "comments above": '# made by me, today\n# twice\ntext,y\n"a, b",c\n',
    "lines that end in three ways": 'text,y\r\n"a, b",c\r"a, b",c\n"a, b",c',
}


@pytest.mark.parametrize("case", READ)
def test_the_ways_of_spreadsheets_are_one_table(read, case):
    """The person who exported it did not choose."""
    table = read(READ[case])
    assert [column.strip() for column in table.columns if column] == ["text", "y"]
    assert {row[:2] for row in cells(table)} == {("a, b", "c")}


def test_lines_are_counted_from_the_files_first(read):
    """A message names the line that an editor shows."""
    assert [row.line for row in read("sep=;\n\ntext;y\na;b\n").rows] == [4]
    assert [row.line for row in read("# one\n\n# two\ntext,y\na,b\n").rows] == [5]


def test_decimal_commas_divide_nothing(read):
    """Half of Europe writes 3,50."""
    table = read("id;price;text;y\n" + "".join(f"{n};3,5{n};good, indeed;a\n" for n in range(4)))
    assert (table.delimiter, cells(table)[1]) == (";", ("1", "3,51", "good, indeed", "a"))


def test_a_last_cell_with_something_in_it_is_a_cell(read):
    """Only empty cells may go without a word."""
    table = read("text,y\none,a,\ntwo,b,note\n")
    assert cells(table) == [("one", "a")]
    assert told(table) == [
        "f.csv: 1 row with more cells than the header left out, often for a separator that is not within quotes"
        " (line 3)."
    ]
    assert cells(read("text,y,\none,a,note\n")) == [("one", "a", "note")]


def test_backslashes_that_escape_no_quote_stay(read):
    """A path is a text."""
    table = read('text,y\n"see C:\\new\\table",a\n"he said \\"no\\" there",b\n"and \\"yes\\" here",a\n')
    assert [row[0] for row in cells(table)] == ["see C:\\new\\table", 'he said "no" there', 'and "yes" here']


def test_a_single_backslashed_quote_far_down_is_named(read):
    """The advice was to put the cell within quotes, which it is."""
    table = read("text,y\n" + '"fine, indeed",a\n' * 100 + '"he said \\"no\\" there",b\n')
    assert told(table) == [
        'f.csv: 1 row with a backslash before a quote (\\") left out; a quote inside a quoted cell is written twice'
        " (line 102)."
    ]


def test_rows_that_all_have_text_after_a_closing_quote_are_named_by_that(read):
    """Advice to add quotes would make it worse."""
    with pytest.raises(DataError) as caught:
        read('text,y\n"Good" thing,a\n"bad, really" and more,b\n')
    assert str(caught.value) == (
        "f.csv: no row can be read (lines 2 and 3): there is text after a closing quote.\n"
        'Write a quote inside a quoted cell twice ("").'
    )


def test_sentences_that_start_with_a_hash_are_rows(read):
    """So are tags, and a header may begin so."""
    assert read("#text,y\na,b\n").columns == ("#text", "y")
    assert cells(read("text\n#one of those days\n#two\n")) == [("#one of those days",), ("#two",)]


@pytest.mark.parametrize(
    ("above", "line"), [("Report of May\n", 2), ("Report of May,\n,\n", 3), ("# by me, 2024\n", 2)]
)
def test_a_header_below_other_lines_is_found_for_the_person(read, above, line):
    """The first line was taken for the header, and nothing said where the right one is."""
    with pytest.raises(DataError) as caught:
        read(above + "text,label\nfine and dandy thing,a\nvery bad thing,b\n")
        read_csv("f.csv", "label")
    assert str(caught.value).splitlines()[1] == f"The header seems to be on line {line}: delete what is above it."


def test_texts_of_several_lines_swallow_nothing(read):
    """Addresses and lists have commas and line ends too."""
    text = "Dear all,\nplease send it to Main Street 5, Springfield\nthank you, Ann"
    read(f'text,y\n"{text}",a\nvery bad thing,b\nquite good thing,a\nsad old thing,b\n')
    examples = read_csv("f.csv", "y")
    assert (examples.rows[0].fields, examples.notices) == ((text,), ())


def test_rows_are_swallowed_in_every_order_of_columns(read):
    """The label stands first as often."""
    swallower = 'a,"fine and dandy thing\nb,very bad thing\na,quite good thing"\n'
    read(f"y,text\n{swallower}b,sad old thing\na,nice little thing\nb,one more thing\na,the last thing\n")
    examples = read_csv("f.csv", "y", drop_rare=True)
    assert [(notice.kind, notice.lines) for notice in examples.notices] == [("swallowed", (2,))]


def test_the_header_is_known_again_whatever_its_case_and_mark(read):
    """Parts of a file come from other programs."""
    read("Text,Y\nfine and dandy thing,a\nvery bad thing,b\n\ufefftext ,y\nquite good thing,a\nsad old thing,b\n")
    examples = read_csv("f.csv", "Y")
    assert examples.class_counts() == {"a": 2, "b": 2}


def test_rows_to_predict_are_read_by_the_same_rules():
    """Texts were taken from a column called sep=."""
    with open_stream(f"{CASES}/predict/sep1.csv", (), ("text",)) as stream:
        assert (stream.columns, stream.text_columns) == (("text", "id"), ("text",))
        assert [row.cells for row in stream] == [
            ("Why was I billed two times", "0"),
            ("Where is my parcel", "1"),
            ("I forgot my password", "2"),
        ]

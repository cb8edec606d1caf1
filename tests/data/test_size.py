"""How many rows there are is counted without reading them, so that whoever waits knows how long."""

import gzip

import pytest

from crosspt_cli.data import open_stream
from crosspt_cli.data.size import count_rows

FILES = {
    "a.csv": ("text,n\none,1\ntwo,2\n\n", 2),
    "no-end.csv": ("text,n\none,1\ntwo,2", 2),
    "quoted.csv": ('text,n\n"one\nand more\n",1\n"a ""b"" c",2\n', 2),
    "inches.csv": ('text,n\na 5" disk,1\na 3 disk,2\n', 2),
    "a.jsonl": ('{"text": "a \\" b"}\n{"text": "c"}\n', 2),
    "objects": ('{"text": "a"}\n{"text": "c"}\n', 2),
    "a.txt": ("one\ntwo\n", 2),
}


@pytest.mark.parametrize("name", FILES)
def test_rows_are_counted_as_they_are_read(tmp_path, name):
    """Cells of several lines are one row, blank lines none."""
    text, rows = FILES[name]
    (tmp_path / name).write_text(text)
    assert count_rows(tmp_path / name) == rows
    with open_stream(tmp_path / name, (), ("text",)) as stream:
        assert sum(1 for _ in stream) == rows


def test_packed_files_and_parquet_are_counted_too(tmp_path):
    """The larger a file, the more likely it is packed."""
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"text\na\nb\nc\n"))
    parquet.write_table(pyarrow.table({"text": ["a", "b"]}), tmp_path / "a.parquet")
    assert (count_rows(tmp_path / "a.csv.gz"), count_rows(tmp_path / "a.parquet")) == (3, 2)


def test_what_cannot_be_counted_is_0(tmp_path):
    """A pipe, a folder, a damaged file: the count is for show, and the reader tells what is wrong."""
    (tmp_path / "a.csv").write_text("text\none\n", encoding="utf-16")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 and no more")
    (tmp_path / "c.csv.gz").write_bytes(gzip.compress(b"text\na\n")[:-9])
    found = [count_rows(tmp_path / name) for name in ("a.csv", "b.parquet", "c.csv.gz", "none.csv", "")]
    assert found == [0, 0, 0, 0, 0]

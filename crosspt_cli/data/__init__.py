"""Files of rows become examples to learn from and texts to predict."""

from crosspt_cli.data.columns import find_column, find_text_columns
from crosspt_cli.data.hub import is_hub_name
from crosspt_cli.data.identity import row_digest
from crosspt_cli.data.notices import Notice
from crosspt_cli.data.shots import Example, Examples, Paths, few_shots, file_names, read_csv, read_labelled
from crosspt_cli.data.stream import Stream, StreamRow, open_stream
from crosspt_cli.data.table import Row, Table, read_table, stream_table
from crosspt_cli.data.unlabelled import Unlabelled, UnlabelledRows, read_unlabelled, unlabelled_names

__all__ = [
    "Example",
    "Examples",
    "Notice",
    "Paths",
    "Row",
    "Stream",
    "StreamRow",
    "Table",
    "Unlabelled",
    "UnlabelledRows",
    "few_shots",
    "file_names",
    "find_column",
    "find_text_columns",
    "is_hub_name",
    "open_stream",
    "read_csv",
    "read_labelled",
    "read_table",
    "read_unlabelled",
    "row_digest",
    "stream_table",
    "unlabelled_names",
]

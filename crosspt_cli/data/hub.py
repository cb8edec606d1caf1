"""Hub data sets, named ``hf:NAME[:CONFIG][:SPLIT]``, as tables of text."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from crosspt_cli.data.notices import Notice
from crosspt_cli.data.source import Source
from crosspt_cli.data.table import Row, Table
from crosspt_cli.foundation.errors import DataError, NotFound, OptionError
from crosspt_cli.foundation.optional import require_hub_extra

if TYPE_CHECKING:
    import datasets

PREFIX = "hf:"
SPLITS = ("train", "test", "validation", "valid", "val", "dev")
NAME = re.compile(r"hf:(?P<name>[^:]+)(:(?P<config>[^:\[]+))??(:(?P<split>[^:\[]+(\[.*\])?))?")


def is_hub_name(path: str | Path) -> bool:
    """Return whether the path names a hub data set."""
    return str(path).startswith(PREFIX)


def split_hub_name(name: str) -> tuple[str, str | None, str]:
    """Return data set, configuration (or None) and split (``"train"`` unless named).

    With one part after the name, it is a split if it is called like one, else a configuration.

    Raises:
        OptionError: the name does not have that form.

    Example:
        >>> split_hub_name("hf:glue:sst2"), split_hub_name("hf:imdb:test[:100]")
        (('glue', 'sst2', 'train'), ('imdb', None, 'test[:100]'))
    """
    match = NAME.fullmatch(name)
    if match is None:
        raise OptionError(
            name, "is not a hub data set's name.", "Write hf:NAME, hf:NAME:CONFIG or hf:NAME:CONFIG:SPLIT."
        )
    config, split = match["config"], match["split"]
    if config is None and split and split.partition("[")[0] not in SPLITS:
        config, split = split, None
    return match["name"], config, split or "train"


def read_hub(name: str) -> Table:
    """Return a hub data set's split as text cells; class numbers become their names, unlabelled ones empty cells.

    Raises:
        NotInstalled: the library `datasets` is missing.
        NotFound: there is no such data set, configuration or split, or it cannot be fetched.
        DataError: the split has no rows.
    """
    columns, found, notices = _open(name)
    rows = tuple(found)
    if not rows:
        raise DataError(name, "has no rows.", "Name another split: hf:NAME:CONFIG:SPLIT.")
    return Table(columns, rows, name, notices, "row", "hub")


def open_hub(name: str) -> Source:
    """Return a hub data set's split opened, its rows as `read_hub` has them, read as they are asked for.

    Raises:
        NotInstalled, NotFound: see `read_hub`.
    """
    columns, rows, notices = _open(name)
    return Source(name, "hub", columns, rows, notices, "row", lambda: None)


def _open(name: str) -> tuple[tuple[str, ...], Iterator[Row], tuple[Notice, ...]]:
    from crosspt_cli.data.arrow import BATCH, batch_rows, text_columns_of

    data = _load(name)
    columns, notices = text_columns_of(data.features.arrow_schema, name)
    names = {column: kind.names for column, kind in data.features.items() if hasattr(kind, "names")}
    return columns, batch_rows(data.with_format("arrow").iter(BATCH), columns, name, names), notices


def _load(name: str) -> datasets.Dataset:
    dataset, config, split = split_hub_name(name)
    require_hub_extra(name, "a hub data set", "datasets")
    import datasets  # inside: importing it takes a second

    try:
        return datasets.load_dataset(dataset, config, split=split)
    except ValueError as error:
        raise NotFound(name, f"cannot be loaded: {_reason(error)}", "Check configuration and split.") from error
    except Exception as error:  # what a missing network raises changes with the hub's client
        raise NotFound(name, f"cannot be fetched: {_reason(error)}", _unreached_hint()) from error


def _unreached_hint() -> str:
    """Return what to do where a data set is in no cache, and the hub does not answer or must not be asked."""
    fetch = "unset HF_HUB_OFFLINE to fetch it" if os.environ.get("HF_HUB_OFFLINE") else "check the network"
    return f"Check the spelling; {fetch}, or point HF_HOME at a cache that holds it already."


def _reason(error: Exception) -> str:
    first = (str(error).splitlines() or [type(error).__name__])[0].strip()
    return first[:300].rstrip(".") + "."

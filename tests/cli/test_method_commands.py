"""`crosspt methods`: which there are, and what each trains."""

from __future__ import annotations

import json

import pytest
import yaml

from crosspt_cli.foundation.methods import METHODS, MINI
from crosspt_cli.foundation.paths import shipped


def test_the_list_has_every_method_with_what_it_trains(call, home):
    """In the order in which `--method` names them, and with their numbers of parameters."""
    done = call("methods", "list")
    assert (done.code, done.err) == (0, "")
    head, *lines = done.out.split("\n\n")[0].splitlines()
    assert head.split() == ["method", "parameters", "what", "a", "task", "trains", "source"]
    assert [line.split()[:2] for line in lines] == [
        ["mixture", "8,324"],
        ["layers", "33,280"],
        ["decomposed", "4,360"],
        ["mixture-decomposed", "4,364"],
        ["residual", "115,648"],
        ["encoded", "181,380"],
        ["learned-sources", "33,284"],
        ["multiplied", "436"],
        ["router", "8,324"],
        ["transfer", "8,320"],
    ]
    assert done.out.endswith(
        "Parameters are those of a prompt of 20 tokens of width 416, as mini has them, and of 3 source prompts\n"
        "where a method may use as many.\n"
    )


def test_scripts_get_the_same_with_the_sizes_that_are_counted_with(call, home):
    """How many sources a method may use is a number, or nothing where it may use any."""
    listed = json.loads(call("methods", "list", "--json").out)
    assert listed["sizes"] == {"tokens": 20, "width": 416, "sources": 3, "layers": 4}
    assert [each["name"] for each in listed["methods"]] == list(METHODS)
    assert {each["name"]: each["most_sources"] for each in listed["methods"]} == {
        "mixture": None,
        "layers": 0,
        "decomposed": 0,
        "mixture-decomposed": None,
        "residual": 0,
        "encoded": None,
        "learned-sources": None,
        "multiplied": 1,
        "router": None,
        "transfer": 1,
    }
    assert listed["methods"][2] == {
        "name": "decomposed",
        "parameters": 4360,
        "most_sources": 0,
        "trained": "two factors of rank 10 whose product is the private prompt",
        "source": "DPT, arXiv 2310.10094",
    }


def test_the_sizes_are_those_of_the_embedded_backbone_and_its_source_prompts():
    """A prompt stands in every layer from the one on that it enters."""
    config = json.loads((shipped("registry") / "backbones" / "mini" / "config.json").read_text())
    for manifest in (shipped("registry") / "sources" / "mini").glob("*/manifest.yaml"):
        source = yaml.safe_load(manifest.read_text())
        assert (source["prompt_tokens"], source["width"]) == (MINI.tokens, MINI.width)
        assert config["num_layers"] - source["prompt_layer"] == MINI.layers


def test_the_help_of_add_task_names_every_method(call, home):
    words = call("add-task", "--help").out.split()
    assert all(f"{name}," in words or f"{name}." in words for name in METHODS)


@pytest.mark.parametrize("name", ["lora", "Mixture"])
def test_another_name_is_refused_with_those_there_are(call, home, name):
    done = call("add-task", "none.csv", "--label-col", "y", "--method", name)
    assert done.code == 2
    assert f"--method: '{name}' is not one of 'mixture', 'layers', 'decomposed'," in done.err

"""What the documents say is so: links lead somewhere, the file tree is the file tree, examples run."""

import ast
import doctest
import importlib
import re
import runpy
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "crosspt_cli"


def tracked() -> list[str]:
    """Return the files of the checkout that git has or would add, relative to its root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no git checkout")
    return [name for name in listed.split("\0") if name and (ROOT / name).exists()]


def pages() -> list[Path]:
    """Return every Markdown page of ours; what others wrote or tools left is not looked at."""
    folders = [path for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith((".", "build", "dist"))]
    found = [*ROOT.glob("*.md"), *(page for folder in folders for page in folder.rglob("*.md"))]
    return sorted(page for page in found if "node_modules" not in page.parts and "site-packages" not in page.parts)


def prose(text: str) -> str:
    """Return a page without its code blocks and inline code."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead_links(page: Path) -> list[str]:
    """Return the relative links of a page that lead nowhere."""
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            dead.append(link)
    return dead


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_somewhere(page):
    """A page that was renamed is found by nobody."""
    assert dead_links(page) == []


def test_every_page_and_picture_of_the_documents_is_led_to():
    """What no link leads to is read by nobody, and goes stale unseen."""
    led_to = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in pages()
        for link in re.findall(r"\]\(([^)\s#]+)", prose(page.read_text(encoding="utf-8")))
    }
    written = [path for path in (ROOT / "docs").rglob("*") if path.suffix in (".md", ".svg", ".png", ".html")]
    assert [path.relative_to(ROOT).as_posix() for path in written if path.resolve() not in led_to] == []


FOLDERS = "bench|docs|examples|recipes|registry|templates|tests"
ROOMS = "|".join(path.name for path in PACKAGE.iterdir() if path.is_dir())
NAMED = rf"(?:crosspt_cli/)?(?:{ROOMS})/[\w/.-]+\.py|(?:{FOLDERS})/[\w/.-]+\.\w+"


def dead_paths(page: Path) -> list[str]:
    """Return the files of ours that a page names, between backticks or in a command, and that do not exist.

    `745f016:bench/steps.py` names a file of a commit, as git does, and is none of those.
    """
    without_fences = page.read_text(encoding="utf-8").replace("```", "")
    inline = re.findall(r"`([^`\n]+)`", without_fences)
    commands = re.findall(r"^(?:\$ )?(?:python|pytest) [^\n]*", without_fences, re.MULTILINE)
    named = [name for text in [*inline, *commands] for name in re.findall(rf"(?<![\w/:.<-])(?:{NAMED})", text)]
    return [name for name in named if not (ROOT / name).exists() and not (PACKAGE / name).exists()]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_file_that_is_named_exists(page):
    """A command that starts with a script that is gone stops whoever types it."""
    assert dead_paths(page) == []


def test_files_that_are_gone_are_found(tmp_path):
    """The pattern must not be so careful that it finds nothing."""
    page = tmp_path / "page.md"
    page.write_text(
        "`bench/onboard.py` and `search/plan.py` exist, `bench/gone.py` and `search/gone.py (line 3)` do not;\n"
        "`745f016:bench/gone.py` is git's, `CLEAN/tests/gone.py` somebody's.\n\n"
        "```\npython bench/other.py --data DATA   # a comment\n```\n"
    )
    assert dead_paths(page) == ["bench/gone.py", "search/gone.py", "bench/other.py"]


def code_blocks(text: str, language: str = "python") -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def run_doctest(source: str, name: str) -> None:
    """Run the examples of a text; their output must be what stands there."""
    test = doctest.DocTestParser().get_doctest(source, {}, name, name, 0)
    shown: list[str] = []
    outcome = doctest.DocTestRunner().run(test, out=shown.append)
    assert outcome.failed == 0, "".join(shown)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_python_examples_of_the_pages_give_what_they_show(page, monkeypatch):
    """Numbers in a document go stale unless something computes them."""
    monkeypatch.chdir(ROOT)
    for block in code_blocks(page.read_text(encoding="utf-8")):
        if ">>>" in block:
            run_doctest(block, page.name)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_python_examples_import_what_exists(page):
    """The examples that take too long to run here still must not name something that is gone."""
    for block in code_blocks(page.read_text(encoding="utf-8")):
        if ">>>" in block:
            continue
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("crosspt_cli"):
                module = importlib.import_module(node.module)
                assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


def documented_modules() -> list[str]:
    """Return the modules that have examples in their docstrings."""
    found = [path for path in PACKAGE.rglob("*.py") if ">>>" in path.read_text(encoding="utf-8")]
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in sorted(found)]


@pytest.mark.parametrize("name", documented_modules())
def test_docstring_examples_give_what_they_show(name, monkeypatch):
    """They are the first thing that someone copies."""
    monkeypatch.chdir(ROOT)
    shown: list[str] = []
    runner = doctest.DocTestRunner()
    for test in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name)):
        runner.run(test, out=shown.append)
    assert runner.failures == 0, "".join(shown)


def tree(text: str) -> dict[str, str]:
    """Return path → what it is for, from the file tree below a page's heading "Where things are"."""
    block = re.search(r"^## Where things are\n+```\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE).group(1)
    entries, folder = {}, ""
    for line in block.splitlines():
        name, _, about = line.strip().partition(" ")
        inside = line.startswith(" ")
        folder = folder if inside else name
        entries[folder + name if inside else name] = about.strip()
    return entries


def test_the_file_tree_explains_every_file_and_folder_that_exists():
    """It is the map by which a newcomer finds the way; one missing street is enough to get lost."""
    files = tracked()
    expected = {name.split("/")[0] + ("/" if "/" in name else "") for name in files}
    expected |= {"/".join(name.split("/")[:2]) + "/" for name in files if re.match(r"crosspt_cli/[^/]+/", name)}
    entries = tree((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert set(entries) == expected
    assert [name for name, about in entries.items() if not about] == []


def test_the_card_of_the_source_prompts_is_what_the_manifests_say():
    """Scores and licences that were typed by hand would soon be those of an earlier bank."""
    script = runpy.run_path(str(ROOT / "recipes" / "sources" / "card.py"))
    written = (ROOT / "recipes" / "sources" / "CARD.md").read_text(encoding="utf-8")
    assert written == script["card"](script["read_manifests"](ROOT / "registry" / "sources"))


def test_the_axes_of_the_notation_are_those_of_the_code():
    """There is one list of letters."""
    from crosspt_cli.foundation.axes import AXES

    rows = re.findall(
        r"^\| (\w) \| (.+?) \|$", (ROOT / "docs" / "notation.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    written = {letter: meaning.split(":")[0] for letter, meaning in rows}
    assert {letter: written.get(letter) for letter in AXES} == AXES


def test_the_shipped_bank_file_and_the_page_about_it_agree_on_the_keys():
    """A key that the page does not explain is a key that nobody finds."""
    from dataclasses import fields

    from crosspt_cli.pretraining.bank_file import BankSpec, SourceSpec, read_bank

    page = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    cells = [
        cell for row in re.findall(r"^\| (`.+?) \|", page, re.MULTILINE) for cell in re.findall(r"`([\w-]+)`", row)
    ]
    known = [field.name.replace("_", "-") for kind in (BankSpec, SourceSpec) for field in fields(kind)]
    assert sorted(cells) == sorted(known)
    assert len(read_bank(ROOT / "recipes" / "sources" / "bank.yaml").sources) >= 12

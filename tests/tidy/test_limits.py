"""Is it still our house?  Sizes, words, links, dead files, and the same texts in each language."""

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FUNCTION_LINES_MAX = 40
FILE_LINES_MAX = 400
LINE_LENGTH_MAX = 100

# What must not be in the sources, and what to do instead.  Written so that this file is clean.
BANNED = {
    "TO" + "DO": "do it, or open an issue",
    "FIX" + "ME": "fix it",
    "XX" + "X": "say what is meant",
    "type: " + "ignore": "say the type",
    "no" + "qa": "follow the rule, or change it for all in pyproject.toml",
    "@ts-" + "ignore": "say the type",
    "unittest." + "mock": "find the missing seam",
    "monkey" + "patch": "find the missing seam",
    "mark." + "skip": "a test runs or is removed",
    "mark." + "xfail": "a test passes or is removed",
}
RULES = ROOT / "pyproject.toml"
PROSE = {".md", ".txt"}
# Not ours to shape: made by tools, or kept as it came.
MADE = {"uv.lock", "openapi.json", "desktop/package-lock.json", "desktop/src/api.d.ts", "LICENSE"}


@cache
def files() -> tuple[Path, ...]:
    """Every text file of the repository that a person wrote."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    paths = [ROOT / name for name in listed if name not in MADE]
    return tuple(path for path in paths if path.is_file() and is_text(path))


def is_text(path: Path) -> bool:
    """Whether *path* holds text."""
    try:
        path.read_text()
    except UnicodeDecodeError:
        return False
    return True


def code(*suffixes: str) -> list[Path]:
    """The files with one of *suffixes*."""
    return [path for path in files() if path.suffix in suffixes]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Every function of a Python file with its length in lines."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - node.lineno + 1


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {name} has {lines} lines"
        for path in code(".py")
        for name, lines in functions(path)
        if lines > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_no_file_is_too_long_to_know() -> None:
    long = [
        f"{path.relative_to(ROOT)} has {lines} lines"
        for path in code(".py", ".ts", ".tsx", ".sql", ".css", ".js")
        if (lines := len(path.read_text().splitlines())) > FILE_LINES_MAX
    ]
    assert long == []


def test_no_line_is_too_wide() -> None:
    wide = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in code(".py", ".ts", ".tsx")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > LINE_LENGTH_MAX
    ]
    assert wide == []


@pytest.mark.parametrize("word", BANNED)
def test_no_banned_word_is_in_the_sources(word: str) -> None:
    pattern = re.compile(rf"(?<!\w){re.escape(word)}")
    found = [
        f"{path.relative_to(ROOT)}:{number}: {BANNED[word]}"
        for path in files()
        if path.suffix not in PROSE and path != RULES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_every_module_opens_with_its_theory() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in code(".py")
        if path.read_text().strip() and ast.get_docstring(ast.parse(path.read_text())) is None
    ]
    assert silent == []


def test_every_module_is_reached_from_somewhere() -> None:
    """A module that nobody imports is dead, unless it is started by its name."""
    sources = {path: path.read_text() for path in code(".py")}
    started = {"balcao.__main__", "balcao.server"}
    dead = []
    for path in sources:
        relative = path.relative_to(ROOT)
        module = ".".join(relative.with_suffix("").parts)
        if relative.parts[0] != "balcao" or path.name == "__init__.py" or module in started:
            continue
        package, _, name = module.rpartition(".")
        words = re.compile(
            rf"{re.escape(module)}\b|from {re.escape(package)} import [^\n]*\b{name}\b"
            rf"|from {re.escape(package)} import \([^)]*\b{name}\b"
        )
        if not any(words.search(text) for other, text in sources.items() if other != path):
            dead.append(module)
    assert dead == []


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for path in code(".md"):
        for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
            where = target.partition("#")[0]
            if where and "://" not in target and not target.startswith("mailto:"):
                there = ROOT / where[1:] if where.startswith("/") else path.parent / where
                if not there.exists():
                    broken.append(f"{path.relative_to(ROOT)}: {target}")
    assert broken == []


def catalogues() -> dict[str, dict[str, str]]:
    """The texts of each language, by key."""
    return {
        path.stem: {k: v for k, v in json.loads(path.read_text()).items() if not k.startswith("$")}
        for path in sorted((ROOT / "desktop" / "messages").glob("*.json"))
    }


def test_every_language_has_every_text() -> None:
    texts = catalogues()
    assert set(texts) == {"en", "es", "pt-BR"}
    keys = {language: set(found) for language, found in texts.items()}
    assert keys["en"] == keys["pt-BR"]
    assert keys["es"] == keys["pt-BR"]


def placeholders(text: object) -> set[str]:
    """The values that a text is made with, wherever in its variants they stand."""
    return set(re.findall(r"\{(\w+)\}", json.dumps(text)))


def test_a_text_has_the_same_placeholders_in_every_language() -> None:
    texts = catalogues()
    different = [
        key
        for key, text in texts["pt-BR"].items()
        for language in ("en", "es")
        if placeholders(text) != placeholders(texts[language].get(key, ""))
    ]
    assert different == []


def test_nothing_of_an_event_loop_outlives_it() -> None:
    """A lock made with its module belongs to the first loop that waits for it, for ever."""
    kept = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in code(".py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call)
        if ast.unparse(node.value.func).startswith("asyncio.")
    ]
    assert kept == []

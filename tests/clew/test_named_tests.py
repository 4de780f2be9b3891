"""Every test that docs/security.md and docs/guarantees.md name is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDES = [path for name in ("security.md", "guarantees.md") if (path := ROOT / "docs" / name).exists()]


def names_in(path):
    tree = ast.parse(path.read_text("utf-8"))
    return {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_named_tests_are_there(guide):
    named = re.findall(r"(tests/[\w/]+\.py)::(\w+)", guide.read_text("utf-8"))
    missing = [
        f"{path}::{name}" for path, name in named if not (ROOT / path).exists() or name not in names_in(ROOT / path)
    ]
    assert len(named) >= 10
    assert missing == []


def test_all_ten_risks_have_their_row():
    text = (ROOT / "docs" / "security.md").read_text("utf-8")
    assert re.findall(r"(?m)^\| (LLM\d\d) ", text) == [f"LLM{number:02}" for number in range(1, 11)]

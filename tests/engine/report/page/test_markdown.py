"""The report as Markdown: read back by a parser of it, and no text of a data set obeyed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.plain import plain
from engine.report.page.document import document
from engine.report.page.gather import gather
from engine.report.page.markdown import as_markdown, escaped
from tests.engine.cache.scored import URL, make_index, seal

HARD = "|`<b>*_[x](https://x.org) ![y](z) www.x.org a@b.c #1 &amp; ~~s~~ \\ \x1b[2J\u202e"
READ = MarkdownIt("commonmark").enable(["table", "strikethrough"])


@pytest.fixture
def paths(tmp_path: Path) -> IndexPaths:
    return make_index(tmp_path)


def markdown_of(paths: IndexPaths) -> str:
    reader = open_reader(paths)
    try:
        return as_markdown(document(gather(reader)))
    finally:
        reader.close()


def test_the_same_answer_stands_in_sentences_and_tables(paths: IndexPaths) -> None:
    seal(paths)
    text = markdown_of(paths)
    tokens = READ.parse(text)
    said = [token.content for token in tokens if token.type == "inline"]
    assert said[0] == "Reward heuristics of tiny-pm"
    assert any("The PM gets 3 of 6 counterexamples right" in each for each in said)
    assert any("outvoted / followed" in each for each in said)
    tables = sum(token.type == "table_open" for token in tokens)
    assert tables == text.count("\n| --- |")
    assert tables >= 6
    assert not any(token.type.startswith("html") for token in tokens)


@given(st.text())
def test_any_text_is_read_back_as_it_is(text: str) -> None:
    for line in (f"x {escaped(text)} y", f"| a |\n| --- |\n| x {escaped(text)} y |"):
        inline = [token for token in READ.parse(line) if token.type == "inline"][-1]
        children = inline.children or []
        assert {child.type for child in children} <= {"text", "text_special"}
        shown = "".join(child.content for child in children)
        assert shown.split() == f"x {plain(text, keep_newlines=False)} y".split()


def test_hostile_names_make_no_markup(paths: IndexPaths) -> None:
    seal(paths, heuristic=replace(URL, name=HARD))
    tokens = READ.parse(markdown_of(paths))
    kinds = {child.type for token in tokens for child in token.children or []}
    assert kinds == {"text", "strong_open", "strong_close"}
    shown = ["".join(child.content for child in token.children or []) for token in tokens]
    assert plain(HARD) in shown  # its heading

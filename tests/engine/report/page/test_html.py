"""The report as one page: what it says first, who can read it, and what it never obeys."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from engine.cache.custom import CustomEdit, CustomFile
from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.report.page.document import document
from engine.report.page.gather import gather
from engine.report.page.html import as_html
from tests.engine.cache import scored
from tests.engine.cache.customs import custom_pair
from tests.engine.cache.scored import URL, index, make_index, seal, write_source
from tests.engine.report.page.reading import Element, read

HOSTILE = '<script>alert(1)</script>\x1b[2J\u202e$x^2$ {{ 7*7 }} "&amp;\uffff'
_HEX = re.compile(r"--([a-z]+): (#[0-9a-f]{6});")


def page_of(paths: IndexPaths) -> str:
    reader = open_reader(paths)
    try:
        return as_html(document(gather(reader)))
    finally:
        reader.close()


@pytest.fixture(scope="module")
def friendly(tmp_path_factory: pytest.TempPathFactory) -> str:
    paths = make_index(tmp_path_factory.mktemp("friendly"))
    run = seal(paths)
    edit = CustomEdit(response_chosen=" https://")
    CustomFile(paths.custom, "ann").append([custom_pair(run, edit)])
    return page_of(paths)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Every text that comes from data is hostile: names, a tranche, the responses themselves."""
    folder = tmp_path_factory.mktemp("hostile")
    friendly_sides = scored.sides

    def sides(row: int) -> tuple[str, str]:
        bears, bare = friendly_sides(row)
        return f"{bears}{HOSTILE}", f"{bare}{HOSTILE}"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scored, "sides", sides)
        paths = IndexPaths(folder / "cache", "tiny")
        names = [HOSTILE.replace("/", "") + name for name in ("first", "second")]
        rows = (range(6), range(6, 12))
        index(paths, *(write_source(folder, *each) for each in zip(names, rows, strict=True)))
        seal(paths, heuristic=replace(URL, name=f"{HOSTILE}\nname"))
        yield page_of(paths)


def headings(page: Element) -> list[tuple[int, str]]:
    found = page.all("h1", "h2", "h3", "h4")
    return [(int(each.tag[1]), each.text.strip()) for each in found]


def test_the_answer_comes_first_and_the_method_last(friendly: str) -> None:
    page = read(friendly)
    titles = [title for _, title in headings(page)]
    assert titles[:4] == ["Reward heuristics of tiny-pm", "The answer", "Heuristics", "url"]
    assert titles[-1] == "Method"
    answer = next(each for each in page.all("section") if each.attributes.get("id") == "s1")
    said = " ".join(answer.text.split())
    assert "deleting it changes the bearer's reward by +0.500 [+0.500, +0.500]" in said
    assert "The PM gets 3 of 6 counterexamples right (50% [19%, 81%])" in said
    assert "The verdicts are about the heuristic." in said


def test_every_part_of_the_answer_has_its_table_or_plot(friendly: str) -> None:
    page = read(friendly)
    told = [each.text.split(".")[0].strip() for each in page.all("figcaption")]
    plots = [next(each.all("title")).text for each in page.all("svg")]
    assert len(told) == len(plots)
    for wanted in (
        "Verdicts on url",
        "Natural against custom text, url",
        "Mean margin and accuracy by tranche",
        "Reliability by tranche",
        "Reward recovered",
        "Attribution and integrated gradients",
    ):
        assert wanted in plots
    method = page.text
    for hashed in ("last-text-token", "context-left", "ε_m, for margins", "hash of the SAE"):
        assert hashed in method
    marked = [each.text for each in page.all("mark")]
    assert set(marked) == {"https://"}


def test_what_the_pm_does_not_hold_has_counts_and_no_bars(tmp_path: Path) -> None:
    paths = make_index(tmp_path)
    seal(paths, deletion=0.5)
    page = read(page_of(paths))
    assert "Shares are withheld: this PM does not hold the heuristic." in page.text
    assert "Verdicts on url" not in [each.text for each in page.all("title")]
    (table,) = [
        each for each in page.all("table") if "Verdicts on url" in next(each.all("caption")).text
    ]
    outvoted = [row for row in table.all("tr") if "outvoted" in row.text]
    assert [cell.text for cell in outvoted[0].all("td")] == ["2", "-", "-", "3", "-", "-"]


@pytest.mark.parametrize("which", ["friendly", "hostile"])
def test_nothing_is_fetched_and_nothing_runs(which: str, request: pytest.FixtureRequest) -> None:
    text: str = request.getfixturevalue(which)
    page = read(text)
    policy = [each for each in page.all("meta") if "http-equiv" in each.attributes]
    assert [each.attributes["content"] for each in policy] == [
        "default-src 'none'; style-src 'unsafe-inline'"
    ]
    tags = {each.tag for each in page.all()}
    assert not tags & {"script", "img", "link", "iframe", "object", "embed", "form", "base"}
    for each in page.all():
        for name, value in each.attributes.items():
            assert not name.startswith("on")
            assert name != "src"
            if name.endswith("href"):
                assert value is not None
                assert value.startswith("#")
            assert "url(" not in (value or "").replace("url(#f", "")
    (style,) = page.all("style")
    assert "url(" not in style.text
    assert "@import" not in style.text


@pytest.mark.parametrize("which", ["friendly", "hostile"])
def test_a_screen_reader_finds_its_way(which: str, request: pytest.FixtureRequest) -> None:
    text: str = request.getfixturevalue(which)
    page = read(text)
    (html,) = page.all("html")
    assert html.attributes["lang"] == "en"
    levels = [level for level, _ in headings(page)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = Counter(each.attributes["id"] for each in page.all() if "id" in each.attributes)
    assert set(ids.values()) == {1}
    pointers = [each.attributes["href"] or "" for each in page.all() if "href" in each.attributes]
    assert {pointer[1:] for pointer in pointers} <= set(ids)
    for table in page.all("table"):
        assert next(table.all("caption")).text.strip()
        assert all(each.attributes["scope"] in ("col", "row") for each in table.all("th"))
        width = len(list(next(table.all("tr")).all("th")))
        assert {len(row.children) for row in table.all("tr")} == {width}
    for svg in page.all("svg"):
        assert svg.attributes["role"] == "img"
        for named in (svg.attributes["aria-labelledby"] or "").split():
            (told,) = [each for each in svg.all() if each.attributes.get("id") == named]
            assert told.text.strip()


def test_colours_follow_the_reader_and_keep_their_contrast(friendly: str) -> None:
    page = read(friendly)
    (style,) = page.all("style")
    for palette in map(dict, map(_HEX.findall, re.split("@media", style.text))):
        for colour in ("ink", "faint", "blue", "orange"):
            for ground in ("ground", "band"):
                assert contrast(palette[colour], palette[ground]) >= 4.5
        assert contrast(palette["ink"], palette["mark"]) >= 4.5
    for svg in page.all("svg"):
        styles = " ".join(each.attributes.get("style") or "" for each in svg.all())
        assert not re.search(r"#[0-9a-f]{6}", styles)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio of two sRGB colours."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    ]
    return sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_series_differ_by_more_than_colour(friendly: str) -> None:
    page = read(friendly)
    bars = [svg for svg in page.all("svg") if "Verdicts" in next(svg.all("title")).text]
    for svg in bars:
        assert list(svg.all("pattern"))  # hatched
        legend = svg.text
        assert "6 counterexamples" in legend
        assert "6 conforming pairs" in legend


def test_hostile_text_is_shown_and_never_obeyed(hostile: str) -> None:
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", hostile)
    said = read(hostile).text
    for shown in ("<script>alert(1)</script>", "␛[2J", "$x^2$", "{{ 7*7 }}", '"&amp;'):
        assert shown in said
    assert "⏎name" in said


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    paths = make_index(tmp_path)
    seal(paths)
    assert page_of(paths) == page_of(paths)

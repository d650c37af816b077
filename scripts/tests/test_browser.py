"""The pages in a real browser: whole, silent, narrow enough, filtered, printed, and linked.

Skipped where there is no Chromium; $REGATTA_CHROMIUM names another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import browser
import pytest

PROGRAM = browser.find()
pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason="no Chromium here: install it with apt-get install chromium"
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[browser.Browser]:
    assert PROGRAM is not None
    try:
        running = browser.Browser(PROGRAM)
    except RuntimeError as error:
        # An Ubuntu without snapd has a program of that name that is none.
        pytest.skip(str(error))
    yield running
    running.close()


@pytest.fixture
def tab(chromium) -> Iterator[browser.Tab]:
    """Opens pages, and closes the last of them."""
    opened: list[browser.Tab] = []

    def open_page(*arguments, **options):
        opened.append(chromium.open(*arguments, **options))
        return opened[-1]

    yield open_page
    for one in opened:
        one.close()


def pages(site: Path) -> list[Path]:
    return [site / "report.html", *sorted((site / "report").glob("*.html"))]


def echo(site: Path) -> Path:
    return site / "report" / "scenario-echo.html"


SHOWN = "[...document.querySelectorAll({!r})].filter(e => e.checkVisibility()).length"


def shown(tab: browser.Tab, selector: str) -> int:
    """How many elements can be seen."""
    return tab.ask(SHOWN.format(selector))


def tag_of(tab: browser.Tab, row: str) -> str:
    return tab.ask(f"document.querySelector('.of-row[value=\"{row}\"]').dataset.k")


def toggle(tab: browser.Tab, row: str) -> None:
    tab.ask(f"document.querySelector('.of-row[value=\"{row}\"]').click()")


def test_every_page_is_silent_asks_for_nothing_and_fits_a_phone(site, tab):
    for path in [*pages(site), site / "report_one_file.html"]:
        page = tab(path, width=390)
        assert page.complaints == [], path.name
        assert [url for url in page.fetched if not url.startswith("data:")] == [path.as_uri()]
        assert page.ask("document.documentElement.scrollWidth") <= 390, path.name
        assert page.ask("innerWidth") == 390, path.name  # a phone would zoom out to fit more
        assert page.ask("document.querySelector('h1').innerText.trim()")


def test_each_page_shows_its_charts_once_for_wide_and_for_narrow_screens(site, tab):
    for width, sheet, other in ((1280, "wide", "narrow"), (390, "narrow", "wide")):
        page = tab(echo(site), width=width)
        assert shown(page, f"figure .{sheet} svg") == page.ask(
            "document.querySelectorAll('figure').length"
        )
        assert shown(page, f"figure .{other} svg") == 0


def test_links_lead_somewhere(site, tab):
    texts: dict[Path, str] = {}
    for path in pages(site):
        page = tab(path)
        for link in page.ask("[...document.querySelectorAll('a[href]')].map(a => a.href)"):
            address, _, anchor = link.partition("#")
            assert address.startswith("file://"), (path.name, link)
            target = Path(address.removeprefix("file://"))
            assert target.is_file(), (path.name, link)
            if anchor:
                text = texts.get(target) or target.read_text(encoding="utf-8")
                texts[target] = text
                assert f'id="{anchor}"' in text, (path.name, link)


def test_a_contender_that_is_hidden_leaves_tables_and_fades_in_charts(site, tab):
    page = tab(echo(site))
    tag = tag_of(page, "tokio")
    assert shown(page, f"tr.{tag}") > 0 and shown(page, f"td.{tag}, th.{tag}") > 0
    toggle(page, "tokio")
    assert shown(page, f"tr.{tag}, td.{tag}, th.{tag}") == 0
    opacity = f"getComputedStyle(document.querySelector('svg .{tag}')).opacity"
    assert float(page.ask(opacity)) < 0.2
    assert page.ask("location.hash") == "#hide=tokio"
    assert "1 of " in page.ask("document.getElementById('said').textContent")
    toggle(page, "tokio")
    assert shown(page, f"tr.{tag}") > 0 and page.ask("location.hash") == ""
    assert float(page.ask(opacity)) == 1


def test_a_chart_of_whom_nobody_is_left_is_hidden(site, tab):
    page = tab(echo(site))
    assert shown(page, "figure") > 0
    page.ask("document.querySelector('[data-set=none]').click()")
    assert shown(page, "figure") == 0
    page.ask("document.getElementById('reset').click()")
    assert shown(page, "figure") > 0


def test_words_choose_scenarios_and_cells(site, tab):
    page = tab(site / "report.html")
    lines = "#scenarios tr[data-find]"
    before = shown(page, lines)
    page.ask(
        "const field = document.getElementById('find'); field.value = 'timers';"
        "field.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    assert 0 < shown(page, lines) < before
    page.go(f"{echo(site).as_uri()}#find=16,384%20round")
    figures = "[aria-label='Figures of echo'] tbody tr"
    texts = page.ask(
        f'[...document.querySelectorAll("{figures}")].filter(e => e.checkVisibility())'
        ".map(e => e.innerText)"
    )
    assert texts and all("16,384" in text for text in texts)


def test_a_view_can_be_linked_and_goes_along_to_other_pages(site, tab):
    page = tab(site / "report.html", "#hide=tokio,go&at=noise")
    assert page.ask(
        "[...document.querySelectorAll('.of-row:not(:checked)')].map(b => b.value)"
    ) == [
        "tokio",
        "go",
    ]
    assert page.ask("Math.abs(document.getElementById('noise').getBoundingClientRect().top) < 900")
    page.ask("document.querySelector('nav a[href*=\"scenario-echo\"]').click()")
    page.loaded()
    assert page.ask("location.href").endswith("scenario-echo.html#hide=tokio,go")
    assert shown(page, f"tr.{tag_of(page, 'tokio')}") == 0
    page.ask("document.querySelector('.brand a').click()")
    page.loaded()
    assert page.ask("location.href").endswith("report.html#hide=tokio,go")


def test_an_address_of_nonsense_hides_nothing(site, tab):
    page = tab(echo(site), "#hide=%E0%A4%A,nobody&find=&at=nowhere&x")
    assert page.complaints == []
    assert page.ask("document.querySelectorAll('.of-row:not(:checked)').length") == 0


def test_tables_are_sorted_by_their_numbers_by_keyboard_too(site, tab):
    page = tab(echo(site))
    column = "document.querySelector('table.heat thead th:nth-child(2) button')"
    values = (
        "[...document.querySelectorAll('table.heat tbody td:nth-child(2)')]"
        ".map(e => Number(e.dataset.v))"
    )
    page.ask(f"{column}.focus()")
    page.press("Enter", 13)
    ascending = page.ask(values)
    assert ascending == sorted(ascending) and len(set(ascending)) > 1
    page.press("Enter", 13)
    assert page.ask(values) == sorted(ascending, reverse=True)
    assert page.ask("document.querySelector('th[aria-sort]').getAttribute('aria-sort')") == (
        "descending"
    )


def test_a_menu_opens_by_keyboard_and_closes_by_escape(site, tab):
    page = tab(site / "report.html")
    page.ask("document.querySelector('details.who summary').focus()")
    page.press("Enter", 13)
    assert shown(page, ".of-row") > 2
    page.press("Escape", 27)
    assert shown(page, ".of-row") == 0


def test_pages_are_whole_without_script(site, tab):
    for path in pages(site):
        page = tab(path, script=False)
        assert page.complaints == []
        assert shown(page, "main table, main figure, main .claim") > 0, path.name
        assert shown(page, "form.filter") == 0
        assert shown(page, "nav.pages a") > 3


def test_pages_can_be_printed(site, tab):
    for name in ("report.html", "report/scenario-echo.html", "report/claims.html"):
        page = tab(site / name)
        printed = page.pdf()
        assert printed.startswith(b"%PDF")
        count = len(re.findall(rb"/Type\s*/Page\b", printed))
        # Hundreds of lines of values behind the charts are not for paper.
        assert 1 <= count <= 25, (name, count)


def test_tables_fit_on_paper(site, tab):
    for path in pages(site):
        page = tab(path, width=718)  # A4 within its margins
        page._call("Emulation.setEmulatedMedia", media="print")
        assert page.ask("document.documentElement.scrollWidth") <= 718, path.name


def test_dark_pages_are_dark(site, tab):
    page = tab(site / "report.html")
    bright = page.ask("getComputedStyle(document.body).backgroundColor")
    page._call(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}]
    )
    assert page.ask("getComputedStyle(document.body).backgroundColor") != bright

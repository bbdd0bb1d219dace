import os
import re

import pytest

from runner import report
from runner.reporting import page as reporting
from tests.runner.plots.frames import trials
from tests.runner.reporting.browser import PROGRAM, browser
from tests.runner.running import swept

WIDTHS = (375, 1400)

pytestmark = pytest.mark.skipif(
    PROGRAM is None and os.environ.get("CI") != "true", reason="no Chromium here: apt-get install chromium"
)

# Elements that stick out of the window, unless what scrolls or clips holds them.
OUTSIDE = """
[...document.querySelectorAll("body *")].filter((element) => {
  const box = element.getBoundingClientRect();
  if (!box.width || !box.height || (box.right <= innerWidth + 0.5 && box.left >= -0.5)) return false;
  for (let at = element; at; at = at.parentElement) if (at.matches(".box, pre, .skip, svg")) return false;
  return true;
}).map((element) => element.outerHTML.slice(0, 90))
"""
PICTURES = """
[...document.querySelectorAll("svg:not([aria-hidden]), canvas, img")]
  .map((picture) => picture.getAttribute("aria-label") || picture.alt || "")
"""
COLUMN = """
((column) => [...document.querySelector("#configurations tbody").rows].map((row) => row.cells[column].textContent))
"""


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("browser") / "profile") as there:
        yield there.page()


@pytest.fixture(scope="module")
def pages(page, tmp_path_factory):
    """Pages of a grid, of a sweep in which everything diverged, and of a map of many cells, a trial each."""
    folder = tmp_path_factory.mktemp("pages")
    wild = {"name": "wild", "task": "xor", "training": {"momentum": 1e20, "epochs": 40}, "sweep": {"seeds": 2}}
    places = [n / 4 for n in range(-12, 13)]
    axes = {"update": ["batch", "online"], "b1[1]": places, "W2[1,0]": places}
    trials(axes, 1).to_csv(folder / "map.csv", index=False)
    return {"grid": page, "diverged": report(swept(wild, folder)), "map": report(folder / "map.csv")}


@pytest.mark.parametrize("name", ["grid", "diverged", "map"])
def test_a_page_opens_without_errors_and_asks_the_network_for_nothing(tab, pages, name):
    for width in WIDTHS:
        for dark in (False, True):
            tab.open(pages[name], width, dark=dark)
            assert tab.said() == []
            first, *others = tab.asked_for()
            assert first.startswith("file://")
            assert [address for address in others if not address.startswith("data:")] == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["grid", "diverged", "map"])
def test_nothing_sticks_out_of_the_window(tab, pages, name, width):
    tab.open(pages[name], width)
    scrolls, window = tab.run("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert scrolls <= window == width
    assert tab.run(OUTSIDE) == []


@pytest.mark.parametrize("name", ["grid", "diverged", "map"])
def test_every_picture_says_in_words_what_it_shows(tab, pages, name):
    tab.open(pages[name])
    words = tab.run(PICTURES)
    assert len(words) >= 2
    assert all(len(label) > 30 for label in words)


def test_words_in_pictures_can_be_read_at_both_widths(tab, page):
    sizes = """
      [...document.querySelectorAll("svg text")].filter((text) => text.getBoundingClientRect().width).map((text) => {
        const { a, b } = text.getScreenCTM();
        return parseFloat(getComputedStyle(text).fontSize) * Math.hypot(a, b);
      })"""
    for width in WIDTHS:
        tab.open(page, width)
        found = tab.run(sizes)
        assert len(found) > 50
        assert min(found) >= 9
        assert max(found) <= 20


def test_a_header_sorts_its_column_with_the_mouse_and_with_the_keyboard(tab, page):
    tab.open(page)
    heads = 'document.querySelectorAll("#configurations thead th")'
    column = tab.run(f'[...{heads}].findIndex((head) => head.textContent === "expected epochs")')
    button, state = f"{heads}[{column}].firstElementChild", f"{heads}[{column}].getAttribute('aria-sort')"
    before = tab.run(f"{COLUMN}({column})")

    def number(text):
        return float("inf") if text == "∞" else float(text.replace(",", ""))

    tab.run(f"{button}.click()")
    assert tab.run(state) == "ascending"
    up = tab.run(f"{COLUMN}({column})")
    assert up == sorted(before, key=number)
    assert up != before
    tab.run(f"{button}.focus()")
    assert tab.run(f"getComputedStyle({button}).outlineStyle") is not None
    tab.press("Enter", 13)
    assert tab.run(state) == "descending"
    assert tab.run(f"{COLUMN}({column})") == sorted(before, key=number, reverse=True)
    tab.run('document.querySelector("#configurations thead button").click()')
    assert tab.run(state) is None, "one column is sorted by"
    assert tab.run(f"{COLUMN}(0)") == sorted(tab.run(f"{COLUMN}(0)"), key=float)


def test_focus_is_visible(tab, page):
    tab.open(page)
    tab.press("Tab", 9)
    assert tab.run("document.activeElement.className") == "skip"
    for _ in range(3):
        tab.press("Tab", 9)
        assert tab.run("parseFloat(getComputedStyle(document.activeElement).outlineWidth) >= 2")


def test_the_map_shows_any_two_axes_and_any_value_of_the_third(tab, page, folder):
    from runner.tables.loading import load

    rows = load(folder).trials
    tab.open(page)
    cells = (
        '[...document.querySelectorAll("#map-drawn tbody td")].map((cell) => parseFloat(cell.firstChild.textContent))'
    )
    select = """((label, option) => {
      const labels = [...document.querySelectorAll("#map-controls label")];
      const list = labels.find((one) => one.firstChild.textContent === label).lastChild;
      list.value = [...list.options].find((one) => one.textContent === option).value;
      list.dispatchEvent(new Event("change"));
    })"""

    def expected(part, row, column):
        return [100 * share for share in part.groupby([row, column], observed=True, sort=False)["converged"].mean()]

    assert tab.run(cells) == pytest.approx(expected(rows, "hidden", "learning_rate"), abs=0.051)
    tab.run(f"{select}('update', 'online')")
    assert tab.run(cells) == pytest.approx(
        expected(rows[rows["update"] == "online"], "hidden", "learning_rate"), abs=0.051
    )
    assert "update: online" in tab.run('document.getElementById("map-caption").textContent')
    tab.run(f"{select}('columns', 'update')")
    assert tab.run(cells) == pytest.approx(expected(rows, "hidden", "update"), abs=0.051)
    tab.run(f"{select}('what is shown', 'mean epochs to convergence')")
    assert tab.said() == []
    tab.run(f"{select}('rows', 'update')")
    headers = 'document.querySelectorAll("#map-drawn tbody th").length'
    assert tab.run(headers) == 2, "the two axes change places"


def test_a_map_of_many_cells_is_an_image_that_tells_of_each_cell(tab, pages):
    tab.open(pages["map"])
    size = tab.run('(({ width, height }) => [width, height])(document.querySelector("#map-drawn canvas"))')
    assert size == [25, 25]
    tab.run('document.querySelector("#map-drawn canvas").focus()')
    tab.press("ArrowRight", 39)
    tab.press("ArrowUp", 38)
    readout = tab.run('document.getElementById("map-readout").textContent')
    assert "of 1 converged" in readout
    assert "\N{MINUS SIGN}2.75" in readout


def contrast(one, other):
    """The ratio of two colours' luminances (WCAG 2.1)."""

    def luminance(colour):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_words_stand_out_from_what_is_behind_them_in_the_light_and_in_the_dark():
    style = (reporting._HERE / "page.css").read_text()
    themes = [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", part)) for part in re.findall(r":root \{.*?\}", style, re.S)
    ]
    assert len(themes) == 2
    for theme in themes:
        for words in ("ink", "quiet", "link"):
            for behind in ("paper", "soft"):
                assert contrast(theme[words], theme[behind]) >= 4.5
        assert contrast(theme["ink"], theme["note"]) >= 4.5
        for line in ("c0", "c5"):
            assert contrast(theme[line], theme["paper"]) >= 3, "what converged, and what did not"

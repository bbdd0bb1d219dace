import re
from html import unescape

from matplotlib.figure import Figure

from runner.plots.style import GRID, INK, SOLVED
from runner.reporting.svg import svg, swatch


def figure(label="A picture of two points, one above the other."):
    found = Figure(figsize=(2, 1))
    axes = found.add_subplot()
    axes.plot([0, 1], [0.123456789, 1], c=SOLVED, marker="o", mec="white")
    axes.plot([0, 1], [1, 1], c="black")
    axes.grid(color=GRID)
    axes.set_xticks([0, 1], ["0.000123456", "</svg><script>"], color=INK)
    found.set_label(label)
    return found


def test_a_figure_is_one_element_without_anything_that_reaches_beyond_it():
    text = svg(figure(), "one")
    assert text.startswith("<svg ")
    assert text.rstrip().endswith("</svg>")
    assert text.count("<svg") == text.count("</svg>") == 1
    for tag in ("<?xml", "<!DOCTYPE", "<style", "<metadata", "<script"):
        assert tag not in text
    assert "&lt;/svg&gt;&lt;script&gt;" in text


def test_words_stay_as_they_are_and_places_are_short():
    text = svg(figure(), "one")
    assert ">0.000123456<" in text, "a number that is read is not cut"
    assert not re.search(r"[\"L ]\d+\.\d{3,}", text)


def test_colours_are_the_pages():
    text = svg(figure(), "one")
    assert "var(--c0)" in text
    assert "var(--grid)" in text
    assert "var(--paper)" in text
    assert not re.search("#[0-9a-f]{6}", text.replace("#808080", "")), "no colour that the dark does not change"


def test_the_same_figure_gives_the_same_text_and_names_keep_pictures_apart():
    assert svg(figure(), "one") == svg(figure(), "one")
    ids = [set(re.findall(r' id="([^"]+)"', svg(figure(), name))) for name in ("one", "two")]
    assert all(ids)
    assert not ids[0] & ids[1]
    for found in re.findall(r"url\(#([^)]+)\)|href=\"#([^\"]+)\"", svg(figure(), "one")):
        assert {*found} - {""} <= ids[0], "what is referred to is there"


def test_the_label_is_read_out_whatever_it_holds():
    label = "\"quotes\" & 'others' <b>"
    text = svg(figure(label), "one")
    (said,) = re.findall(r'aria-label="([^"]*)"', text)
    assert unescape(said) == label
    assert 'role="img"' in text


def test_an_entry_of_a_legend_is_a_picture_that_nobody_reads_out():
    (line,) = figure().axes[0].get_lines()[:1]
    line.set_label("those that converged")
    image, words = swatch(line, "one")
    assert words == "those that converged"
    assert 'aria-hidden="true"' in image
    assert "aria-label" not in image

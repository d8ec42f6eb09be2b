"""The report in a real browser: opened from disk with the network off, used as a person does, read off the screen."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_core_python.selenium import Axe
from PIL import Image
from selenium.common.exceptions import NoAlertPresentException
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.report.browser import start_browser
from tests.samples import size_item
from timm_sizes.items import ModelSize
from timm_sizes.pick.rows import load_choices
from timm_sizes.report.page import Source, render
from timm_sizes.sizes_file import Sizes
from timm_sizes.tables.memory import Footprint, Memory, memory_of

if TYPE_CHECKING:
    from selenium.webdriver.remote.webelement import WebElement

# One browser serves them all: one worker runs them.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

PATIENCE = 15  # seconds; a browser needs a fraction of one for anything here
SCRIPT, IMAGE_TAG, FORMULA = "<script>alert(1)</script>", "</script><img src=x onerror=alert(2)>", '=HYPERLINK("x","y")'

# model, image size, top1, top5, param_count, images a second, GMACs, MB, licence
ROWS: list[tuple[str, int, float | str, float | str, float, float | str, float, float | None, str]] = [
    ("resnet50.a1_in1k", 288, 81.2, 95.1, 25.56, 3000, 6.8, 102.55, "mit"),
    ("resnet50.a1_in1k", 224, 80.2, 94.6, 25.56, 5000, 4.11, 102.55, "mit"),
    ("resnet18.a1_in1k", 224, 71.5, 90.1, 11.69, 12000, 1.82, 46.83, "mit"),
    ("convnext_atto.d2_in1k", 224, 75.7, 92.7, 3.7, "", 0.55, 14.83, "cc-by-nc-4.0"),
    ("mobilenetv3_small_050.lamb_in1k", 224, 57.9, 80.2, 1.59, 40000, 0.03, 6.42, "apache-2.0"),
    (SCRIPT, 224, 79.0, 94.0, 30.0, 2000, 5.0, 120.5, "mit"),
    (IMAGE_TAG, 256, 78.0, 93.0, 35.0, 1000, 6.0, 140.25, "mit"),
    (FORMULA, 224, 77.0, 92.0, 40.0, 900, 7.0, 160.0, "mit"),
    ("gcvit_tiny.in1k", 224, 83.4, 96.4, 28.2, 1500, 4.8, None, ""),
]
NAMES = [row[0] for row in ROWS]
HEADER = ["model", "img_size", "top1", "top5", "param_count", "infer_samples_per_sec", "infer_gmacs"]

# What the chart shows, by Bokeh's PLOT and the data of its points: its rows, where in the window the point of one is,
# those with a colour, the ends of the axes, the names along the line; and the tooltip.
PLOT = "const [plot] = Bokeh.documents[0].roots(); const { data } = plot.renderers[0].data_source;"
SHOWN = "return data.at.toSorted((a, b) => a - b);"
PLACE = """
const { frame } = Bokeh.index.get_by_id(plot.id);
const box = document.getElementById("chart").getBoundingClientRect();
const number = data.at.indexOf(arguments[0]);
return [box.left + frame.x_scale.compute(data.x[number]), box.top + frame.y_scale.compute(data.y[number])];
"""
COLOURED = """
const grey = getComputedStyle(document.documentElement).getPropertyValue("--family-8").trim();
return data.at.filter((_, number) => data.fill_color[number] !== grey).toSorted((a, b) => a - b);
"""
ENDS = "return [plot.x_range, plot.y_range].map(({ start, end }) => [start, end]);"
NAMED = 'return plot.center.find(({ type }) => type === "LabelSet").source.data.text;'
TOOLTIP = """
const name = document.querySelector(".bk-Tooltip")?.shadowRoot.querySelector("b");
return name ? [...name.parentElement.children].map((each) => each.textContent) : [];
"""
TABLE = """
return [...document.querySelectorAll("#table tbody tr")].filter((row) => row.offsetParent !== null)
  .map((row) => row.querySelector("th").textContent);
"""
CELLS = """
const shown = [...document.querySelectorAll("#table th[data-column]")].filter((each) => !each.hidden);
const row = [...document.querySelectorAll("#table tbody tr")].find((each) => each.textContent.includes(arguments[0]));
return Object.fromEntries(shown.map((header, at) => [header.dataset.column, row.cells[at + 1].textContent]));
"""
CLIPBOARD = "navigator.clipboard.writeText = async (text) => { window.copied = text; }"


@dataclass(frozen=True)
class Screen:
    """A browser with the report open, and what can be seen and done in it."""

    driver: Chrome
    address: str
    downloads: Path

    def open(self, state: str = "max_mb=") -> None:
        """Open the page anew, with *state* behind the # (by default no limit), and wait until it can be used."""
        self.driver.get("about:blank")
        self.driver.get(self.address + (f"#{state}" if state else ""))
        assert self.wait(lambda: self.find("filters").get_attribute("data-ready")) == "yes"

    def wait(self, condition: Any) -> Any:
        return WebDriverWait(self.driver, PATIENCE, poll_frequency=0.02).until(lambda _: condition())

    def find(self, name: str) -> WebElement:
        return self.driver.find_element(By.ID, name)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def click(self, selector: str) -> None:
        self.run("document.querySelector(arguments[0]).click()", selector)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def chart(self, script: str, *arguments: Any) -> Any:
        return self.run(PLOT + script, *arguments)

    def send(self, command: str, **arguments: Any) -> Any:
        """Send a command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(command, arguments)

    def look(self, width: int, scheme: str = "light") -> None:
        """Make the window *width* CSS pixels wide, light or dark, and open the page in it."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.send("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def shows(self, expected: list[str]) -> None:
        """Wait until the table has these rows, and the chart those of them that have a size."""
        self.wait(lambda: self.rows() == expected)
        self.wait(lambda: self.points() == sorted((name for name in expected if name in SIZED), key=NAMES.index))

    def rows(self) -> list[str]:
        """Return the names in the table's rows, as they are seen from top to bottom."""
        names: list[str] = self.run(TABLE)
        return names

    def cells(self, name: str) -> dict[str, str]:
        """Return the first row with *name* as the table has it."""
        found: dict[str, str] = self.run(CELLS, name)
        return found

    def points(self) -> list[str]:
        """Return the names of the rows that have a point in the chart, in the table's own order."""
        return [NAMES[at] for at in self.chart(SHOWN)]

    def place(self, at: int) -> tuple[float, float]:
        """Return where in the window the point of the row *at* is, in pixels."""
        self.run("document.getElementById('chart').scrollIntoView({ block: 'center', behavior: 'instant' })")
        across, up = self.chart(PLACE, at)
        return across, up

    def point_at(self, across: float, up: float) -> None:
        """Move the mouse there, from a place nearby."""
        for shift in (6, 0):
            self.send("Input.dispatchMouseEvent", type="mouseMoved", x=across + shift, y=up)

    def is_painted(self, name: str, across: float, up: float) -> None:
        """Wait until a pixel of the window has about the colour that the page's style has under *name*."""
        style = "return getComputedStyle(document.documentElement).getPropertyValue(arguments[0]).trim()"
        expected = bytes.fromhex(self.run(style, name).removeprefix("#"))

        def is_near() -> bool:
            picture = Image.open(io.BytesIO(self.driver.get_screenshot_as_png())).convert("RGB")
            found = picture.crop((round(across), round(up), round(across) + 1, round(up) + 1)).tobytes()
            return max(abs(a - b) for a, b in zip(found, expected, strict=True)) < 40

        self.wait(is_near)

    def tooltip(self) -> list[str]:
        """Return the lines of the tooltip that is open; none if there is none."""
        lines: list[str] = self.run(TOOLTIP)
        return lines

    def type(self, name: str, text: str) -> None:
        self.find(name).clear()
        self.find(name).send_keys(text)

    def choose(self, name: str, text: str) -> None:
        Select(self.find(name)).select_by_visible_text(text)

    def header(self, column: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, f"th[data-column={column}]")

    def state(self) -> str:
        """Return what stands in the address behind the #."""
        return self.driver.current_url.partition("#")[2]

    def copied(self, selector: str) -> str:
        """Return what a click on *selector* puts on the clipboard."""
        self.run(CLIPBOARD)
        self.click(selector)
        text: str = self.wait(lambda: self.run("return window.copied"))
        return text

    def answer(self) -> dict[str, str]:
        """Return what the answer says: its question, the model, the lines to copy, what a limit costs, its figures."""
        said = {name: self.find(name).text for name in ("question", "best", "relax")}
        said["code"] = self.driver.find_element(By.CSS_SELECTOR, "#code pre").text
        for entry in self.all("#facts div"):
            texts = [each.text for each in entry.find_elements(By.TAG_NAME, "dd")]
            said[entry.find_element(By.TAG_NAME, "dt").text] = " ".join(texts)
        return said

    def log(self, kind: str) -> list[dict[str, Any]]:
        return self.driver.get_log(kind)  # type: ignore[no-untyped-call, no-any-return]


def page_of(folder: Path, header: list[str], rows: list[list[Any]], sizes: Sizes) -> Path:
    """Write the report of a table of these *rows* into *folder*."""
    with (folder / "results.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    frame = load_choices(str(folder / "results.csv"), "model", sizes)
    page = folder / "report.html"
    page.write_text(render(frame, Source("results.csv", "sizes.csv", sizes)), encoding="utf-8")
    return page


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of ROWS."""
    sizes = Sizes.of([sizes_of(name, size, licence) for name, *_, size, licence in ROWS])
    return page_of(tmp_path_factory.mktemp("report"), HEADER, [list(row[: len(HEADER)]) for row in ROWS], sizes)


def sizes_of(name: str, size: float | None, licence: str) -> ModelSize:
    item = size_item(name, "no_hub_repo" if size is None else "ok", size, licence)
    return item if size is not None else replace(item, repo_id="")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    driver = start_browser(tmp_path_factory.mktemp("profile"))
    driver.set_script_timeout(PATIENCE)
    yield driver
    driver.quit()


@pytest.fixture
def screen(browser: Chrome, page: Path, tmp_path: Path) -> Iterator[Screen]:
    """A window of 1440 pixels for the report. Whatever a test does: no error on the console, no request."""
    shown = Screen(browser, page.as_uri(), tmp_path)
    shown.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    shown.look(1440)
    browser.get("about:blank")
    for kind in ("browser", "performance"):
        shown.log(kind)
    yield shown
    with pytest.raises(NoAlertPresentException):
        browser.switch_to.alert.dismiss()
    assert [entry["message"] for entry in shown.log("browser") if entry["level"] != "INFO"] == []
    events = [json.loads(entry["message"])["message"] for entry in shown.log("performance")]
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert page.as_uri() in {url.partition("#")[0] for url in asked}
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))] == []


SIZED = NAMES[:-1]


def test_opens_with_the_best_under_25_mb_and_the_giant_a_click_away(screen: Screen) -> None:
    screen.open("")
    screen.shows(["convnext_atto.d2_in1k", "mobilenetv3_small_050.lamb_in1k"])
    said = screen.answer()
    assert (said["question"], said["best"]) == ("Highest Top-1 · Size ≤ 25 MB", "convnext_atto.d2_in1k")
    choices = [button.text.splitlines() for button in screen.all("#shortlist [data-column=size_mb] button")]
    assert choices == [
        ["5 MB", "–", "nothing fits"],
        ["10 MB", "57.90", "mobilenetv3_small_050"],
        *([f"{most} MB", "75.70", "convnext_atto"] for most in (25, 50)),
        ["100 MB", "75.70", "convnext_atto"],
        ["any", "83.40", "gcvit_tiny"],
    ]
    screen.click("#shortlist [data-limit='10']")
    screen.shows(["mobilenetv3_small_050.lamb_in1k"])
    screen.wait(lambda: screen.state() == "max_mb=10")
    screen.click("#shortlist [data-field=max_memory][data-limit='500']")
    screen.wait(lambda: screen.state() == "max_mb=&max_memory=500")
    screen.click("#shortlist [data-field=max_mb][data-limit='']")
    screen.shows(NAMES)
    assert screen.find("status").text == (
        "9 of 9 rows (8 models); 1 not in the chart, a figure is not known; 3 on the Pareto line."
    )
    headers = [header.text for header in screen.all("#table th[data-column]") if header.is_displayed()]
    assert headers == [
        *("Model", "Input (px)", "Size (MB)", "Memory (MB)", "Top-1 (%)", "Speed (images/s)"),
        *("Parameters (M)", "Compute (GMACs)", "Licence", "Family", "Size is"),
    ]


def test_another_accuracy_ranks_draws_and_lists(screen: Screen) -> None:
    screen.open("max_mb=150")
    screen.choose("y", "Top-5 (%)")
    screen.wait(lambda: screen.answer()["question"] == "Highest Top-5 · Size ≤ 150 MB")
    assert screen.driver.title == screen.find("title").text == "timm models: Top-5 and size"
    assert screen.answer()["Top-5 (%)"] == "95.10"
    assert screen.find("line").text == "Pareto line over size and Top-5: nothing beats these"
    assert screen.cells("resnet50")["top5"] == "95.10"
    assert screen.all("#shortlist [data-limit='50'] b")[0].text == "92.70"


def test_the_chart_is_painted_in_its_families_colours_on_a_light_or_a_dark_ground(screen: Screen) -> None:
    screen.open()
    slot = screen.run("return [...document.querySelectorAll('.legend b')].findIndex((e) => e.textContent === 'resnet')")
    across, up = screen.place(NAMES.index("resnet18.a1_in1k"))
    for scheme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        screen.send("Emulation.setEmulatedMedia", media="", features=features)
        screen.is_painted(f"--family-{slot}", across, up)
        screen.is_painted("--ground", across + 30, up + 40)


def test_a_slider_narrows_chart_and_table(screen: Screen) -> None:
    screen.open()
    slider = screen.driver.find_element(By.CSS_SELECTOR, "[data-for=max_mb]")
    slider.send_keys(Keys.HOME)
    screen.shows(["mobilenetv3_small_050.lamb_in1k"])
    assert screen.find("max_mb").get_attribute("value") == "6.42"
    assert slider.get_attribute("aria-valuetext") == "6.42 MB"
    slider.send_keys(Keys.END)
    screen.shows(NAMES)
    assert screen.find("max_mb").get_attribute("value") == ""


def test_each_filter_narrows_chart_and_table(screen: Screen) -> None:
    screen.open()
    typed = {"max_mb": ("46.83", {2, 3, 4}), "min_acc": ("79", {0, 1, 5, 8}), "min_speed": ("5000", {1, 2, 4})}
    for name, (value, left) in (typed | {"q": ("A1_in1k 50", {0, 1})}).items():
        screen.type(name, value)
        screen.shows([NAMES[at] for at in sorted(left)])
        screen.run("document.getElementById(arguments[0]).value = ''", name)
    for name, choice, left in [
        ("img", "256 px (1)", {6}),
        ("license", "permissive", {0, 1, 2, 4, 5, 6, 7}),
        ("license", "cc-by-nc-4.0 (1)", {3}),
        ("license", "not known (1)", {8}),
    ]:
        screen.choose(name, choice)
        screen.shows([NAMES[at] for at in sorted(left)])
        screen.run("document.getElementById(arguments[0]).value = ''", name)


def test_a_header_or_the_menu_sorts_and_blanks_come_last_either_way(screen: Screen) -> None:
    screen.open()
    by_speed = [4, 2, 1, 0, 5, 8, 6, 7]
    button = screen.header("speed").find_element(By.TAG_NAME, "button")
    button.click()
    screen.wait(lambda: screen.rows() == [NAMES[at] for at in [*by_speed, 3]])
    assert screen.header("speed").get_attribute("aria-sort") == "descending"
    button.send_keys(Keys.ENTER)
    screen.wait(lambda: screen.rows() == [NAMES[at] for at in [*reversed(by_speed), 3]])
    assert screen.header("speed").get_attribute("aria-sort") == "ascending"
    screen.look(390)
    screen.open("max_mb=&sort=-speed")
    menu = screen.driver.find_element(By.NAME, "sort")
    assert menu.size["height"] >= 36
    Select(menu).select_by_visible_text("Size (MB), ascending")
    screen.wait(lambda: screen.rows()[0] == "mobilenetv3_small_050.lamb_in1k")
    assert screen.rows()[-1] == "gcvit_tiny.in1k"


def test_filters_stand_in_the_address_and_reset_clears_them(screen: Screen) -> None:
    screen.open()
    screen.type("q", "resnet & co")
    screen.type("max_mb", "50")
    screen.choose("y", "Top-5 (%)")
    screen.wait(lambda: screen.state() == "q=resnet+%26+co&max_mb=50&y=top5")
    assert screen.copied("#copy-link") == screen.driver.current_url
    screen.click("button[type=reset]")
    screen.wait(lambda: screen.state() == "")
    screen.open("license=permissive&q=a1&max_mb=&min_speed=4000&x=param_count&sort=top1&unknown=1&y=top9")
    screen.shows(["resnet18.a1_in1k", "resnet50.a1_in1k"])
    assert Select(screen.find("x")).first_selected_option.text == "Parameters (M)"
    assert Select(screen.find("y")).first_selected_option.text == "Top-1 (%)"
    assert screen.find("min_speed").get_attribute("value") == "4000"
    screen.run("location.hash = 'img=256&max_mb='")
    screen.shows([IMAGE_TAG])
    assert screen.find("q").get_attribute("value") == ""
    screen.driver.back()
    screen.shows(["resnet18.a1_in1k", "resnet50.a1_in1k"])


def test_the_csv_has_the_rows_that_are_shown_and_no_formula(screen: Screen) -> None:
    screen.open("max_mb=&min_acc=75&sort=-size_mb")
    screen.click("#download")
    path = screen.downloads / "timm-models.csv"
    screen.wait(lambda: path.exists() and path.stat().st_size)  # it is there, and empty, before it is written
    text = path.read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["model"] for row in rows] == [
        *("'" + FORMULA, IMAGE_TAG, SCRIPT, "resnet50.a1_in1k", "resnet50.a1_in1k", "convnext_atto.d2_in1k"),
        "gcvit_tiny.in1k",
    ]
    assert text.count("\r\n") == len(rows) + 1
    assert rows[-2] == {
        "model": "convnext_atto.d2_in1k",
        "size_mb": "14.83",
        "top1": "75.7",
        "top5": "92.7",
        "param_count": "3.7",
        "gmacs": "0.55",
        "speed": "",
        "img_size": "224",
        "memory_mb": "20.9036",
        "memory_dtype": "float32",
        "memory_batch": "1",
        "weights_mb": "14.7821",
        "activations_mb": "6.1215",
        "family": "convnext",
        "license": "cc-by-nc-4.0",
        "size_is": "exact",
        "link": "https://huggingface.co/timm/convnext_atto.d2_in1k",
    }
    assert (rows[-1]["size_mb"], rows[-1]["link"], rows[-1]["size_is"]) == ("", "", "no_hub_repo")


def test_rows_are_copied_for_papers_with_what_their_figures_are_of(screen: Screen) -> None:
    screen.open("max_mb=20")
    markdown = screen.copied("[data-format=markdown]").splitlines()
    assert markdown[0].startswith("| Model | Input (px) | Size (MB) | Memory (MB) | Top-1 (%) |")
    assert markdown[2].startswith("| convnext_atto.d2_in1k | 224 | 14.83 | 20.90 | 75.70 |")
    assert markdown[-1] == "Highest Top-1 · Size ≤ 20 MB; Memory for: float32; Images in memory: 1"
    screen.run("window.copied = ''")
    latex = screen.copied("[data-format=latex]")
    assert latex.startswith("% Highest Top-1 · Size ≤ 20 MB\n% Memory for: float32\n")
    assert "\\begin{tabular}{lrrrrrrrlll}\n\\toprule\nModel & Input (px) & Size (MB)" in latex
    assert "mobilenetv3\\_small\\_050.lamb\\_in1k & 224 & 6.42" in latex


def test_a_tooltip_is_of_a_row_that_is_shown_and_a_hostile_name_is_text_in_it(screen: Screen) -> None:
    screen.open()
    for name in (SCRIPT, IMAGE_TAG):
        screen.point_at(*screen.place(NAMES.index(name)))
        screen.wait(lambda name=name: screen.tooltip()[:1] == [f"{name} at {ROWS[NAMES.index(name)][1]} px"])
        assert "Licence: mit" in screen.tooltip()
    assert not screen.all("img")
    place = screen.place(NAMES.index("resnet18.a1_in1k"))
    screen.type("q", "resnet50")
    screen.shows(["resnet50.a1_in1k"] * 2)
    screen.point_at(*place)
    screen.wait(lambda: not screen.tooltip())


def test_what_is_not_known_is_blank_and_the_missing_are_listed(screen: Screen) -> None:
    screen.open()
    assert screen.cells("convnext_atto")["speed"] == ""
    body = screen.driver.find_element(By.TAG_NAME, "body").text
    assert not [word for word in ("NaN", "null", "undefined", "None ") if word in body]
    screen.click("summary")
    assert screen.all("details")[0].text.splitlines() == [
        "no_hub_repo 1 row: the weights are not on the Hub",
        "gcvit_tiny.in1k",
    ]


def test_every_field_has_a_name_and_the_keyboard_gets_everywhere(screen: Screen) -> None:
    screen.open()
    fields = screen.all("input:not([type=hidden]), select, button")
    assert [
        each.get_attribute("outerHTML") for each in fields if each.is_displayed() and not each.accessible_name
    ] == []
    ActionChains(screen.driver).send_keys(Keys.TAB).perform()
    assert screen.driver.switch_to.active_element.text == "Skip to the table"
    assert screen.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    screen.type("q", "resnet")
    screen.wait(lambda: screen.state() == "q=resnet&max_mb=")
    screen.driver.find_element(By.CSS_SELECTOR, ".skip").send_keys(Keys.ENTER)
    screen.wait(lambda: screen.state() == "choices")
    assert screen.find("q").get_attribute("value") == "resnet"
    family = screen.driver.find_element(By.CSS_SELECTOR, "#table .family")
    family.send_keys(Keys.ENTER)
    screen.wait(lambda: screen.driver.switch_to.active_element.get_attribute("aria-pressed") == "true")


def test_a_click_on_a_point_puts_it_aside_and_opens_the_hub(browser: Chrome, page: Path, tmp_path: Path) -> None:
    # Not with the fixture screen: this is the one thing that requests a page of the network, because the user does.
    screen = Screen(browser, page.as_uri(), tmp_path)
    screen.look(1440)
    screen.open()
    first = browser.current_window_handle
    across, up = screen.place(NAMES.index("resnet18.a1_in1k"))
    screen.point_at(across, up)
    screen.wait(screen.tooltip)
    for kind in ("mousePressed", "mouseReleased"):
        screen.send("Input.dispatchMouseEvent", type=kind, x=across, y=up, button="left", clickCount=1)
    screen.wait(lambda: len(browser.window_handles) == 2)
    link = screen.find("compared").find_element(By.TAG_NAME, "a")
    assert link.get_attribute("href") == "https://huggingface.co/timm/resnet18.a1_in1k"
    browser.switch_to.window(next(handle for handle in browser.window_handles if handle != first))
    screen.wait(lambda: browser.current_url == "https://huggingface.co/timm/resnet18.a1_in1k")
    browser.close()
    browser.switch_to.window(first)


def test_a_box_zooms_in_the_whole_chart_comes_back_and_a_picture_of_it_is_saved(screen: Screen) -> None:
    screen.open()
    whole = screen.chart(ENDS)
    across, up = screen.place(NAMES.index("resnet18.a1_in1k"))
    mouse = [("Moved", 0, 0), ("Pressed", 0, 0), *(("Moved", 5 * at, 4 * at) for at in range(10)), ("Released", 50, 40)]
    for kind, right, down in mouse:
        place = {"x": across + right, "y": up + down}
        screen.send("Input.dispatchMouseEvent", type=f"mouse{kind}", **place, button="left", buttons=1, clickCount=1)
    screen.wait(lambda: screen.chart(ENDS) != whole)
    (left, right), (bottom, top) = screen.chart(ENDS)
    assert (left, top) == (pytest.approx(46.83, rel=0.05), pytest.approx(71.5, rel=0.05))
    assert right < whole[0][1]
    assert bottom > whole[1][0]
    screen.click("#zoom-out")
    screen.wait(lambda: screen.chart(ENDS) == whole)
    screen.click("#save-chart")
    path = screen.downloads / "timm-chart.png"
    screen.wait(lambda: path.exists() and path.stat().st_size)
    with Image.open(path) as picture:
        assert picture.size == tuple(screen.find("chart").size[side] for side in ("width", "height"))
        assert (0, 114, 178, 255) in {
            colour for _, colour in picture.getcolors(10**6) or ()
        }  # that of the first family


def test_up_to_four_rows_stand_side_by_side(screen: Screen) -> None:
    screen.open()
    assert not screen.find("compare").is_displayed()
    for at in range(5):
        screen.click(f"#table [data-at='{at}'] input")
    heads = [cell.text for cell in screen.all("#compared thead th a")]
    assert heads == [NAMES[at] for at in range(1, 5)]
    screen.click("#compared .drop")
    screen.click("#compared .drop")
    screen.wait(
        lambda: screen.state().endswith("compare=convnext_atto.d2_in1k%40224+mobilenetv3_small_050.lamb_in1k%40224")
    )
    lines = [
        [cell.text for cell in row.find_elements(By.CSS_SELECTOR, "th, td")] for row in screen.all("#compared tbody tr")
    ]
    assert ["Size (MB)", "14.83 exact", "6.42 exact"] in lines
    assert ["Speed (images/s)", "–", "40,000"] in lines
    assert {cell.text for cell in screen.all("#compared b")} >= {"6.42", "75.70"}
    screen.driver.refresh()
    screen.wait(lambda: len(screen.all("#compared thead th a")) == 2)


def test_the_answer_is_the_best_of_what_passes_and_says_what_a_limit_costs(screen: Screen) -> None:
    screen.open()
    assert screen.answer()["best"] == "gcvit_tiny.in1k"
    screen.type("max_mb", "100")
    screen.type("min_speed", "10000")
    screen.wait(lambda: screen.find("best").text == "resnet18.a1_in1k")
    said = screen.answer()
    assert said["question"] == "Highest Top-1 · Size ≤ 100 MB · Speed ≥ 10,000 images/s"
    assert said["Size (MB)"] == "46.83 exact"
    assert said["Memory (MB)"].endswith(" float32, 1 image at a time")
    assert (said["Input (px)"], said["Top-1 (%)"], said["Speed (images/s)"]) == ("224", "71.50", "12,000")
    assert said["Licence"] == "mit"
    screen.type("min_speed", "6000")
    screen.type("max_mb", "10")
    screen.wait(lambda: screen.find("best").text == "mobilenetv3_small_050.lamb_in1k")
    assert screen.answer()["relax"] == ""
    screen.type("max_mb", "40")
    screen.wait(lambda: "+6.83 MB: +13.60 points with resnet18.a1_in1k at 224 px" in screen.answer()["relax"])


def test_the_copied_lines_reproduce_the_row(screen: Screen) -> None:
    screen.open("max_mb=&q=resnet50")
    assert screen.copied("#copy").splitlines() == [
        'model = timm.create_model("resnet50.a1_in1k", pretrained=True)',
        "config = timm.data.resolve_model_data_config(model, use_test_size=True)  # 288 × 288 px",
        "transform = timm.data.create_transform(**config)",
    ]
    screen.choose("img", "224 px (7)")
    screen.wait(lambda: "resolve_model_data_config(model)  # 224 × 224 px" in screen.answer()["code"])


def test_the_chart_says_that_nothing_fits_and_what_comes_nearest(screen: Screen) -> None:
    screen.open()
    assert not screen.find("nothing").is_displayed()
    screen.type("max_mb", "13")
    screen.type("min_acc", "75")
    expected = "Nothing fits. convnext_atto.d2_in1k at 224 px comes nearest: Size 14.83 MB."
    screen.wait(lambda: screen.find("nothing").text == expected)
    assert screen.find("best").text == "Nothing fits."
    assert screen.find("relax").text == "Size ≤ 13 MB leaves out 8; Top-1 ≥ 75 % leaves out 2"
    assert not screen.find("code").is_displayed()
    assert screen.find("status").text == "No row passes the filters: loosen one of them."


def test_the_pareto_line_is_named_and_its_families_are_coloured(screen: Screen) -> None:
    screen.open()
    screen.type("q", "resnet")
    screen.wait(lambda: screen.chart(NAMED) == ["resnet50", "resnet18"])
    screen.choose("x", "Speed (images/s)")
    screen.wait(lambda: sorted(screen.chart(NAMED)) == ["resnet18", "resnet50 224", "resnet50 288"])
    assert [entry.text.split() for entry in screen.all(".legend button") if entry.is_displayed()] == [["resnet", "3"]]


def test_a_family_is_coloured_by_a_click_in_the_table_or_the_legend(screen: Screen) -> None:
    screen.open()
    resnets = [at for at, name in enumerate(NAMES) if name.startswith("resnet")]
    assert screen.chart(COLOURED) != resnets
    next(button for button in screen.all("#table .family") if button.text == "resnet").click()
    screen.wait(lambda: screen.chart(COLOURED) == resnets)
    screen.wait(lambda: screen.state() == "max_mb=&family=resnet")
    assert screen.rows() == NAMES
    pressed = [button.text for button in screen.all("[aria-pressed=true].family")]
    assert pressed == ["resnet\n3", "resnet", "resnet", "resnet"]
    screen.click(".legend [data-family=resnet]")
    screen.wait(lambda: screen.chart(COLOURED) != resnets)


def test_the_filters_fold_away_on_a_phone_and_rows_are_cards(screen: Screen) -> None:
    screen.open()
    assert not screen.find("fold").is_displayed()
    screen.look(390)
    screen.open()
    assert not screen.find("q").is_displayed()
    assert screen.find("chart").size["height"] > 300
    assert screen.all("#table tbody th")[0].size["width"] > 280
    screen.find("fold").click()
    screen.type("q", "resnet18")
    screen.find("done").click()
    screen.wait(lambda: not screen.find("q").is_displayed())
    screen.wait(lambda: screen.rows() == ["resnet18.a1_in1k"])


# 720 is 1440 at 200 %.
@pytest.mark.parametrize(
    ("width", "scheme"),
    [(320, "light"), (390, "light"), (390, "dark"), (720, "light"), (1440, "light"), (1440, "dark")],
)
def test_axe_finds_no_violation_and_nothing_is_cut_off(screen: Screen, width: int, scheme: str) -> None:
    screen.look(width, scheme)
    screen.open("max_mb=&family=resnet&compare=resnet18.a1_in1k%40224+resnet50.a1_in1k%40224")
    violations = Axe().run(screen.driver)["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in violations] == []
    assert screen.run("return document.documentElement.scrollWidth") == width
    assert screen.find("chart").size["width"] > width * 0.6
    table = "const box = document.getElementById('choices'); return box.scrollWidth - box.clientWidth"
    assert width < 1440 or screen.run(table) <= 0
    assert screen.points() == SIZED


def test_models_for_tests_are_left_out_unless_asked_for(browser: Chrome, tmp_path: Path) -> None:
    models = ["test_vit.r160_in1k", "resnet18.a1_in1k", "resnet50.a1_in1k"]
    sizes = Sizes.of([sizes_of(name, 5.0 + at, "mit") for at, name in enumerate(models)])
    page = page_of(tmp_path, ["model", "top1"], [[name, 90 - at] for at, name in enumerate(models)], sizes)
    screen = Screen(browser, page.as_uri(), tmp_path)
    screen.look(1440)
    screen.open()
    assert screen.rows() == models[1:]
    assert screen.find("best").text == "resnet18.a1_in1k"
    assert screen.find("tests").accessible_name == "with test_* models (1)"
    assert "1 row of test_* models left out" in screen.find("status").text
    screen.find("tests").click()
    screen.wait(lambda: screen.rows() == models)
    screen.wait(lambda: screen.state() == "max_mb=&tests=1")
    assert screen.find("best").text == "test_vit.r160_in1k"


def test_a_precision_a_batch_and_training_change_sizes_and_memory_together_and_back(screen: Screen) -> None:
    def expected(**wish: Any) -> Footprint:
        return memory_of("resnet50.a1_in1k", 288, None, Memory(**wish))

    screen.open("max_mb=&more=1&q=resnet50&img=288")
    published = screen.cells("resnet50.a1_in1k")
    screen.choose("dtype", "float16, computed")
    screen.wait(lambda: screen.cells("resnet50.a1_in1k")["size_is"] == "computed, float16")
    half = screen.cells("resnet50.a1_in1k")
    assert float(half["size_mb"]) == pytest.approx(float(published["size_mb"]) / 2, rel=0.01)
    assert float(half["memory_mb"]) == pytest.approx((expected(dtype="float16").total or 0) / 1e6, abs=0.01)
    screen.type("batch", "8")
    screen.type("max_memory", "1000")
    said = "float16, computed; accuracy is the published model’s · 8 images at a time, inference"
    screen.wait(lambda: screen.answer()["question"].endswith(f" · Input 288 px · {said}"))
    answer, wish = screen.answer(), {"dtype": "float16", "batch": 8, "device_bytes": 10**9}
    assert answer["Memory (MB)"] == f"{(expected(**wish).total or 0) / 1e6:.2f} float16, 8 images at a time"
    assert answer["Largest batch"] == f"{expected(**wish).largest_batch} images at a time"
    assert answer["Size (MB)"].endswith(" computed, float16")
    screen.type("max_memory", "4000")
    screen.choose("mode", "training with AdamW")
    screen.wait(lambda: "training with AdamW" in screen.answer()["Memory (MB)"])
    trained = expected(**wish | {"optimizer": "adamw", "device_bytes": 4 * 10**9})
    assert screen.answer()["Memory (MB)"].split()[0] == f"{(trained.training_total or 0) / 1e6:,.2f}"
    assert screen.answer()["Largest batch"] == f"{trained.largest_batch} images at a time"
    screen.choose("dtype", "int8, all layers, computed")
    screen.wait(lambda: screen.find("best").text == "Nothing fits.")  # an int8 size says nothing of the memory
    screen.open("max_mb=&more=1&q=resnet50&img=288")
    assert screen.cells("resnet50.a1_in1k") == published


def test_a_long_table_shows_100_rows_until_more_are_asked_for_and_prints_on_three_pages(
    browser: Chrome, tmp_path: Path
) -> None:
    models = [f"family{at}.in1k" for at in range(250)]
    sizes = Sizes.of([sizes_of(name, 30.0 + at, "mit") for at, name in enumerate(models)])
    page = page_of(tmp_path, ["model", "top1"], [[name, 90 - at / 9] for at, name in enumerate(models)], sizes)
    screen = Screen(browser, page.as_uri(), tmp_path)
    screen.look(1440)
    screen.open("")
    assert screen.rows() == models[:100]
    assert screen.find("more-count").text == "100 of 250 rows are shown."
    screen.find("more-hundred").click()
    assert len(screen.rows()) == 200
    screen.find("more-all").click()
    assert screen.rows() == models
    assert not screen.find("more-rows").is_displayed()
    printed = base64.b64decode(screen.send("Page.printToPDF")["data"])
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) <= 4

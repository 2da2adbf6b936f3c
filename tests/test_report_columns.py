"""The report of a network for a table of features, in a browser: raw rows in, the answers of `predict` out."""

import re

import msgspec
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from sklearn.datasets import load_wine

from browser import browser
from glasswork import InputError, Run, load_model, named_recipe
from glasswork.models.model_file import read_model_file
from glasswork.report import gather, write_report
from glasswork.runs.folder import RunFolder

#: A name that would end, or swallow, the page's own elements if it were written as it is.
NAMES = np.array(["<!--<script>", "b&amp;", "</script>"])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wine")
    frame = load_wine(as_frame=True).frame
    frame["target"] = NAMES[frame["target"]]
    frame.to_csv(folder / "wine.csv", index=False)
    asked = {"data.source": str(folder / "wine.csv"), "training.epochs": 6, "training.batch_size": 20}
    with Run(named_recipe("relu").override(asked), folder / "run") as run:
        list(run.epochs())
    return run


@pytest.fixture(scope="module")
def data(run):
    return gather(RunFolder(run.folder), read_model_file(run.folder), run.parts)


@pytest.fixture(scope="module")
def chromium():
    with browser() as started:
        yield started


@pytest.fixture
def open_page(chromium, tmp_path):
    messages, contexts = [], []

    def start(data, width=1280):
        assert write_report(data, tmp_path / "report.html") < 2_500_000
        contexts.append(chromium.new_context(viewport={"width": width, "height": 900}, offline=True))
        page = contexts[-1].new_page()
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.goto((tmp_path / "report.html").as_uri())
        page.wait_for_selector("html[data-complete]")
        return page

    yield start
    for context in contexts:
        context.close()
    assert not messages


def number(text):
    return float(text.replace("−", "-"))


def test_raw_rows_get_the_answers_of_predict(run, data, open_page):
    page, model, rows = open_page(data), load_model(run.folder), run.parts.test.images
    np.testing.assert_allclose(page.evaluate("rows => glasswork.scores(rows)", rows.tolist()), model.scores(rows), 1e-5)
    said = [page.evaluate("row => glasswork.classify(row)", row.tolist())["name"] for row in rows]
    assert said == [model.classes[k] for k in model.predict(rows)]
    assert set(said) <= set(NAMES)

    row, answer = rows[5].copy(), page.locator(".verdict strong")
    for text in (", ".join(map(str, row)), "\t".join(str(value).replace(".", ",") for value in row)):
        page.get_by_role("button", name="Every column at its mean").click()
        page.get_by_label("Paste a row").fill(text)
        page.get_by_label("Paste a row").press("Enter")
        assert answer.first.inner_text() == model.classes[model.predict(rows[5:6])[0]]
    page.get_by_label("Paste a row").fill("1, 2")
    page.get_by_label("Paste a row").press("Enter")
    assert "13 numbers are needed" in page.locator(".controls [role=status]").inner_text()

    row[12] = 300  # proline, which tells the first class from the second
    page.get_by_label("proline", exact=True).fill("300")
    share = model.probabilities(row[np.newaxis]).max()
    assert answer.first.inner_text() == model.classes[model.predict(row[np.newaxis])[0]]
    shown = page.locator(".output.best .value").inner_text()
    assert float(re.sub(r"[^\d]", "", shown)) == pytest.approx(100 * share, abs=0.51)

    far = rows[5] * 40
    assert page.evaluate("row => glasswork.unlike(row)", far.tolist())
    with pytest.raises(InputError, match="far outside the training data"):
        model.predict(far[np.newaxis])


def test_the_lead_with_a_column_at_its_mean_is_as_announced(data, open_page):
    page = open_page(data)
    page.locator("#why").scroll_into_view_if_needed()
    page.wait_for_selector(".witnesses tbody tr")
    lead = page.locator("#why .total .figure")
    before = number(lead.inner_text())
    added = [number(text) for text in page.locator(".witnesses tbody tr .figure:nth-of-type(2)").all_inner_texts()]
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    together = page.locator(".witnesses p").nth(1).inner_text()
    assert number(re.findall(r"[+−][\d.]+\d", together)[0]) == pytest.approx(sum(added), abs=0.02)
    announced = number(page.locator("tr:has(#mean-9) .figure").last.inner_text())
    page.locator("#mean-9").click()
    assert number(lead.inner_text()) == pytest.approx(announced, abs=0.002)
    page.locator("#mean-9").click()
    assert number(lead.inner_text()) == pytest.approx(before, abs=0.002)


def test_a_missing_value_becomes_the_median_or_is_refused(run, data, open_page):
    medians = np.median(run.parts.train.images, axis=0)
    filling = msgspec.structs.replace(data, columns=msgspec.structs.replace(data.columns, missing=medians.tolist()))
    row = run.parts.test.images[0].copy()
    row[3] = medians[3]
    asked = [None if k == 3 else value for k, value in enumerate(row.tolist())]
    page = open_page(filling)
    expected = load_model(run.folder).scores(row[np.newaxis])[0]
    np.testing.assert_allclose(page.evaluate("row => glasswork.scores(row)", asked), expected, 1e-5)
    page.get_by_label("ash", exact=True).fill("")
    assert "outside" not in page.locator("#column-2-range").inner_text()
    refusing = open_page(data)
    words = refusing.evaluate(
        "row => { try { glasswork.scores(row); } catch (error) { return error.message; } }", asked
    )
    assert words == "expected a finite number in column alcalinity_of_ash, got null"
    refusing.get_by_label("ash", exact=True).fill("")
    assert "A number is needed" in refusing.locator("#column-2-range").inner_text()


def test_a_table_has_every_part_and_nothing_for_pictures(data, open_page):
    page = open_page(data, 390)
    page.locator(".tile").nth(4).click()
    page.locator(".confusion button").first.click()
    page.locator(".offers td button, .offers th button").first.click()
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.locator("#self-check").filter(has_text="as it should be").wait_for()
    assert page.locator("#board, #picture").count() == 0
    assert page.locator(".fields input[type=number]").count() == page.locator(".fields input[type=range]").count() == 13
    assert page.locator("#neuron .parts").first.locator("th").count() == 13
    assert page.evaluate("[...document.querySelectorAll('.body')].every((one) => one.childElementCount > 0)")
    shown = page.locator("main").inner_text()
    assert not re.findall(r"\b(?:pixels?|ink|blank|undefined|NaN)\b", shown)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert data.columns.names == load_wine().feature_names

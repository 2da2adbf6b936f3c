"""The report page in a browser, opened from a file and offline."""

import itertools
import json
import math
import re
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from browser import DIGITS, Board, browser, of_each
from drawings import kinds, noise
from glasswork.models.doubt import ReferenceSet
from glasswork.models.model_file import read_model_file
from glasswork.report import gather_folder, write_report
from report_runs import RECIPE, dataset, train

WIDTHS = {"phone": (360, 780), "modern phone": (390, 844), "desk": (1280, 900), "laptop": (1280, 720)}


@pytest.fixture(scope="module")
def run(default_run):
    return default_run


@pytest.fixture(scope="module")
def chromium():
    with browser() as started:
        yield started


@pytest.fixture
def open_page(chromium, run):
    """A function that opens the page; at the end there were no console messages and no requests."""
    contexts, messages, requests = [], [], []

    def start(size="desk", file=None, **options):
        width, height = WIDTHS[size]
        context = chromium.new_context(viewport={"width": width, "height": height}, offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto((file or run / "report.html").as_uri())
        page.evaluate("glasswork.ready.then(() => true)")
        page.wait_for_selector("html[data-complete]")
        return page

    yield start
    for context in contexts:
        context.close()
    assert not messages
    assert not [url for url in requests if not re.match(r"file:|data:|blob:", url)]


@pytest.fixture
def page(open_page):
    return open_page()


@pytest.fixture(scope="module")
def facts(run):
    """The data in the page."""
    return json.loads(re.search(r'id="data">(.*?)</script>', (run / "report.html").read_text(), re.DOTALL)[1])


@pytest.fixture(scope="module")
def model_file(run):
    return read_model_file(run)


@pytest.fixture(scope="module")
def tested(run, parts):
    """The first thousand test images and their labels."""
    return parts.test.images[:1000], parts.test.labels[:1000]


def test_the_file_is_small_and_allows_nothing_from_elsewhere(run):
    content = (run / "report.html").read_text()
    assert len(content.encode()) < 2_500_000
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', content)[1]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not re.findall(r'\b(?:src|href)="(?!#)[^"]', content.split('id="data"')[0])
    assert "Christopher J. C. Burges" in content


# Computing ------------------------------------------------------------------------------------------


def test_scores_of_a_thousand_images_are_those_of_numpy(page, model_file, tested):
    found = of_each(page, "scores", tested[0])
    expected = model_file.model.scores(tested[0])
    assert (np.abs(found - expected) / np.maximum(1, np.abs(expected))).max() <= 1e-5
    check = page.locator("#self-check")
    check.scroll_into_view_if_needed()
    check.filter(has_text="as it should be").wait_for()


def test_explanations_add_up(page, tested):
    for image, label in zip(tested[0][:25], tested[1], strict=False):
        other = (int(label) + 3) % 10
        found = page.evaluate("([bytes, a, b]) => glasswork.explain(bytes, a, b)", [image.tolist(), int(label), other])
        assert sum(found["parts"]) + found["bias"] == pytest.approx(found["total"], abs=1e-9)
        assert found["gradients"]["total"] == pytest.approx(found["gradients"]["difference"], abs=1e-3)


def test_every_smudge_turns_the_answer_in_numpy_too(page, model_file, tested):
    images = tested[0][:20]
    found = of_each(page, "smudge", images)
    for image, smudge in zip(images, found, strict=True):
        turned = np.array(smudge["bytes"], np.uint8)
        before, after = model_file.model.predict(np.stack([image, turned]))
        assert before != after == smudge["digit"]
        assert smudge["norm"] == pytest.approx(np.linalg.norm((turned.astype(float) - image) / 255))


def test_shown_digits_add_up(page):
    page.locator("#why-body").scroll_into_view_if_needed()
    page.wait_for_selector("#why-body .total")
    cells = page.locator("#why-body .figure").all_inner_texts()
    *parts, total = [round(1000 * float(cell.replace("−", "-"))) for cell in cells]
    assert sum(parts) == total


# What it has not seen -------------------------------------------------------------------------------


def test_the_page_judges_as_predict_does(page, model_file, tested):
    reference: ReferenceSet = model_file.reference
    images = np.concatenate([tested[0][:200], strange_images(100)])
    strange = reference.strangeness(images)
    np.testing.assert_allclose(of_each(page, "strangeness", images), strange, rtol=1e-4, atol=1e-4)
    assert (of_each(page, "unlike", images) != reference.unlike(images))[np.abs(strange - 1) > 1e-3].sum() == 0
    expected = reference.temper(images, model_file.model.probabilities(images))
    np.testing.assert_allclose(of_each(page, "shares", images), expected, atol=1e-4)


def strange_images(n):
    """Training images of which some pixels are as they should be, and the others are not."""
    rng = np.random.default_rng(8)
    return (rng.integers(0, 256, (n, 784)) * (rng.random((n, 784)) < rng.random((n, 1)))).astype(np.uint8)


def test_test_digits_are_not_marked(page, tested):
    assert of_each(page, "unlike", tested[0]).mean() <= 0.02


def test_nineteen_of_twenty_of_every_kind_of_strange_thing_are_marked(page):
    classify = "drawings => drawings.map((strokes) => glasswork.classify(strokes).unlike)"
    marked = {name: page.evaluate(classify, drawings) for name, drawings in kinds(60, seed=4).items()}
    marked["blank"] = page.evaluate(classify, [[]])
    marked["noise"] = of_each(page, "unlike", noise(20, seed=5)).tolist()
    shares = {name: float(np.mean(found)) for name, found in marked.items()}
    assert min(shares.values()) >= 0.95, shares


def test_what_the_network_alone_says_is_told(page, model_file):
    images = np.concatenate([strange_images(40), np.eye(784, dtype=np.uint8)[:1] * 255])
    sure = model_file.model.probabilities(images).max(axis=1)
    shown = of_each(page, "shares", images).max(axis=1)
    assert shown.max() <= 0.89 + 1e-6
    assert np.array_equal(shown < sure - 1e-6, sure > 0.89)


# Drawing --------------------------------------------------------------------------------------------


#: How long the bars are, as soon as they are not as they were: a browser may hand a move on with the next frame.
BARS = """async (before) => {
    const fills = [...document.querySelectorAll('[data-part=answers] .fill')];
    const bars = () => fills.map((fill) => fill.style.transform).join();
    for (let n = 0; n < 30 && bars() === before; n++) await new Promise(requestAnimationFrame);
    return bars();
}"""


@pytest.mark.parametrize(("size", "way"), [("desk", "draw"), ("phone", "touch")])
def test_ten_digits_are_read_while_they_are_drawn(open_page, size, way):
    page = open_page(size, has_touch=way == "touch")
    board = Board(page)
    right = 0
    for digit, strokes in DIGITS.items():
        board.clear()
        board.show()
        height = page.evaluate("scrollY")
        seen = [page.evaluate(BARS, "")]
        getattr(board, way)(strokes, after_move=lambda seen=seen: seen.append(page.evaluate(BARS, seen[-1])))
        assert all(before != after for before, after in itertools.pairwise(seen)), f"bars stood still in {digit}"
        assert page.evaluate("scrollY") == height
        right += board.answer() == (str(digit), False)
    assert right >= 9


def moved(strokes, size, place):
    """Strokes scaled to a size and put at one of nine places, so that they stay on the board."""
    room = 0.5 - 0.31 * size
    x, y = 0.5 + room * (place % 3 - 1), 0.5 + room * (place // 3 - 1)
    return [[(x + size * (u - 0.5), y + size * (v - 0.5)) for u, v in stroke] for stroke in strokes]


def test_place_size_and_pen_do_not_matter(page):
    board = Board(page)
    classify = "drawings => drawings.map((strokes) => glasswork.classify(strokes).digit)"
    expected = page.evaluate(classify, list(DIGITS.values()))
    same = []
    for n, (size, pen, row) in enumerate(itertools.product((0.35, 0.6, 0.95), ("thin", "medium", "thick"), range(3))):
        page.get_by_role("button", name=pen, exact=True).evaluate("button => button.click()")
        board.clear()
        board.draw(moved(DIGITS[n % 10], size, 3 * row + n % 3))
        same.append(board.answer()[0].rstrip("?") == str(expected[n % 10]))
    for size, place in itertools.product((0.35, 0.6, 0.95), range(9)):
        same += np.equal(page.evaluate(classify, [moved(s, size, place) for s in DIGITS.values()]), expected).tolist()
    assert np.mean(same) >= 0.95


def test_undo_redo_erase_and_a_pointer_that_is_taken_away(page):
    board, source = Board(page), page.locator(".source").inner_text()
    board.draw(DIGITS[4])
    first = board.answer()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Redo").click()
    assert board.answer() == first
    for _ in range(2):
        page.get_by_role("button", name="Undo").click()
    assert page.locator(".source").inner_text() == source
    page.evaluate(
        """() => { const board = document.getElementById('board'); board.setPointerCapture = () => {};
        const send = (type, x) => board.dispatchEvent(new PointerEvent(type, {pointerId: 7, clientX: x, clientY: 300}));
        send('pointerdown', 150); send('pointermove', 250); send('pointercancel', 250); }"""
    )
    assert page.locator(".source").inner_text() == source
    board.draw(DIGITS[1])
    page.get_by_role("button", name="Erase").click()
    board.draw([[(0.3, 0.5), (0.7, 0.5)]])
    assert not board.answer()[0].startswith("Blank")
    for wanted in ("Clear", "Test image 2"):
        board.draw(DIGITS[1])
        if page.get_by_role("button", name="Erase").get_attribute("aria-pressed") == "false":
            page.get_by_role("button", name="Erase").click()
        page.get_by_role("button", name=wanted).first.click()
        assert page.get_by_role("button", name="Erase").is_disabled()  # there is nothing to erase
        board.draw(DIGITS[4])
        assert board.answer()[0].startswith("4")


def test_a_picture_is_read_as_predict_reads_it(page, parts, tmp_path):
    from PIL import Image

    from glasswork.data.photos import read_image

    for n in range(3):
        large = Image.fromarray(255 - parts.test.images[n].reshape(28, 28)).resize((252, 252), Image.Resampling.BICUBIC)
        paper = Image.new("L", (400, 330), 255)
        paper.paste(large, (60, 30))
        paper.save(tmp_path / "digit.png")
        page.locator("#picture").set_input_files(tmp_path / "digit.png")
        page.locator(".drop p").filter(has_text="centred").wait_for()
        shown = page.evaluate(
            """() => { const copy = new OffscreenCanvas(28, 28).getContext('2d', {willReadFrequently: true});
            copy.drawImage(document.querySelector('.input'), 0, 0);
            const data = copy.getImageData(0, 0, 28, 28).data;
            return Array.from({length: 784}, (_, i) => data[4 * i]); }"""
        )
        ink = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--ink')").strip()
        expected = 255 - (255 - int(ink[1:3], 16)) * (read_image(tmp_path / "digit.png") / 255)
        assert np.abs(np.array(shown) - expected).max() <= 2  # one grey level, and the rounding of a colour
        page.evaluate("document.querySelector('.drop p').textContent = ''")


# Looking inside -------------------------------------------------------------------------------------


def open_everything(page):
    """Open a neuron and all that can be opened, and bring every part up to date."""
    page.locator(".tile").nth(4).click()
    page.locator("#learnt").scroll_into_view_if_needed()
    page.locator("#errs").scroll_into_view_if_needed()
    page.locator(".confusion .wrong button").first.click()
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")


def test_switching_a_neuron_off_takes_its_part_away(page):
    tile = page.locator(".tile[data-strong='true'][data-sign='+'][aria-label]").first
    added = float(re.search(r"([+−][\d.]+)", tile.get_attribute("aria-label"))[1].replace("−", "-"))
    value = page.locator(".output.best .sum-value").first
    before = float(value.inner_text().replace("−", "-"))
    tile.click()
    page.get_by_role("button", name="Switch it off").click()
    page.wait_for_selector(".tile.changed")
    target = page.locator(".output[aria-pressed='true'] .sum-value")
    after = float(target.inner_text().replace("−", "-"))
    assert before - after == pytest.approx(added, abs=0.021)  # three numbers of two digits each
    page.locator("#neuron .steps .total").nth(1).wait_for()
    active, passed_on = (
        float(row.locator(".figure").last.inner_text()) for row in page.locator("#neuron .total").all()
    )
    assert active > 0 == passed_on  # the activation is what it was, and none of it is passed on
    page.get_by_role("button", name="Reset all neurons").click()
    page.locator(".tile.changed").wait_for(state="detached")


def test_everything_by_keyboard_alone(page):
    def press(*keys):
        for key in keys:
            page.keyboard.press(key)

    def tab_to(selector, key="Tab"):
        for _ in range(150):
            press(key)
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        pytest.fail(f"no way to {selector} by Tab")

    tab_to("#board")
    press(*["Shift+ArrowLeft"] * 2, *["Shift+ArrowUp"] * 3, "Space", *["Shift+ArrowRight"] * 4)
    for _ in range(6):
        press("Shift+ArrowDown", *["ArrowLeft"] * 2)
    press("Space")
    assert page.locator(".verdict strong").inner_text().startswith("7")
    tab_to(".tile")
    press("ArrowRight", "ArrowRight", "ArrowLeft", "Enter")
    assert page.locator("#neuron").is_visible()
    tab_to("#switch")
    press("Space")
    page.wait_for_selector(".tile.changed")
    tab_to("[role=tab]", "Shift+Tab")
    press("ArrowRight", "ArrowRight", "Enter")
    tab_to("#epoch-slider")
    press("Home")
    assert "before the first step" in page.locator("output[for='epoch-slider']").inner_text()


# The stage ------------------------------------------------------------------------------------------


#: Whether an element lies in the window, all of it.
IN_VIEW = """element => { const box = element.getBoundingClientRect();
    return box.height > 0 && box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth; }"""

TILES = "[...document.querySelectorAll('.tile')].map((tile) => tile.style.backgroundColor).join()"

#: What the board shows, in 28×28 pixels.
ON_BOARD = """() => { const copy = new OffscreenCanvas(28, 28).getContext('2d', {willReadFrequently: true});
    copy.drawImage(document.getElementById('board'), 0, 0, 28, 28);
    return Array.from(copy.getImageData(0, 0, 28, 28).data).filter((_, i) => i % 4 === 0); }"""


def part(page, name):
    return page.locator(f"[data-part={name}]")


def test_the_whole_stage_is_in_view_and_lights_up_while_one_draws(open_page):
    page = open_page("laptop")
    assert all(part(page, name).evaluate(IN_VIEW) for name in ("board", "network", "answers"))
    assert page.locator(".lines:not(.touch) path").count() >= 8
    board = Board(page)
    seen = [page.evaluate(TILES)]
    board.draw(DIGITS[3], after_move=lambda: (page.wait_for_timeout(40), seen.append(page.evaluate(TILES))))
    assert all(before != after for before, after in itertools.pairwise(seen[1:]))  # the board was empty until the first
    assert board.answer() == ("3", False)
    assert page.evaluate("scrollY") == 0
    lines = page.locator(".lines:not(.touch) path").all()
    row = page.locator(".output.best").bounding_box()
    ends = [
        line.evaluate("path => { const end = path.getPointAtLength(path.getTotalLength()); return [end.x, end.y]; }")
        for line in lines
    ]
    stage = page.locator("#stage-body").bounding_box()
    arrived = [
        abs(stage["x"] + x - row["x"]) < 2 and row["y"] < stage["y"] + y < row["y"] + row["height"] for x, y in ends
    ]
    assert sum(arrived) == 8


def test_the_board_shows_the_image_in_question(page, parts):
    page.locator(".offers .thumb").nth(1).click()
    expected = parts.test.images[1].reshape(28, 28)[4:24, 4:24] > 127  # without the words in a corner, and the frame
    dark = np.array(page.evaluate(ON_BOARD)).reshape(28, 28)[4:24, 4:24] < 127
    assert (dark == expected).mean() > 0.97
    page.get_by_role("button", name="Clear").click()
    assert Board(page).answer()[0].startswith("Blank")
    page.evaluate("glasswork.show(new Uint8Array(784).map((_, i) => (i % 28 === 14 ? 255 : 0)))")
    column = np.array(page.evaluate(ON_BOARD)).reshape(28, 28)[4:20]
    assert column[:, 14].max() < 60 < 200 < column[:, 5].min()
    board, undo = Board(page), page.get_by_role("button", name="Undo")
    board.draw(DIGITS[0])
    assert board.answer()[0].startswith("0")
    undo.click()
    assert page.locator(".source").inner_text() == "shown by a program"
    assert np.array_equal(np.array(page.evaluate(ON_BOARD)).reshape(28, 28)[4:20], column)
    for _ in range(2):
        undo.click()
    assert "labelled" in page.locator(".verdict").inner_text()  # the image that was chosen at first
    page.get_by_role("button", name="Clear").click()
    board.show()
    page.mouse.click(*board.place((0.5, 0.6)))
    dot = np.array(page.evaluate(ON_BOARD.replace("=== 0", "=== 3"))).reshape(28, 28)  # how much is covered
    assert dot[16, 13] > 100 > 0 == dot[8, 13]
    page.get_by_role("button", name="Clear").click()
    board.draw([[(x + dx, y) for x, y in stroke] for dx in (-0.25, 0.2) for stroke in DIGITS[1]])
    assert "several digits" in page.locator(".sentence").inner_text()


@pytest.mark.parametrize("size", ["laptop", "modern phone"])
def test_a_neuron_opens_in_place_and_the_answers_stay_in_view(open_page, size):
    page = open_page(size)
    tile = page.locator(".tile[data-strong='true']").first
    if size != "laptop":
        assert all(part(page, name).evaluate(IN_VIEW) for name in ("board", "answers"))
        page.evaluate("document.querySelector('.layers').scrollIntoView()")
    height = page.evaluate("scrollY")
    answers = part(page, "answers")
    shares = answers.locator(".value").all_inner_texts()

    def unmoved():
        return page.evaluate("scrollY") == height and answers.evaluate(IN_VIEW)

    assert not part(page, "neuron").is_visible()
    tile.focus()
    page.keyboard.press("Enter")
    assert part(page, "neuron").is_visible()
    if size != "laptop":  # the sheet covers the lower half, but not the tile
        height = page.evaluate("scrollY")
        assert tile.bounding_box()["y"] + tile.bounding_box()["height"] < page.locator(".dock").bounding_box()["y"]
    assert unmoved()
    page.locator("#switch").focus(timeout=1000)
    page.keyboard.press("Enter")
    page.wait_for_function(
        "before => [...document.querySelectorAll('.answers .value')].map((v) => v.innerText).join() !== before",
        arg=",".join(shares),
    )
    assert unmoved()
    page.keyboard.press("Enter")
    assert answers.locator(".value").all_inner_texts() == shares
    page.keyboard.press("Escape")
    assert not part(page, "neuron").is_visible()
    assert page.evaluate("document.activeElement.matches('.tile')")
    assert unmoved()


#: The rows of the open neuron's sum, as lists of what their cells say.
CELLS = """[...document.querySelectorAll('#neuron .steps tbody tr')]
    .map((row) => [...row.cells].map((cell) => cell.innerText))"""


def rounded(number):
    return number.quantize(Decimal("0.001"), ROUND_HALF_UP)


@pytest.mark.parametrize("wide", [False, True])
def test_a_reader_can_compute_every_step_of_a_sum_again(open_page, wide, tmp_path):
    file = None
    if wide:
        write_report(
            train(
                tmp_path / "run", dataset(), RECIPE.override({"network.hidden": [8, 6], "network.activation": "tanh"})
            ),
            file := tmp_path / "report.html",
        )
    page = open_page("laptop", file)
    page.evaluate("document.querySelectorAll('.offers .thumb')[4].click()")
    page.evaluate("glasswork.open(0, 3)")
    page.locator("#gain").fill("1.7")
    products = 0
    for block, neurons in ((0, range(0, 8 if wide else 50)), *([(1, range(6))] if wide else [])):
        for neuron in neurons:
            page.evaluate("([block, neuron]) => glasswork.open(block, neuron)", [block, neuron])
            running = Decimal(0)
            for _, working, adds, so_far in page.evaluate(CELLS):
                if " of " in working:
                    kind, number = working.split(" of ")
                    assert Decimal(number.replace("−", "-")) == running
                    passed = math.tanh(running) if kind == "tanh" else 1 / (1 + math.exp(-running))
                    assert float(so_far.replace("−", "-")) == pytest.approx(passed, abs=0.000501)
                    running = Decimal(so_far.replace("−", "-"))
                    continue
                numbers = [
                    Decimal(text.replace("−", "-"))
                    for text in (*working.split(" × "), adds, so_far)
                    if re.fullmatch(r"[+−]?\d+\.\d+", text)
                ]
                if re.fullmatch(r"[\d.−]+ × [\d.−]+", working):
                    products += 1
                    assert (rounded(numbers[0] * numbers[1])) == numbers[2]
                running = numbers[-1] if not adds else running + numbers[-2]
                assert running == numbers[-1]
    assert products > 200 if not wide else products > 60


def test_a_sum_is_followed_step_by_step_and_adds_up(open_page):
    page = open_page("laptop")
    page.evaluate("glasswork.open(0, 7)")
    assert "Neuron 8 of hidden layer 1" in part(page, "neuron").inner_text()
    rows = page.locator("#neuron .steps tbody tr:not(.total)")
    numbers = [
        [float(text.replace("−", "-")) for text in row.locator(".figure").all_inner_texts()] for row in rows.all()
    ]
    running = 0
    for adds, so_far in numbers:
        running += adds
        assert so_far == pytest.approx(running, abs=1e-6)
    assert f"sigmoid of {numbers[-1][1]:.3f}".replace("-", "−") in page.locator("#neuron .total").inner_text()
    page.locator("#next-step").click()
    assert page.locator("#neuron .steps tbody tr:visible").count() == 1
    page.locator("#next-step").click()
    assert page.locator("#neuron .steps tbody tr:visible").count() == 2
    with pytest.raises(Exception, match="no neuron 50"):
        page.evaluate("glasswork.open(0, 50)")


#: Points that lie on lines between the last wall and the answers, and below nothing else.
ON_LINES_TO_ANSWERS = """() => {
    const edge = Math.max(...[...document.querySelectorAll(".tile")].map((tile) => tile.getBoundingClientRect().right));
    return [...document.querySelectorAll(".lines.touch path")].flatMap((path) => {
        const point = path.getPointAtLength(path.getTotalLength() - 30).matrixTransform(path.getScreenCTM());
        return point.x > edge && document.elementFromPoint(point.x, point.y) === path ? [[point.x, point.y]] : [];
    });
}"""


def test_lines_say_what_they_carry_and_an_answer_that_is_touched_is_followed(page):
    output = page.locator(".output").nth(4)
    output.click()
    assert output.get_attribute("aria-pressed") == "true"
    carried = page.locator(".carried")
    for n in range(20):  # on a busy machine the lines may still be drawn anew
        points = page.evaluate(ON_LINES_TO_ANSWERS)
        if points:
            page.mouse.move(*points[n % len(points)])
            page.wait_for_timeout(200)
        if carried.count():
            break
    said = carried.text_content(timeout=1000)
    assert re.fullmatch(r"neuron \d+ to 4: [+−]\d+\.\d{3}", said), said


def test_a_wide_layer_shows_the_strongest_and_all_if_asked(open_page, tmp_path):
    recipe = RECIPE.override({"network.hidden": [90, 70]})
    write_report(train(tmp_path / "run", dataset(), recipe), tmp_path / "report.html")
    page = open_page("laptop", tmp_path / "report.html")
    walls = page.locator(".wall")
    assert [wall.locator(".tile").count() for wall in walls.all()] == [32, 32]
    assert all(part(page, name).evaluate(IN_VIEW) for name in ("board", "network", "answers"))
    shown = walls.first.locator(".tile").evaluate_all("tiles => tiles.map((tile) => tile.ariaLabel.match(/\\d+/)[0])")
    hidden = next(k for k in range(90) if str(k + 1) not in shown)
    page.evaluate("hidden => glasswork.open(0, hidden)", hidden)
    page.locator(f".tile[aria-pressed=true][aria-label^='Neuron {hidden + 1}:']").wait_for()  # the only one
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Show all").first.click()
    assert walls.first.locator(".tile").count() == 90


def test_a_link_carries_a_drawing_and_a_neuron(open_page, run):
    page = open_page("laptop")
    Board(page).draw([[(x + 0.00037, y / 1.00123) for x, y in stroke] for stroke in DIGITS[5]])
    page.evaluate("glasswork.open(0, 12)")
    page.locator("#gain").fill("1.7")
    shares, sums = (part(page, "answers").locator(name).all_inner_texts() for name in (".value", ".sum-value"))
    page.get_by_role("button", name="Link to this").click()
    fragment = page.url.split("#")[1]
    page.get_by_role("button", name="Clear").click()
    page.keyboard.press("Escape")
    for odd in (
        "draw=1.2.3&neuron=0.99",
        "image=%%%",
        "neuron=7.7",
        "draw=a.b",
        "row=1_2",
        "image=&gains=0:1.5:2_9:9:0",
    ):
        page.goto(f"{(run / 'report.html').as_uri()}#{odd}")
        page.wait_for_timeout(50)
        assert page.locator(".verdict").inner_text().startswith("Blank")
        assert not part(page, "neuron").is_visible()
    page.goto(f"{(run / 'report.html').as_uri()}#{fragment}")
    part(page, "neuron").filter(has_text="Neuron 13").wait_for()
    assert part(page, "answers").locator(".value").all_inner_texts() == shares
    assert part(page, "answers").locator(".sum-value").all_inner_texts() == sums
    page.evaluate("location.hash = 'why'")
    page.wait_for_timeout(50)
    assert part(page, "answers").locator(".sum-value").all_inner_texts() == sums  # a place of the page changes nothing


#: Texts of a saved picture that leave it, and pairs of them that lie over each other.
CUT_IN_PICTURE = """() => {
    const frame = document.documentElement.getBoundingClientRect();
    const all = [...document.querySelectorAll('text')].map((one) => [one.textContent, one.getBoundingClientRect()]);
    const over = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
        && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
    return [...all.filter(([, box]) => box.right > frame.right || box.bottom > frame.bottom),
        ...all.filter(([, box], n) => all.slice(n + 1).some(([, other]) => over(box, other)))].map(([words]) => words);
}"""


@pytest.mark.parametrize("size", ["laptop", "modern phone"])
def test_the_stage_is_saved_as_a_picture(open_page, tmp_path, size):
    from PIL import Image

    page = open_page(size)
    twice = [[(x + dx, y) for x, y in stroke] for dx in (-0.25, 0.2) for stroke in DIGITS[4]]
    Board(page).draw(twice)  # much is to be said of it
    page.locator(".share").scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    before = page.evaluate("[scrollY, document.documentElement.scrollWidth]")
    for kind in ("PNG", "SVG"):
        with page.expect_download() as saved:
            page.get_by_role("button", name=f"as {kind}").click()
        saved.value.save_as(tmp_path / f"stage.{kind.lower()}")
    assert page.evaluate("[scrollY, document.documentElement.scrollWidth]") == before
    said = " ".join(page.locator(".sentence span").inner_text().split())
    picture = np.asarray(Image.open(tmp_path / "stage.png").convert("RGB"))
    assert picture.shape[1] > 2 * picture.shape[0] > 1000
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50
    lines = page.locator(".lines:not(.touch) path").count()
    page.goto((tmp_path / "stage.svg").as_uri())
    assert page.locator("image").count() == 2
    assert page.locator("path").count() == lines + 2
    assert page.locator("path[d*=h]").count() == 2  # the samples of the key
    texts = page.locator("text").all_text_contents()
    shown = " ".join(texts)
    assert {"50 neurons", ", sigmoid"} <= set(texts)
    assert "raises what it leads to" in texts
    assert said in shown
    hidden = ("Reset all neurons", "Undo", "Show others", "How strange is it?")
    assert not [words for words in hidden if words in shown]
    assert page.evaluate(CUT_IN_PICTURE) == []


# Where things stand ---------------------------------------------------------------------------------


#: Each line that runs over a tile that is not its own, or over a caption, a legend or a control.
CROSSINGS = """() => {
    const boxes = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility())
        .map((one) => ({one, box: one.getBoundingClientRect()}));
    const [tiles, others] = [boxes('.tile'), boxes('#stage h3, .key li, .network .controls button, .dock')];
    const holds = ({box}, {x, y}, by) =>
        x > box.left + by && x < box.right - by && y > box.top + by && y < box.bottom - by;
    const found = [];
    for (const path of document.querySelectorAll('.lines:not(.touch) path')) {
        const [length, matrix] = [path.getTotalLength(), path.getScreenCTM()];
        const at = (way) => path.getPointAtLength(way).matrixTransform(matrix);
        const ends = [at(0), at(length)];
        const foreign = [...tiles.filter((tile) => !ends.some((end) => holds(tile, end, 0))), ...others];
        for (let way = 0; way < length; way += 7) {
            const point = at(way);
            const crossed = foreign.find((one) => holds(one, point, 0.6));
            if (crossed) { found.push(`${crossed.one.className} ${crossed.one.textContent}`); break; }
        }
    }
    return found;
}"""

#: Pairs of parts of the stage that lie over each other.
OVERLAPS = """() => {
    const names = '.easel,.buttons,.controls,.input,.key,.wall,.verdict,.bars,.sentence,.dock,.offers'.split(',');
    const boxes = names.flatMap((name) => [...document.querySelectorAll(`#stage-body ${name}`)]
        .map((one) => [name, one.getBoundingClientRect()]));
    const over = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
        && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
    return boxes.flatMap(([name, a], n) =>
        boxes.slice(n + 1).filter(([, b]) => over(a, b)).map(([other]) => `${name} ${other}`));
}"""

#: How thick the lines are.
WIDTHS_OF_LINES = """() => [...document.querySelectorAll('.edge[stroke-width]')]
    .map((one) => Number(one.getAttribute('stroke-width')))"""


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """The report of a network with two wide hidden layers."""
    folder = tmp_path_factory.mktemp("wide")
    recipe = RECIPE.override({"network.hidden": [300, 100]})
    write_report(train(folder / "run", dataset(), recipe), folder / "report.html")
    return folder / "report.html"


def test_nothing_lies_over_anything_at_any_width(open_page, wide, run):
    sizes = {run / "report.html": (960, 1024, 1060, 1280, 3840), wide: (960, 1280)}
    for file, widths in sizes.items():
        page = open_page("laptop", file)
        for width in widths:
            page.set_viewport_size({"width": width, "height": 720})
            page.wait_for_timeout(100)
            assert page.evaluate(OVERLAPS) == [], width
            assert page.evaluate(CROSSINGS) == [], width
        page.locator(".tile").nth(19).hover()
        assert page.evaluate(CROSSINGS) == []
        thickest = max(page.evaluate(WIDTHS_OF_LINES))
        assert thickest > 3.6 if width == 3840 else thickest <= 4  # with the type
        page.set_viewport_size({"width": 390, "height": 844})
        page.evaluate("document.querySelector('.layers').scrollIntoView()")
        page.wait_for_timeout(100)
        crossed = page.evaluate(CROSSINGS)
        captions = re.compile(r"strongest|neurons, sigmoid")  # over their tiles, they lie above the lines
        assert [one for one in crossed if not captions.search(one)] == []


def test_all_neurons_of_a_wide_layer_are_seen(open_page, wide):
    page = open_page("laptop", wide)
    wall = page.locator(".wall").first
    assert "32 strongest of 300" in page.locator(".layer h3").nth(1).inner_text()
    page.get_by_role("button", name="Show all").first.click()
    page.wait_for_timeout(150)
    box = wall.bounding_box()
    last = wall.locator(".tile").nth(299).bounding_box()
    assert last["y"] + last["height"] <= box["y"] + box["height"]
    assert page.evaluate(OVERLAPS) == []
    assert page.evaluate(CROSSINGS) == []


def test_lines_of_all_neurons_have_one_scale(page):
    """The line of a neuron that passes on a hundredth is thin, though it is that neuron's thickest."""
    Board(page).draw(DIGITS[3])
    thickest = []
    for tile in page.locator(".tile").all()[::3]:
        tile.focus()
        thickest.append(max(page.evaluate(WIDTHS_OF_LINES)[-10:]))
    assert max(thickest) > 3 * min(thickest)
    assert page.locator(".key").inner_text().splitlines()[-2:] == ["raises what it leads to", "lowers what it leads to"]


#: Note what moves without being moved by a script.
SHIFTS = """() => { window.shifts = [];
    const name = ({node}) => `${node?.nodeName} ${node?.className ?? ''} in ${node?.parentElement?.className}`;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => shifts.push(entry.sources.map(name))))
        .observe({type: 'layout-shift'}); }"""


#: Texts of the answers that are cut, and pairs of them that lie over each other.
CUT = """() => {
    const all = [...document.querySelectorAll('.answers :is(strong, .told, .heads, .name, .value, .sentence, .staged)')]
        .filter((one) => one.checkVisibility() && one.textContent.trim());
    const lines = (one) => {
        const range = document.createRange();
        range.selectNodeContents(one);
        return [...range.getClientRects()].map((line) => ({one, line}));
    };
    const frames = (one) => [one, one.closest('.verdict, .output, .answers')];
    const cut = all.filter((one) => !one.matches('strong') && lines(one).some(({line}) => frames(one)
        .some((frame) => line.bottom > frame.getBoundingClientRect().bottom + 1
            || line.right > frame.getBoundingClientRect().right + 1)));
    const texts = all.flatMap(lines);
    const over = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
        && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3;
    const pairs = texts.filter(({one, line}, n) => texts.slice(n + 1)
        .some((other) => other.one !== one && !one.contains(other.one) && over(line, other.line)));
    return [...cut, ...pairs.map(({one}) => one)].map((one) => `${one.className} ${one.textContent}`);
}"""


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_text_of_the_answers_is_cut_or_printed_over(open_page, run, tmp_path, language):
    write_report(gather_folder(run, language), tmp_path / "report.html")
    page = open_page("laptop", tmp_path / "report.html")
    page.wait_for_timeout(1000)  # until it knows what is strange
    twice = [[(x + dx, y) for x, y in stroke] for dx in (-0.25, 0.2) for stroke in DIGITS[4]]
    drawings = {"digit": DIGITS[3], "two": twice, "strange": [[(0.2, 0.2), (0.8, 0.8)], [(0.8, 0.2), (0.2, 0.8)]]}
    page.locator(".tile").first.click()
    page.locator("#switch").click()
    page.keyboard.press("Escape")
    for name, drawing in {"image": None, "blank": [], **drawings}.items():
        if drawing is not None:
            page.set_viewport_size({"width": 1280, "height": 720})
            Board(page).clear()
            Board(page).draw(drawing)
        for width, height in ((360, 780), (390, 844), (844, 390), (960, 720), (1024, 768), (1280, 720), (1440, 900)):
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate(CUT) == [], (name, width)
    page.locator("#tab-train").click()
    page.locator(".trio button").nth(1).click()
    for width in (390, 1024):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(CUT) == [], ("staged", width)


@pytest.mark.parametrize("size", ["laptop", "modern phone"])
def test_nothing_jumps(open_page, size):
    page = open_page(size)
    page.wait_for_timeout(1500)  # until it knows what is strange
    if size == "laptop":  # the dock grows for the first neuron, and stays so
        page.locator(".tile").nth(9).hover()
        page.locator("#neuron .exciting").wait_for()
        page.mouse.move(640, 700)
        page.wait_for_timeout(300)
    page.evaluate(SHIFTS)
    tall = "document.getElementById('stage').offsetHeight"
    height = page.evaluate(tall)

    def steady(act):
        page.wait_for_timeout(400)
        assert page.evaluate("shifts.splice(0)") == [], act
        assert page.evaluate(tall) == height, act

    board = Board(page)
    top = board.canvas.bounding_box()["y"]
    board.clear()
    steady("clear")
    board.box = board.canvas.bounding_box()
    for stroke in DIGITS[3]:
        page.mouse.move(*board.place(stroke[0]))
        page.mouse.down()
        for point in stroke[1:]:
            page.mouse.move(*board.place(point))
        page.mouse.up()
    steady("draw")
    page.evaluate("glasswork.show(Uint8Array.from({length: 784}, (_, i) => (i * 7919) % 256))")
    steady("a strange image")
    for n in range(3):
        page.locator(".offers .thumb").nth(n).click()
        steady("choose")
    assert board.canvas.bounding_box()["y"] == top
    if size == "laptop":
        for n in (0, 9, 26, 44):
            page.locator(".tile").nth(n).hover()
            steady("hover")
    page.evaluate("document.querySelector('.layers').scrollIntoView()")
    page.locator(".tile").nth(30).click()
    page.wait_for_timeout(900)
    tile, sheet = page.locator(".tile").nth(30).bounding_box(), page.locator(".dock").bounding_box()
    assert tile["y"] + tile["height"] < sheet["y"]
    page.evaluate("shifts.splice(0)")
    height = page.evaluate(tall)
    box = page.locator("#switch").bounding_box()
    for pressed in ("true", "false"):
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        assert page.locator("#switch").get_attribute("aria-pressed") == pressed
        steady("switch")


# For everybody --------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page, scheme):
    page = open_page("phone", color_scheme=scheme)
    open_everything(page)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") == WIDTHS["phone"][0]


def test_motion_forced_colours_and_print_are_honoured(open_page):
    page = open_page(reduced_motion="reduce")
    assert page.locator(".fill").first.evaluate("one => getComputedStyle(one).transitionDuration") in ("0s", "")
    page.emulate_media(forced_colors="active")
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    fill = page.locator(".output.best .fill")
    ground = page.locator("body").evaluate("one => getComputedStyle(one).backgroundColor")
    assert fill.evaluate("one => getComputedStyle(one).backgroundColor") != ground
    page.emulate_media(media="print", forced_colors="none", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator(".buttons").first.is_visible()


def test_no_width_scrolls_sideways_and_print_keeps_the_stage_whole(page):
    for width in (320, 600, 900, 1000, 1300, 1920, 3840):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width
    page.emulate_media(media="print")
    stage = page.locator("#stage-body")
    assert stage.evaluate("one => getComputedStyle(one).breakInside") == "avoid"
    stage.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert stage.bounding_box()["height"] < 1000  # A4 has 1,123 pixels, less its margins
    assert part(page, "answers").bounding_box()["y"] < part(page, "network").bounding_box()["y"] + 40  # side by side


def test_few_tab_stops(page):
    stops = page.evaluate("""[...document.querySelectorAll('a, button, input, select, summary, [tabindex]')]
        .filter((one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility()).length""")
    assert stops < 70


def test_curves_tell_their_values(page, facts):
    plot = page.locator("#learnt .plot").nth(1)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")  # every part is brought up to date and has its height
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 16, box["y"] + 80)
    last = facts["history"][-1]
    assert (
        f"epoch {last['epoch']}: validation {last['valid_accuracy']:g} %"
        in page.locator("#learnt .readout").nth(1).inner_text()
    )


def test_a_page_of_hundreds_of_classes_is_complete(open_page, tmp_path):
    write_report(train(tmp_path / "run", dataset((8, 8), 360, 5760)), tmp_path / "report.html")
    page = open_page("desk", tmp_path / "report.html")
    assert page.locator(".confusion td").count() >= 360 * 360
    assert page.locator("#about-body > *").count() > 0


@pytest.mark.parametrize(("shape", "classes"), [((28, 28), 12), ((20, 20), 26), ((9, 31), 10)])
def test_pages_of_other_images_and_classes_work(open_page, tmp_path, shape, classes):
    write_report(train(tmp_path / "run", dataset(shape, classes)), tmp_path / "report.html")
    page = open_page("phone", tmp_path / "report.html")
    assert page.locator("#board").count() == (shape[0] == shape[1])
    assert page.locator("nav a").first.inner_text() == ("Draw" if shape[0] == shape[1] else "Choose")
    assert part(page, "answers").locator("li").count() == classes
    open_everything(page)
    page.locator("#self-check").filter(has_text="as it should be").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == WIDTHS["phone"][0]


def test_a_run_that_was_not_finished_says_so(open_page, tmp_path):
    write_report(train(tmp_path / "run", dataset(), stop_after=2), tmp_path / "report.html")
    page = open_page(file=tmp_path / "report.html")
    assert "interrupted, 2 of 3 epochs" in page.locator("#about .facts").inner_text()
    page.locator("#learnt").scroll_into_view_if_needed()
    assert "2 of 3 epochs are done" in page.locator("#learnt .note").inner_text()
    marks = page.locator("#learnt .plot").first.locator("text").all_text_contents()
    assert marks[-3:] == ["1", "2", "epoch"]  # no epoch and a half

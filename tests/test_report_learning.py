"""Training in the page: gradients against NumPy's, and networks that learn in a browser."""

import json
import re
from pathlib import Path

import msgspec
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from browser import DIGITS, Board, browser
from glasswork import Run, named_recipe, nn
from glasswork.models.model_file import read_model_file
from glasswork.report import gather, write_report
from glasswork.report.storage import as_stored, describe
from glasswork.runs.folder import RunFolder
from glasswork.runs.snapshots import read_snapshots
from test_report_engine import disturbed, node

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def chromium():
    with browser() as started:
        yield started


@pytest.fixture
def open_page(chromium):
    """A function that opens a page; at the end there were no console messages."""
    messages, contexts = [], []

    def start(path, **options):
        contexts.append(chromium.new_context(viewport={"width": 1280, "height": 900}, offline=True, **options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-complete]")
        return page

    yield start
    for context in contexts:
        context.close()
    assert not messages


def pixels(page, selector):
    """The pixels of each canvas, as a text."""
    return page.locator(selector).evaluate_all("all => all.map((canvas) => canvas.toDataURL())")


def steps(place):
    """The number of steps that a place names."""
    return int(re.search(r"step ([\d,]+)", place.inner_text())[1].replace(",", ""))


def networks():
    """The handout's network; deep ones of logits and others, with each activation; one without hidden layers."""
    rng = np.random.default_rng(5)
    yield nn.MLP(64, 9, 4, bias_grad="mean", rng=rng), nn.MSELoss()
    for activation in nn.ACTIVATIONS.values():
        yield nn.MLP(64, (7, 6), 4, activation=activation, output_activation=None, rng=rng), nn.CrossEntropyLoss()
        yield nn.MLP(64, 5, 3, activation=activation, output_activation=activation, rng=rng), nn.MSELoss()
    yield nn.MLP(64, (), 3, output_activation=None, rng=rng), nn.MSELoss()
    scaled = {"scale": nn.Scale(-0.7, 0.6), **nn.MLP(64, 5, 3, rng=rng).named_layers}
    yield nn.MLP.from_layers(scaled), nn.MSELoss()


@pytest.mark.parametrize(("model", "loss"), list(networks()), ids=repr)
def test_gradients_and_a_step_are_those_of_numpy(model, loss):
    disturbed(model)
    model.trained_on(loss.pred_is)
    rng = np.random.default_rng(7)
    images = rng.integers(0, 256, (11, 64)).astype(np.uint8)
    labels = rng.integers(0, model.out_features, 11)
    facts = describe(model, as_stored(model, "float32"), "float32", images)
    asked = {"network": msgspec.to_builtins(facts), "images": images.tolist(), "labels": labels.tolist(), "rate": 0.1}
    found = json.loads(node(HERE / "js" / "learn.js", given=json.dumps(asked)))

    exact = model.astype(np.float64)
    inputs = (images - 127.5) / 127.5
    expected = loss(exact.forward(inputs), np.eye(model.out_features)[labels])
    exact.backward(loss.backward())
    assert found["loss"] == pytest.approx(expected, rel=1e-5)
    for ours, gradient in zip(found["gradients"], exact.gradients(), strict=True):
        slow = gradient.ndim == 1 and getattr(exact.layers[0], "bias_grad", "sum") == "mean"
        theirs = gradient.reshape(-1) * len(images) ** (2 if slow else 1)  # the page adds up, NumPy takes means
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5 * np.abs(theirs).max())
    for ours, parameter, gradient in zip(found["parameters"], exact.parameters(), exact.gradients(), strict=True):
        np.testing.assert_allclose(ours, (parameter - 0.1 * gradient).reshape(-1), atol=1e-6)


# In a browser ---------------------------------------------------------------------------------------


def test_eight_epochs_in_the_page_reach_eighty_percent_while_one_draws(default_run, open_page):
    page = open_page(default_run / "report.html")
    page.evaluate("() => void (window.training = glasswork.train({epochs: 8, seed: 2}))")
    Board(page).draw(DIGITS[1])
    assert Board(page).answer()[0].startswith("1")  # a program does not change the stage
    page.locator("#tab-train").click()
    page.locator(".train-here .state").filter(has_text="unseen").wait_for()
    page.locator("#tab-watch").click()
    assert page.locator(".staged button").is_hidden()
    assert page.evaluate("Promise.race([training, null])") is None  # it learns on meanwhile
    assert page.evaluate("training")["accuracy"] >= 80
    page.locator("#tab-train").click()
    page.locator(".train-here .read-again").filter(has_text="your drawing as 1").wait_for()
    assert page.locator(".staged button").is_visible()
    assert page.locator(".train-here .gallery canvas").count() == 50


def test_the_network_that_is_trained_by_hand_stands_on_the_stage(default_run, open_page):
    page = open_page(default_run / "report.html")
    scores = "glasswork.scores(new Uint8Array(784).fill(7))"
    own, trained = page.evaluate(scores), page.locator(".answers .bars").inner_text()
    state, gallery, staged = page.locator(".train-here .state"), ".train-here .gallery canvas", page.locator(".staged")
    page.locator("#tab-train").press("Enter")
    blank = set(pixels(page, gallery))
    assert len(blank) == 1  # nothing has changed yet
    assert staged.is_hidden()  # the trained network stays until one trains
    assert page.locator(".train-here .read-again").is_hidden()
    answers = [page.locator(".answers .bars").inner_text()]
    assert answers == [trained]
    for number in (1, 2):
        page.get_by_role("button", name="One step").press("Enter")
        assert steps(state) == steps(staged) == number
        answers.append(page.locator(".answers .bars").inner_text())
    assert len(set(answers)) == 3
    assert len(set(pixels(page, gallery))) == 50
    assert page.evaluate(scores) == own
    page.get_by_label("Learning rate").select_option("3")
    page.get_by_label("Hidden neurons").select_option("10")
    assert "nothing learnt" in state.inner_text()
    assert page.locator(gallery).count() == 10
    assert set(pixels(page, gallery)) == blank
    page.locator(".train-here").get_by_role("button", name="weights", exact=True).click()
    assert len(set(pixels(page, gallery))) == 10
    play = page.locator(".train-here .play")
    play.press("Space")
    assert play.inner_text() == "Pause"
    state.filter(has_text="unseen").wait_for()
    play.press("Space")
    assert play.inner_text() == "Play"
    assert steps(state) == steps(staged)
    staged.get_by_role("button").press("Enter")
    assert staged.inner_text() == "The trained network is back on the stage."
    assert page.locator(".answers .bars").inner_text() == trained
    page.evaluate("glasswork.show(new Uint8Array(784).fill(9))")
    assert staged.is_hidden()


HEAD = ".network .layer h3"


def reading(page, panel):
    """What the stage and an open panel say of the same image: name and share."""
    stage = page.locator(".verdict").inner_text().split()
    text = page.locator(f"{panel} .read-again p").inner_text().replace("\N{NO-BREAK SPACE}", " ")
    name, share = re.search(r"as (\S+), with (\S+) %", text).groups()
    return (stage[0].rstrip("?"), stage[1]), (name, share)


def test_the_stage_is_the_chosen_network_s_whatever_its_size_and_activation(default_run, open_page):
    page = open_page(default_run / "report.html")
    Board(page).draw(DIGITS[3])
    own = page.locator(HEAD).all_inner_texts()[1:]
    page.locator("#tab-train").click()
    page.get_by_label("Learning rate").select_option("3")
    for hidden, shown in (("100", 56), ("10", 10), ("50", 50)):
        page.get_by_label("Hidden neurons").select_option(hidden)
        for activation in ("relu", "tanh", "sigmoid"):
            page.get_by_label("Activation").select_option(activation)
            for _ in range(2):
                page.get_by_role("button", name="One step").click()
                stage, panel = reading(page, ".train-here")
                assert stage == panel
            [head] = [text for text in page.locator(HEAD).all_inner_texts() if activation in text]
            assert hidden in head
            assert page.locator(".tile").count() == shown
        page.locator(".tile").last.click()
        assert page.locator("#neuron").is_visible()
        page.keyboard.press("Escape")
        assert page.locator(".train-here").is_visible()
    page.get_by_label("Hidden neurons").select_option("100")
    page.get_by_role("button", name="One step").click()
    page.get_by_role("button", name="Show all").click()
    page.evaluate("glasswork.open(0, 99)")
    assert page.locator(".tile").count() == 100
    page.locator("#tab-watch").click()  # with a neuron open that the trained network has not
    assert page.locator("#neuron").is_hidden()
    assert page.locator(".tile").count() == 50
    assert [text.split("\n")[0] for text in page.locator(HEAD).all_inner_texts()[1:]] == own


def test_only_the_chosen_panel_has_its_network_on_the_stage(default_run, open_page):
    page = open_page(default_run / "report.html")
    trained = page.locator(".answers .bars").inner_text()
    staged = page.locator(".staged")
    for _ in range(2):
        page.locator("#tab-watch").click()
        page.locator("#epoch-slider").fill("0")
        staged.filter(has_text="before its first step").wait_for()
        assert len(set(reading(page, ".growth"))) == 1
        page.locator("#tab-train").click()
        page.locator(".train-here .play").click()
        assert "In training" in staged.inner_text()
        page.locator(".train-here .state").filter(has_text="sample").wait_for()
        page.locator("#tab-watch").click()
        assert page.locator(".train-here .play").inner_text() == "Play"
        page.locator(".growth output").filter(has_text="epoch 50").wait_for()
        assert len(set(reading(page, ".growth"))) == 1
        assert page.locator(".answers .bars").inner_text() == trained
        assert "trained network is back" in staged.inner_text()


def test_steps_that_are_too_large_are_named(default_run, open_page):
    page = open_page(default_run / "report.html")
    page.locator("#tab-train").click()
    state = page.locator(".train-here .state")
    page.locator(".train-here .play").click()
    page.wait_for_function(
        "() => document.querySelector('.trio .plot .line.s0').getAttribute('points').split(' ').length > 12"
    )
    assert "too large" not in state.inner_text()
    page.get_by_label("Learning rate").select_option("3")
    state.filter(has_text="steps are too large").wait_for()
    page.get_by_role("button", name="Start again").click()
    assert "too large" not in state.inner_text()
    page.locator(".train-here .play").click()
    state.filter(has_text="still guesses").wait_for()  # from the start, the loss has never fallen
    page.locator(".train-here .play").click()


#: What the stage and the panel say at each moment at which one of them changes: steps, shares, and where the panel is.
WATCHED = """async (moments) => {
    const [state, staged] = ["state", "staged"].map((name) => document.querySelector("." + name));
    const step = (place) => place.innerText.match(/step ([\\d,]+)/)?.[1];
    const seen = [];
    const look = () => seen.push({panel: step(state), stage: step(staged), at: performance.now(),
        says: state.innerText, verdict: document.querySelector(".verdict").innerText,
        reading: document.querySelector(".train-here .read-again p").innerText,
        curve: document.querySelector(".trio .plot .line.s0").getAttribute("points"),
        bars: document.querySelector(".bars").innerText,
        top: document.querySelector(".trio").getBoundingClientRect().top,
        end: document.querySelector(".trio .plot").getBoundingClientRect().bottom});
    look();
    const watcher = new MutationObserver(look);
    for (const place of [state, staged]) watcher.observe(place, {childList: true, subtree: true, characterData: true});
    document.querySelector(".train-here .play").click();
    while (new Set(seen.map(({panel}) => panel)).size < moments) await new Promise(requestAnimationFrame);
    document.querySelector(".train-here .play").click();
    watcher.disconnect();
    look();
    return seen;
}"""


def test_stage_and_panel_tell_the_same_steps_often_and_nothing_jumps(default_run, open_page):
    page = open_page(default_run / "report.html")
    page.set_viewport_size({"width": 1280, "height": 720})
    page.evaluate("glasswork.open(0, 4)")
    page.locator("#switch").click()
    page.keyboard.press("Escape")
    assert page.locator(".tile.changed").count() == 1
    page.locator("#tab-train").click()
    _, *seen = page.evaluate(WATCHED, 12)
    seen = [one for one in seen if "nothing learnt" not in one["says"]]  # the panel counts from its first measure on
    assert [one["panel"] for one in seen] == [one["stage"] for one in seen]
    assert len({one["panel"] for one in seen}) == len({one["says"] for one in seen}) >= 11
    assert len({one["curve"] for one in seen}) >= 10
    assert len({one["bars"] for one in seen}) >= 10
    for one in seen:
        name, share = re.search(r"as (\S+), with (\S+)", one["reading"].replace("\N{NO-BREAK SPACE}", " ")).groups()
        assert one["verdict"].replace("?", "").split()[:2] == [name, share]
    assert len({one["top"] for one in seen}) == 1
    assert seen[0]["end"] <= 720  # stage and curve are seen together
    assert page.locator(".tile.changed").count() == 0  # the other network's neurons work
    assert "other network" in page.locator(".staged").inner_text()
    page.evaluate("glasswork.open(0, 4)")
    assert not page.locator(".exciting").is_visible()
    assert page.locator(".hint").inner_text().count("American") == 0


def test_a_neuron_that_is_open_follows_the_training(default_run, open_page):
    page = open_page(default_run / "report.html")
    page.locator("#tab-train").click()
    page.locator(".train-here .play").click()
    page.evaluate("glasswork.open(0, 4)")
    total = page.locator("#neuron .steps tbody tr", has_text="bias").locator(".figure").last
    assert page.locator("#neuron").is_visible()
    for _ in range(3):  # at full speed, without a pause of quiet
        before = total.inner_text()
        page.wait_for_function("([text]) => !document.querySelector('#neuron').innerText.includes(text)", arg=[before])
    page.locator("#tab-train").click()
    page.locator(".train-here .play").click()


def test_both_panels_fit_a_small_phone_and_axe_finds_nothing(default_run, open_page):
    page = open_page(default_run / "report.html", color_scheme="dark")
    page.set_viewport_size({"width": 320, "height": 700})
    for tab in ("watch", "train"):
        page.locator(f"#tab-{tab}").click()
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_the_image_is_read_again_at_every_kept_epoch(default_run, parts, open_page):
    page = open_page(default_run / "report.html")
    slider, gallery, said = page.locator("#epoch-slider"), ".growth .gallery canvas", page.locator(".growth output")
    model, image = read_model_file(default_run).model, parts.test.images[3:4]
    snapshots = read_snapshots(default_run, model)
    page.locator(".offers .thumb").nth(3).click()
    trained = page.locator(".answers .bars").inner_text()
    page.locator("#tab-watch").click()
    for position, epoch in ((0, 0), (3, 3), (8, 10)):
        slider.fill(str(position))
        said.filter(has_text=f"epoch {epoch}:" if epoch else "random weights").wait_for()
        for name, array in model.state().items():
            array[...] = snapshots[epoch][name]
        outputs = model.scores(image)[0].astype(np.float64)
        sums = np.log(outputs / (1 - outputs))  # the inverse of the sigmoid
        shown = [float(text.replace("−", "-")) for text in page.locator(".answers .sum-value").all_inner_texts()]
        np.testing.assert_allclose(shown, sums, atol=0.1)  # weights were rounded to bytes again
        assert ("epoch" if epoch else "first step") in page.locator(".staged").inner_text()
        assert (len(set(pixels(page, gallery))) == 1) == (epoch == 0)  # the change since the start
    slider.press("End")
    slider.press("ArrowLeft")
    page.locator(".growth .play").press("Enter")
    said.filter(has_text="epoch 50:").wait_for()
    assert page.locator(".growth .play").inner_text() == "Play"
    assert page.locator(".answers .bars").inner_text() == trained  # the last epoch is the page's own network


def test_the_boundary_of_a_table_moves_while_it_learns(tmp_path, open_page):
    rng = np.random.default_rng(2)
    angle, side = rng.uniform(0, 3, 300), np.arange(300) % 2
    rows = np.stack([(1 - 2 * side) * np.cos(angle) + side, (1 - 2 * side) * np.sin(angle) + side / 2], axis=1)
    lines = [f"{x:.3f},{y:.3f},{'ab'[k]}" for (x, y), k in zip(rows, side, strict=True)]
    (tmp_path / "moons.csv").write_text("\n".join(["left,up,moon", *lines]))
    asked = {"data.source": str(tmp_path / "moons.csv"), "training.epochs": 2, "network.hidden": [12]}
    with Run(named_recipe("relu").override(asked), tmp_path / "run") as run:
        list(run.epochs())
    write_report(gather(RunFolder(run.folder), read_model_file(run.folder), run.parts), tmp_path / "report.html")
    page = open_page(tmp_path / "report.html")
    seen = [pixels(page, ".train-here .boundary")]
    page.locator("#tab-train").click()
    assert page.evaluate("glasswork.train({epochs: 30, seed: 1})")["accuracy"] >= 90
    seen.append(pixels(page, ".train-here .boundary"))
    page.get_by_label("left", exact=True).fill("0.5")  # the row of the page is marked
    page.locator(".train-here .read-again").filter(has_text="your row").wait_for()
    seen.append(pixels(page, ".train-here .boundary"))
    assert len({image for (image,) in seen}) == 3
    over = [pixels(page, ".growth .boundary")]
    page.locator("#tab-watch").click()
    page.locator("#epoch-slider").press("Home")
    page.locator(".growth output").filter(has_text="random weights").wait_for()
    over.append(pixels(page, ".growth .boundary"))
    assert over[0] != over[1]

"""The size of the report: large images are fewer in it, and what it says of an image stays what `predict` says."""

import numpy as np
import pytest

from browser import browser, of_each
from glasswork.data import Dataset
from glasswork.models.model_file import read_model_file
from glasswork.nn import MLP
from glasswork.report import replay, write_report
from report_runs import RECIPE, train

SIDE = 160


def noisy(count):
    """Photographs of nothing: hardly compressible, with a bright bar for the class."""
    rng = np.random.default_rng(4)
    labels = np.arange(count) % 3
    images = rng.integers(0, 200, (count, SIDE, SIDE)).astype(np.uint8)
    for k, label in enumerate(labels):
        images[k, 20 + 40 * label : 40 + 40 * label, 20:140] = 250
    return Dataset.of(images, labels, shape=(SIDE, SIDE), classes=list("abc"), name="noise")


def test_a_page_of_large_images_is_small_and_judges_as_predict_does(tmp_path):
    dataset = noisy(210)
    data = train(tmp_path / "run", dataset, RECIPE.override({"network.hidden": [6]}))
    pictures = [data.examples.images, data.tested.pictures.images, data.novelty.maps]
    pictures += [array for one in data.snapshots for layer in one.layers for array in layer.arrays.values()]
    assert sum(len(packed.data) for packed in pictures) < 2_500_000
    assert write_report(data, tmp_path / "report.html") < 5_000_000
    assert len(data.snapshots) >= 2
    assert len(data.examples.labels) < len(data.novelty.labels)
    file = read_model_file(tmp_path / "run")
    images = dataset.images[:12]
    with browser() as chromium:
        page = chromium.new_page()
        page.goto((tmp_path / "report.html").as_uri())
        page.wait_for_selector("html[data-complete]")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        strangeness, shares = (of_each(page, function, images) for function in ("strangeness", "shares"))
        assert page.locator("#dock-strange .near li").count() == 5
        assert page.locator(".offers .thumb").count() == min(12, data.tested.checked)
        assert page.locator("#self-check").filter(has_text="as it should be").count() == 1
    np.testing.assert_allclose(strangeness, file.reference.strangeness(images), rtol=1e-2, atol=1e-2)
    np.testing.assert_allclose(shares, file.reference.temper(images, file.model.probabilities(images)), atol=2e-3)


@pytest.mark.parametrize(("epochs", "neurons"), [(1, 1), (3, 2), (40, 64)])
@pytest.mark.parametrize("left", [-5, 100, 30_000, 3_000_000])
def test_snapshots_keep_the_first_and_the_last_epoch(epochs, neurons, left):
    rng = np.random.default_rng(1)
    found = {epoch: rng.normal(size=(50, neurons)).astype(np.float32) for epoch in range(epochs)}
    kept = replay.fitting_weights(found, 20, left)
    assert (min(kept), max(kept)) == (0, epochs - 1)
    assert len(kept) <= 20
    assert all(weights.shape[1] >= 1 for weights in kept.values())
    for epoch, weights in kept.items():
        np.testing.assert_array_equal(weights, found[epoch][:, : weights.shape[1]])


@pytest.mark.parametrize(
    ("room", "whole", "epochs"),
    [
        (10**6, True, range(8)),
        (9_000, True, [0, 2, 5, 7]),
        (5_000, False, [0, 1, 3, 4, 6, 7]),
        (100, False, [0, 2, 4, 5, 7]),
    ],
)
def test_all_layers_are_kept_if_there_is_room_for_three_epochs(room, whole, epochs):
    model = MLP(60, 20, 3, rng=np.random.default_rng(1))
    states = {epoch: {name: array - epoch for name, array in model.state().items()} for epoch in range(8)}
    found, layers = replay.fitting_snapshots(model, states, 20, room)
    assert (found, sorted(layers)) == (whole, list(epochs))
    assert {len(one) for one in layers.values()} == {len(model.layers) if whole else 1}

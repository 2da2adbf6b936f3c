"""The classic results: their recipes are what the papers describe, and the table sets our errors beside theirs."""

import re

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from glasswork.runs.classics import CLASSICS, recipes, table
from glasswork.runs.ladder_table import RungResult


def test_every_recipe_is_valid_and_tested_on_the_official_images():
    made = recipes(epochs=2)
    assert [recipe.name for recipe in made] == [one.name for one in CLASSICS]
    for one, recipe in zip(CLASSICS, made, strict=True):
        assert recipe.data.split == "official"
        assert recipe.training.epochs == 2
        widths = [int(width) for width in re.match(r"784-([\d-]+)-10,", one.network)[1].split("-")]
        assert list(recipe.network.hidden) == widths
        assert ("distortions" in one.network) == bool(str(recipe.augment)), one.name
        assert ("squared error" in one.network) == (recipe.loss.name == "mse"), one.name
        assert ("dropout" in one.network) == (recipe.network.dropout > 0), one.name


@pytest.mark.parametrize(("name", "alpha", "sigma"), [("simard-elastic", 34, 4), ("ciresan", 37, 5.5)])
def test_elastic_distortions_are_as_large_as_in_the_papers(name, alpha, sigma):
    """Uniform numbers from -1 to 1, smoothed by a Gaussian, times alpha: the standard deviation in pixels."""
    field = gaussian_filter(np.random.default_rng(1).uniform(-1, 1, (1000, 1000)), sigma, mode="wrap")
    recipe = next(recipe for recipe in recipes() if recipe.name == name)
    assert recipe.augment.smoothness == sigma
    assert recipe.augment.elastic == pytest.approx(alpha * field.std(), rel=0.04)


def test_the_table_sets_errors_side_by_side():
    one, two = (
        RungResult(row.name, row.network, accuracies, 238_510, 41.4)
        for row, accuracies in zip(CLASSICS[:2], [(98.0,), (98.5,)], strict=True)
    )
    lines = table([one, two]).splitlines()
    # Wilson's interval of 9,800 of 10,000, by hand: 97.707 to 98.257 %
    assert lines[2] == (
        "| LeCun et al. 1998 | 784-300-10, squared error | 4.7 % | 2.00 % (1.74 to 2.29) | 238,510 | 41 |"
    )
    assert lines[3].startswith("| LeCun et al. 1998 | 784-300-10, squared error, affine distortions | 3.6 % | 1.50 % (")
    assert "of one seed" in lines[-1]
    several = RungResult("lecun-300", "", (98.0, 98.2, 98.4), 238_510, 41.4)
    assert "| 4.7 % | 1.80 ± 0.20 % |" in table([several]).splitlines()[2]

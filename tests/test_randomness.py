"""Randomness is a function of (seed, purpose, epoch, index), and of nothing else."""

import itertools

import numpy as np
import pytest
from hypothesis import given, strategies as st

from glasswork import InputError
from glasswork.randomness import Purpose, generator

SEEDS = st.integers(0, 2**64 - 1)
PURPOSES = st.sampled_from(Purpose)
POSITIONS = st.integers(0, 2**63 - 1)

LOW = 2**64 - 1


def philox(key, counter):
    """Return four 64-bit numbers by Philox 4x64-10, written after Salmon et al. (2011), section 3.3."""
    (k0, k1), (c0, c1, c2, c3) = key, counter
    for _ in range(10):
        a, b = 0xD2E7470EE14C6C93 * c0, 0xCA5A826395121157 * c2
        c0, c1, c2, c3 = (b >> 64) ^ c1 ^ k0, b & LOW, (a >> 64) ^ c3 ^ k1, a & LOW
        k0, k1 = (k0 + 0x9E3779B97F4A7C15) & LOW, (k1 + 0xBB67AE8584CAA73B) & LOW
    return [c0, c1, c2, c3]


@given(SEEDS, PURPOSES, POSITIONS, POSITIONS)
def test_is_philox_at_the_position(seed, purpose, epoch, index):
    """NumPy counts one up before it draws: the first block is number 1."""
    drawn = generator(seed, purpose, epoch=epoch, index=index).bit_generator.random_raw(8)
    expected = [philox((seed, int(purpose)), (block, 0, index, epoch)) for block in (1, 2)]
    assert drawn.tolist() == list(itertools.chain(*expected))


@given(SEEDS, PURPOSES, POSITIONS, POSITIONS)
def test_same_position_same_numbers(seed, purpose, epoch, index):
    first = generator(seed, purpose, epoch=epoch, index=index).random(5)
    np.random.rand(3)
    generator(seed, purpose, epoch=epoch, index=index + 1).random(7)
    np.testing.assert_array_equal(generator(seed, purpose, epoch=epoch, index=index).random(5), first)


def test_other_position_other_numbers():
    grid = itertools.product([0, 1, 123, 2**64 - 1], Purpose, range(8), range(8))
    drawn = [
        int(number)
        for seed, purpose, epoch, index in grid
        for number in generator(seed, purpose, epoch=epoch, index=index).bit_generator.random_raw(4)
    ]
    assert len(set(drawn)) == len(drawn) == 4 * len(Purpose) * 8 * 8 * 4


def test_leaves_the_global_state_alone():
    np.random.seed(5)
    before = np.random.get_state()
    generator(5, Purpose.SHUFFLE).permutation(100)
    after = np.random.get_state()
    np.testing.assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]


def test_epoch_and_index_are_0_unless_told():
    a, b = generator(7, Purpose.DROPOUT), generator(7, Purpose.DROPOUT, epoch=0, index=0)
    np.testing.assert_array_equal(a.random(4), b.random(4))


def test_numpy_integers_are_seeds():
    np.testing.assert_array_equal(
        generator(np.int64(9), Purpose.SHUFFLE).random(4), generator(9, Purpose.SHUFFLE).random(4)
    )


@pytest.mark.parametrize("seed", [-1, 2**64, 1.0, 1.5, "1", None, float("nan"), [1]])
def test_bad_seed(seed):
    with pytest.raises(InputError) as error:
        generator(seed, Purpose.WEIGHTS)
    assert str(error.value) == f"seed: expected an integer from 0 to 2**64 - 1, got {seed!r}"


def test_purposes_keep_their_numbers():
    """They are in every run that was ever made: a new purpose gets a new number."""
    assert {"WEIGHTS": 1, "SHUFFLE": 2, "DROPOUT": 3, "NOISE": 4}.items() <= {p.name: p.value for p in Purpose}.items()
    assert len({p.value for p in Purpose}) == len(Purpose)

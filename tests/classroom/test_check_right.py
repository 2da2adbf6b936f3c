"""Right files are never called wrong: every right way alone, whole files, and combinations of right ways."""

import pytest
from hypothesis import given, settings, strategies as st
from right_ways import RIGHT, WHOLE
from texts import quick, without_sections

from glasswork.classroom.catalogue import changed

SECTIONS = ("data", "normalize", "split", "settings")
ALONE = [pytest.param(part, way, id=f"{part}-{i}") for part, ways in RIGHT.items() for i, way in enumerate(ways)]


def accused(judge, text):
    return [r for r in judge(text) if r.status in ("wrong", "blocked", "open")]


@pytest.mark.parametrize(("part", "way"), ALONE)
def test_a_right_way_is_not_accused(judge, part, way):
    text = changed(way)
    assert not accused(judge, quick(text) if part in SECTIONS else without_sections(text))


@pytest.mark.parametrize("name", WHOLE)
def test_a_right_file_is_not_accused(judge, name):
    assert not accused(judge, quick(changed(WHOLE[name])))


def apply(text, ways):
    for way in ways:
        for old, new in zip(way[::2], way[1::2], strict=True):
            text = text.replace(old, new, 1)  # where another way has taken the place already, this one is left out
    return text


@settings(max_examples=15)
@given(
    st.fixed_dictionaries({part: st.sampled_from([(), *ways]) for part, ways in RIGHT.items() if part not in SECTIONS})
)
def test_right_ways_together_are_not_accused(judge, ways):
    whole_ways = {part: way for part, way in ways.items() if way and all(old in changed(()) for old in way[::2])}
    # The ways that rename what another method reads do not combine with ways that change that method.
    if any(word in " ".join(whole_ways.get("Linear.forward", ())) for word in ("self.x = x",)):
        whole_ways.pop("Linear.backward", None)
    assert not accused(judge, without_sections(apply(changed(()), whole_ways.values())))

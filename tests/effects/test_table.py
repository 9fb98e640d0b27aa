from __future__ import annotations

import math

import pytest

from ser_core.effects import CLEAN_UPS, EFFECTS, CleanUp, VoiceChange
from ser_core.effects.table import check
from ser_core.errors import AudioError

ALL = {**EFFECTS, **CLEAN_UPS}


@pytest.mark.parametrize(("table", "model"), [(EFFECTS, VoiceChange), (CLEAN_UPS, CleanUp)])
def test_every_setting_is_described_with_its_default(table, model):
    defaults = {name: field.default for name, field in model.model_fields.items() if name != "seed"}
    assert {name: info.default for name, info in table.items()} == defaults
    assert all(info.name == name for name, info in table.items())


@pytest.mark.parametrize("info", ALL.values(), ids=ALL)
def test_words_and_ranges_fit_a_widget(info):
    assert info.explanation.endswith(".")
    assert len(info.title) < 30
    assert info.needs is None or info.needs in ALL
    if info.kind == "number" and info.default is not None:
        assert info.least <= info.default <= info.most
        assert 0 < info.step < info.most - info.least
    if info.kind == "choice":
        assert next(iter(info.choices)) is None


@pytest.mark.parametrize("info", [info for info in ALL.values() if info.kind == "number"], ids=lambda info: info.name)
def test_numbers_are_held_to_their_range(info):
    check(info.name, info.least)
    check(info.name, info.most)
    for bad in (info.least - 0.01, info.most + 0.01, math.nan, math.inf, "3", True):
        with pytest.raises(AudioError, match=f"{info.title} must lie between {info.least:g} and {info.most:g}"):
            check(info.name, bad)


def test_choices_and_switches():
    check("noise", "pink")
    check("telephone", True)
    with pytest.raises(AudioError, match="Noise 'brown' is not known: choose one of white, pink, babble"):
        check("noise", "brown")
    with pytest.raises(AudioError, match="Telephone is on or off"):
        check("telephone", 1)

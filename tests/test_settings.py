from pathlib import Path

import pytest

from ser_core.audio import load_audio
from ser_core.errors import SERError, SettingsError
from ser_core.settings import PROJECT, settings


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    for name in ("DATA", "ENCODERS", "RUNS", "MODELS", "CACHE", "MAX_SECONDS", "MAX_MEGABYTES"):
        monkeypatch.delenv(f"SER_{name}", raising=False)


def test_defaults():
    found = settings()
    assert Path(__file__).resolve().parent.parent == PROJECT
    assert (found.data, found.runs, found.cache) == (PROJECT / "data", PROJECT / "runs", PROJECT / ".cache")
    assert found.encoders is None
    assert found.models is None
    assert (found.max_seconds, found.max_megabytes) == (3600, 200)


@pytest.mark.parametrize("name", ["data", "encoders", "runs", "models", "cache"])
def test_folders_come_from_the_environment(monkeypatch, tmp_path, name):
    monkeypatch.setenv(f"SER_{name.upper()}", str(tmp_path))
    assert getattr(settings(), name) == tmp_path


def test_limits_come_from_the_environment_each_time(monkeypatch):
    monkeypatch.setenv("SER_MAX_SECONDS", "90")
    monkeypatch.setenv("SER_MAX_MEGABYTES", "2.5")
    assert (settings().max_seconds, settings().max_megabytes) == (90, 2.5)
    monkeypatch.setenv("SER_MAX_SECONDS", "91")
    assert settings().max_seconds == 91


def test_an_empty_variable_means_the_default(monkeypatch):
    monkeypatch.setenv("SER_DATA", "")
    monkeypatch.setenv("SER_MAX_SECONDS", "")
    assert settings().data == PROJECT / "data"
    assert settings().max_seconds == 3600


def test_a_tilde_is_the_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("SER_DATA", "~/corpora")
    assert settings().data == Path("/home/somebody/corpora")


def test_other_variables_are_left_alone(monkeypatch):
    monkeypatch.setenv("SER_SOMETHING_ELSE", "1")
    settings()


@pytest.mark.parametrize("variable", ["SER_MAX_SECONDS", "SER_MAX_MEGABYTES"])
@pytest.mark.parametrize("value", ["an hour", "0", "-5", "nan", "inf"])
def test_an_unusable_value_is_named_in_one_sentence(monkeypatch, clip_wav, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=rf"^The setting {variable} is '{value}', but .*\.$") as caught:
        settings()
    assert isinstance(caught.value, SERError)
    assert "\n" not in str(caught.value)
    with pytest.raises(SERError):
        load_audio(clip_wav)

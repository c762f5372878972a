"""Settings come from the environment, then from the secrets file; each is in the README."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from dashboard.settings import Settings, default_data_dir, setting_name

ROOT = Path(__file__).parents[1]
FIELDS = [field.name for field in dataclasses.fields(Settings)]


def test_defaults(tmp_path):
    settings = Settings.load({}, tmp_path / "none.toml")
    assert settings == Settings()
    assert settings.threads >= 1 and settings.models == ()


def test_environment_over_secrets_over_default(tmp_path):
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('[dashboard]\nthreads = 3\nmax_waiting = 7\nmodels = ["a/b@1", "/srv/tiny"]\n[other]\nx = 1\n')
    settings = Settings.load({"DASHBOARD_THREADS": "5", "DASHBOARD_DATA_DIR": "~/data"}, secrets)
    assert (settings.threads, settings.max_waiting, settings.models) == (5, 7, ("a/b@1", "/srv/tiny"))
    assert settings.data_dir == Path.home() / "data"


def test_a_list_in_the_environment():
    settings = Settings.load({"DASHBOARD_MODELS": "a/b@1, tiny=/srv/tiny,"}, Path("none"))
    assert settings.models == ("a/b@1", "tiny=/srv/tiny")


@pytest.mark.parametrize(
    ("environ", "toml"),
    [
        ({"DASHBOARD_THREADS": "many"}, ""),
        ({"DASHBOARD_THREADS": "0"}, ""),
        ({"DASHBOARD_DEVICE": "toaster"}, ""),
        ({}, "[dashboard]\nthreads = true"),
        ({}, "[dashboard]\nmodels = 3"),
        ({}, "[dashboard]\nno_such_setting = 1"),
        ({}, "[dashboard"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, environ, toml):
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(toml)
    with pytest.raises(ValueError) as refusal:
        Settings.load(environ, secrets)
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize(("platform", "part"), [("linux", ".local"), ("darwin", "Library"), ("win32", "AppData")])
def test_data_goes_where_the_system_keeps_it(platform, part):
    assert part in default_data_dir(platform, {}).parts


@pytest.mark.parametrize("name", FIELDS)
def test_the_readme_lists_every_setting(name):
    assert f"`{setting_name(name)}`" in (ROOT / "README.md").read_text(encoding="utf-8")

"""Settings: where they come from, which wins, and what is said of a wrong one."""

import os
from pathlib import Path

import pytest

from balcao import config
from balcao.config import BadSetting


def test_an_option_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    (tmp_path / config.FILE).write_text('port = 1\nhost = "0.0.0.0"\nlog_format = "json"\n')
    found = config.read({"port": 3}, {"BALCAO_PORT": "2", "BALCAO_HOST": "::1"}, tmp_path)
    assert (found.port, found.host, found.log_format) == (3, "::1", "json")


def test_what_is_not_said_has_its_default(tmp_path: Path) -> None:
    found = config.read({"port": None}, {"XDG_DATA_HOME": "/data"}, tmp_path)
    assert found.port == 8080
    assert found.graph_url == "https://graph.facebook.com"
    folder = "/var/lib/balcao" if os.geteuid() == 0 else "/data/balcao"
    assert str(found.home) == folder


def test_files_lie_in_the_data_folder_or_in_a_bucket(tmp_path: Path) -> None:
    found = config.read({"data_dir": str(tmp_path)}, {}, tmp_path)
    assert (found.media, found.media_hosts) == (str(tmp_path / "media"), ("lookaside.fbsbx.com",))

    told = {
        "BALCAO_MEDIA_URL": "s3://bucket/balcao",
        "BALCAO_MEDIA_HOSTS": "a.example, b.example:1",
    }
    found = config.read({}, told, tmp_path)
    assert (found.media, found.media_hosts) == (
        "s3://bucket/balcao",
        ("a.example", "b.example:1"),
    )
    with pytest.raises(BadSetting, match="BALCAO_MEDIA_URL"):
        config.read({}, {"BALCAO_MEDIA_URL": "https://bucket.example"}, tmp_path)


def test_app_secrets_are_separated_by_commas(tmp_path: Path) -> None:
    found = config.read({}, {"BALCAO_APP_SECRETS": "new, old,"}, tmp_path)
    assert found.app_secrets == ("new", "old")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "many"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("DATABASE_URL", "mysql://root:hush@localhost/balcao"),
        ("PUBLIC_URL", "desk.example.com"),
        ("GRAPH_URL", "http://[::1"),
        ("GRAPH_VERSION", "26"),
        ("LOG_FORMAT", "xml"),
        ("SECRET_KEY", "short"),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(BadSetting) as refused:
        config.read({}, {f"BALCAO_{name}": value}, tmp_path)
    text = str(refused.value)
    assert f"BALCAO_{name}" in text
    assert text.endswith(".")
    assert "\n" not in text
    assert "hush" not in text, "a password is not repeated"


@pytest.mark.parametrize("text", ["prot = 1", "port =", "port = []"])
def test_a_wrong_file_is_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / config.FILE).write_text(text)
    with pytest.raises(BadSetting):
        config.read({}, {}, tmp_path)


def test_the_public_is_not_served_without_secrets(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="BALCAO_APP_SECRETS is not set"):
        config.read({}, {}, tmp_path).for_the_public()
    with pytest.raises(BadSetting, match="BALCAO_SECRET_KEY is not set"):
        config.read({}, {"BALCAO_APP_SECRETS": "one"}, tmp_path).for_the_public()


def test_every_setting_has_its_line_of_help() -> None:
    assert {name.lower() for name in config.MEANINGS} == set(config.Settings.__struct_fields__)

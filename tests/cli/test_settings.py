"""Where settings come from, which source wins, and how a bad one is told: by its name, never by its value."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.settings import ConfigurationError, Settings, load

KEY = "ab" * 32


def test_without_anything_every_vendor_is_simulated() -> None:
    assert load(environment={}).simulated == {"bespot", "shopster", "okube", "guest_wifi"}


def test_the_environment_wins_over_secret_files_and_those_over_the_file(tmp_path: Path) -> None:
    file, secrets = tmp_path / "gateway.toml", tmp_path / "secrets"
    secrets.mkdir()
    file.write_text('page_size = 10\n[vendors.bespot]\nusername = "file"\npassword = "file"\ntimeout = 3\n')
    (secrets / "gateway_vendors__bespot__username").write_text("secret\n")
    (secrets / "GATEWAY_VENDORS__BESPOT__PASSWORD").write_text("secret\n")
    (secrets / "tls.crt").write_text("not ours")
    environment = {"GATEWAY_SECRETS_DIR": str(secrets), "GATEWAY_VENDORS__BESPOT__PASSWORD": "environment"}
    bespot = load(file, environment).vendors.bespot
    assert bespot.password is not None
    assert (bespot.username, bespot.password.get_secret_value(), bespot.timeout) == ("secret", "environment", 3.0)
    assert load(None, {**environment, "GATEWAY_CONFIG": str(file)}).page_size == 10


def test_lists_are_comma_separated_and_an_empty_one_is_empty() -> None:
    assert load(environment={"GATEWAY_ANONYMOUS_SCOPES": "read, write"}).anonymous_scopes == ("read", "write")
    assert load(environment={"GATEWAY_ANONYMOUS_SCOPES": ""}).anonymous_scopes == ()


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({"GATEWAY_SITE": "x"}, "GATEWAY_SITE: there is no such setting; did you mean GATEWAY_SITES?"),
        (
            {"GATEWAY_VENDORS__OKUBE__LOGN": "canary"},
            "GATEWAY_VENDORS__OKUBE__LOGN: there is no such setting; did you mean GATEWAY_VENDORS__OKUBE__LOGIN?",
        ),
        ({"GATEWAY_CACHE": "canary"}, "GATEWAY_CACHE: input should be 'on', 'coalesce' or 'off'"),
        ({"GATEWAY_REQUEST_TIMEOUT": "-1"}, "GATEWAY_REQUEST_TIMEOUT: input should be greater than 0"),
        (
            {"GATEWAY_VENDORS__SHOPSTER__BASE_URL": "http://canary.example"},
            "GATEWAY_VENDORS__SHOPSTER__BASE_URL: must be https unless its host is loopback",
        ),
        (
            {"GATEWAY_SANDBOX": "none"},
            "GATEWAY_PSEUDONYM_KEY: required outside the sandbox (32 bytes as hexadecimal digits)",
        ),
        ({"GATEWAY_CONFIG": "/nowhere"}, "GATEWAY_CONFIG: the file cannot be read (No such file or directory)"),
        ({"GATEWAY_SECRETS_DIR": "/nowhere"}, "GATEWAY_SECRETS_DIR: cannot be read (No such file or directory)"),
    ],
)
def test_a_bad_setting_is_named_and_its_value_is_not(environment: dict[str, str], line: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(environment=environment)
    assert str(refused.value) == line


def test_an_unknown_member_of_the_file_and_a_broken_file_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text("[vendors.okube]\napikey = 'canary'\n")
    with pytest.raises(
        ConfigurationError, match=r"GATEWAY_VENDORS__OKUBE__APIKEY: .* GATEWAY_VENDORS__OKUBE__API_KEY\?"
    ):
        load(file, {})
    file.write_text("password = canary\n")
    with pytest.raises(ConfigurationError) as refused:
        load(file, {})
    assert str(refused.value) == "GATEWAY_CONFIG: not TOML in UTF-8 (at line 1, column 12)"


def test_what_kubernetes_sets_for_a_service_named_gateway_is_not_ours() -> None:
    load(environment={"GATEWAY_PORT": "tcp://10.0.0.1:80", "GATEWAY_SERVICE_HOST": "x", "GATEWAY_PORT_80_TCP": "x"})


def test_secrets_do_not_show_in_a_printed_settings() -> None:
    settings = load(environment={"GATEWAY_VENDORS__BESPOT__PASSWORD": "canary-4711", "GATEWAY_PSEUDONYM_KEY": KEY})
    assert "4711" not in repr(settings)
    assert KEY not in repr(settings)


def test_settings_made_in_a_test_do_not_read_the_environment() -> None:
    assert Settings().page_size == 50

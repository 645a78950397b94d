"""docs/configuration.md names every setting with its default, every command, path and error code; and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from gateway.domain import errors
from gateway.execution.errors import PARSE_FAILED, VALIDATION_FAILED
from gateway.settings import ConfigurationError, Settings, VendorSettings, VendorsSettings, load
from tests.docs.pages import ROOT, rows, section, text, words

PAGE = text("docs/configuration.md")
INTERNAL = "GATEWAY_PLAYED"  # between the processes of one gateway, for nobody to set
BEFORE_ALL = "GATEWAY_SECRETS_DIR"  # says where settings lie, and so is none
SETTING = re.compile(r"GATEWAY_[A-Z][A-Z_]+")


def settings(model: type[BaseModel], prefix: str = "GATEWAY_") -> Iterator[tuple[str, Any]]:
    """Name and default of each."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from settings(inner, f"{prefix}{name.upper()}__")
        else:
            yield prefix + name.upper(), field.get_default(call_default_factory=True)


def documented() -> dict[str, str]:
    """Default by name; `<KEY>` stands for each vendor."""
    told: dict[str, str] = {}
    for name, default, _ in rows(PAGE, 3):
        for found in SETTING.findall(name.replace("<KEY>", "KEY")):
            told[found] = default
    for name in [name for name in told if "__KEY__" in name]:
        default = told.pop(name)
        for vendor in VendorsSettings.model_fields:
            told[name.replace("KEY", vendor.upper())] = default
    return told


def written(default: object) -> str:
    """As the page writes it."""
    if default in (None, (), {}):
        return "none"
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, float):
        return f"`{default:.10g}`"
    return f"`{default.value if isinstance(default, Enum) else default}`"


EVERY = dict(settings(Settings))


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    assert set(documented()) - {BEFORE_ALL} == set(EVERY) - {INTERNAL}


@pytest.mark.parametrize("name", sorted(set(EVERY) - {INTERNAL}))
def test_the_default_is_the_one_documented(name: str) -> None:
    if name.endswith("GUEST_WIFI__REQUESTS_PER_MINUTE"):
        assert f"guest Wi-Fi: {written(EVERY[name])}" in section(PAGE, "Settings of every vendor")
    else:
        assert documented()[name] == written(EVERY[name])


def test_what_every_vendor_has_is_told_once() -> None:
    common = {words(name)[0].rsplit("__", 1)[1] for name, _, _ in rows(section(PAGE, "Settings of every vendor"), 3)}
    assert common == {name.upper() for name in VendorSettings.model_fields}


def test_settings_named_anywhere_in_the_docs_exist() -> None:
    named = {
        found.rstrip("_")
        for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
        for found in SETTING.findall(page.read_text("utf-8").replace("<KEY>", "BESPOT"))
    }
    sections = {name.rsplit("__", depth)[0] for name in EVERY for depth in (1, 2) if "__" in name} | {"GATEWAY_VENDORS"}
    free = {name for name in named if name.startswith("GATEWAY_VENDORS__OKUBE__ROUTES__")}
    assert named - free - set(EVERY) - sections - {BEFORE_ALL, "GATEWAY_SITE"} == set()


def test_the_refusal_shown_is_the_one_given() -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(environment={"GATEWAY_SITE": "x"})
    assert f"gateway: {refused.value}\n" in PAGE


def test_every_error_code_is_documented() -> None:
    told = {words(code)[0] for code, _ in rows(section(PAGE, "Error codes"), 2)}
    named = [error for error in vars(errors).values() if isinstance(error, type)]
    known = {error.code for error in named if issubclass(error, errors.GatewayError)}
    assert known | {PARSE_FAILED, VALIDATION_FAILED, "OVERLOADED"} <= told
    source = "\n".join(path.read_text("utf-8") for path in Path(ROOT / "gateway").rglob("*.py"))
    assert [code for code in sorted(told) if f'"{code}"' not in source] == []

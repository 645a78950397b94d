"""The deployment files as the tests read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
MANIFESTS = sorted(path for path in DEPLOY.glob("kubernetes/**/*.yaml") if path.name != "kustomization.yaml")


def documents(path: Path) -> list[dict[str, Any]]:
    """The YAML documents of a file."""
    return [document for document in yaml.safe_load_all(path.read_text("utf-8")) if document is not None]


def resource(kind: str, name: str = "gateway") -> dict[str, Any]:
    """One Kubernetes resource."""
    (found,) = (
        document
        for path in MANIFESTS
        for document in documents(path)
        if document["kind"] == kind and document["metadata"]["name"] == name
    )
    return found

"""What mkdocs cannot do by itself for pages that must read well on a code forge too.

Entries of the navigation with `*` become the pages that fit. Files of the repository that a page links to and that lie
beside `docs/` are published under `source/`, and the link is turned there. Nothing else is rewritten.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

LINK = re.compile(r"(\]\()((?:\.\./)+[^)#\s]+)")
PUBLISHED = "source/"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Patterns of the navigation, filled in."""
    config.nav = _filled(config.nav or [], Path(config.docs_dir))
    return config


def _filled(entries: list[Any], docs: Path) -> list[Any]:
    filled: list[Any] = []
    for entry in entries:
        if isinstance(entry, dict):
            filled += [{title: _filled(inner, docs)} for title, inner in entry.items() if isinstance(inner, list)]
        elif "*" in entry:
            filled += [path.relative_to(docs).as_posix() for path in sorted(docs.glob(entry))]
        else:
            filled.append(entry)
    return filled


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Adds what pages link to beside `docs/`; pages added that way are read too."""
    waiting = list(files.documentation_pages())
    while waiting:
        page = waiting.pop()
        for _, target in LINK.findall(page.content_string):
            path = _outside(page, target, config)
            if path and not files.get_file_from_path(PUBLISHED + path):
                source = str(_root(config) / path)
                level = InclusionLevel.NOT_IN_NAV
                added = File.generated(config, PUBLISHED + path, abs_src_path=source, inclusion=level)
                files.append(added)
                waiting += [added] if added.is_documentation_page() else []
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links that leave `docs/` lead to the published copies."""
    here = posixpath.dirname(page.file.src_uri)

    def turned(link: re.Match[str]) -> str:
        path = _outside(page.file, link[2], config)
        return link[1] + (posixpath.relpath(PUBLISHED + path, here or ".") if path else link[2])

    return LINK.sub(turned, markdown)


def _root(config: MkDocsConfig) -> Path:
    return Path(config.docs_dir).parent


def _outside(page: File, target: str, config: MkDocsConfig) -> str | None:
    """Path from the root of the repository where it is a file beside `docs/`."""
    uri = page.src_uri
    origin = uri.removeprefix(PUBLISHED) if uri.startswith(PUBLISHED) else f"docs/{uri}"
    path = posixpath.normpath(posixpath.join(posixpath.dirname(origin), target))
    outside = not path.startswith(("docs/", ".."))
    return path if outside and (_root(config) / path).is_file() else None

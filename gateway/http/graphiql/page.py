"""The page browsers get at `/graphql`, and the files it is made of, read once at start.

Everything comes from this host under a strict policy. Without the fetched assets the page says how to fetch them.
"""

from __future__ import annotations

import hashlib
from html import escape
from pathlib import Path

import msgspec

from gateway.http.graphiql.recipes import recipes
from gateway.http.reply import NO_STORE, Headers, Reply

FOLDER = Path(__file__).parent
HTML = b"text/html; charset=utf-8"
PREFIX = "/graphiql/"
FETCH = "./scripts/graphiql-assets"

STYLES = ("graphiql.min.css", "page.css")
SCRIPTS = (
    *("react.production.min.js", "react-dom.production.min.js", "graphiql.min.js"),
    *("keys.js", "answers.js", "cookbook.js", "story.js", "sources.js", "start.js"),
)
"""In the order they are run in: each may use what those before it made."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # the editor sets its own styles
        "font-src 'self' data:",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
PAGE_HEADERS: Headers = (
    *NO_STORE,
    (b"content-security-policy", POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"vary", b"Authorization, X-API-Key, Accept"),
)
FOR_EVER: Headers = ((b"cache-control", b"public, max-age=31536000, immutable"),)
TYPES = {".js": b"text/javascript; charset=utf-8", ".css": b"text/css; charset=utf-8"}


class Page:
    """The page and its assets, as finished replies. An asset's path holds its hash: it may be kept for ever."""

    def __init__(self, sandbox: bool, folder: Path = FOLDER) -> None:
        self._assets: dict[str, Reply] = {}
        links = {name: self._read(folder, name) for name in (*STYLES, *SCRIPTS)}
        self.complete = all(links.values())
        page = (folder / "page.html").read_text(encoding="utf-8")
        head, body = _graphiql(links) if self.complete else ("", _missing(sandbox))
        whole = page.replace("{{head}}", head).replace("{{body}}", body)
        self.reply = Reply(200, whole.encode(), HTML, PAGE_HEADERS)

    def asset(self, path: str) -> Reply | None:
        """The file at this path of the URL."""
        return self._assets.get(path)

    def _read(self, folder: Path, name: str) -> str:
        path = folder / name if (folder / name).is_file() else folder / "assets" / name
        if not path.is_file():
            return ""
        content = path.read_bytes()
        link = f"{PREFIX}{hashlib.sha256(content).hexdigest()[:16]}/{name}"
        self._assets[link] = Reply(200, content, TYPES[path.suffix], FOR_EVER)
        return link


def _graphiql(links: dict[str, str]) -> tuple[str, str]:
    data = msgspec.json.encode(recipes()).decode().replace("<", "\\u003c")  # a question cannot end the element
    head = [f'<link rel="stylesheet" href="{links[name]}">' for name in STYLES]
    body = ['<div id="graphiql"></div>', f'<script type="application/json" id="cookbook">{data}</script>']
    body += [f'<script src="{links[name]}"></script>' for name in SCRIPTS]
    return "\n".join(head), "\n".join(body)


def _missing(sandbox: bool) -> str:
    answering = "Simulated vendors are answering." if sandbox else "It answers questions as usual."
    return (
        f"<main><h1>The gateway is running</h1><p>{escape(answering)} Only GraphiQL's files are not here yet. "
        f"Fetch them once and start the gateway again:</p><pre>{escape(FETCH)}</pre>"
        "<p>Questions are taken at <code>/graphql</code> meanwhile.</p></main>"
    )

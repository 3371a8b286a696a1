"""What all pages share: one style, and the pieces that they are built from.

A page is one file: nothing is loaded from elsewhere, and its own policy forbids it. MLflow shows it
among the artifacts in a sandboxed frame; it reads well alone, in light and dark, and on a phone.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape

from ft_registry.formats.verdict_words import plain

_STYLE = """
:root { color-scheme: light dark; --text: #1b2733; --soft: #586878; --line: #dce2e8;
--page: #ffffff; --box: #f5f7f9; --accent: #0b5cad; --pass: #1a7f37; --fail: #c1272d;
--inconclusive: #8a5a00; --data: #1a7f5a; --base: #7a3fb0; --code: #5b6876; --config: #8a5a00;
--evaluation: #0b7285; --baseline: #b0326d; }
@media (prefers-color-scheme: dark) { :root { --text: #e3e9ef; --soft: #9fb0c0; --line: #35414d;
--page: #12181f; --box: #1b232c; --accent: #6cb1f5; --pass: #4cc26a; --fail: #ff7b72;
--inconclusive: #e3b341; --data: #57c99a; --base: #c49bf0; --code: #9fb0c0; --config: #e3b341;
--evaluation: #5fc6d8; --baseline: #f08bb8; } }
* { box-sizing: border-box; }
body { font: 14px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; margin: 0 auto;
max-width: 60rem; padding: 1.6rem 1.25rem 3rem; color: var(--text); background: var(--page);
overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 0.35rem; font-weight: 650; }
h2 { font-size: 1.1rem; line-height: 1.3; margin: 2.2rem 0 0.5rem; font-weight: 650; }
h3 { font-size: 0.95rem; line-height: 1.3; margin: 1.2rem 0 0.3rem; font-weight: 650; }
p { margin: 0.4rem 0; } ul { margin: 0.4rem 0; padding-left: 1.2rem; }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
code, .code { font: 0.92em ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.soft { color: var(--soft); } .lead { font-size: 1rem; color: var(--soft); }
.trail { font-size: 0.85rem; margin: 0 0 0.8rem; color: var(--soft); }
.chip { display: inline-block; border: 1px solid var(--line); border-radius: 999px;
padding: 0 0.6rem; margin: 0 0.3rem 0.3rem 0; font-size: 0.85rem; background: var(--box);
max-width: 100%; }
.chip.alias { color: var(--accent); border-color: var(--accent); background: none; }
.chip.pass { color: var(--pass); border-color: var(--pass); background: none; }
.chip.fail { color: var(--fail); border-color: var(--fail); background: none; }
.chip.inconclusive { color: var(--inconclusive); border-color: var(--inconclusive);
background: none; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr));
gap: 0.7rem; margin: 1rem 0; }
.tile { background: var(--box); border-radius: 6px; padding: 0.6rem 0.8rem; }
.tile b { display: block; font-size: 1.15rem; font-weight: 600; line-height: 1.3;
font-variant-numeric: tabular-nums; }
.tile span { font-size: 0.8rem; color: var(--soft); }
.better { color: var(--pass); } .worse { color: var(--fail); }
dl { display: grid; grid-template-columns: minmax(5.5rem, max-content) minmax(0, 1fr);
gap: 0.15rem 0.9rem; margin: 0.5rem 0; }
dt { color: var(--soft); max-width: 14rem; } dd { margin: 0; }
.scroll { overflow-x: auto; margin: 0.5rem 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.9rem 0.3rem 0;
border-bottom: 1px solid var(--line); overflow-wrap: break-word; max-width: 28rem; }
td .chip { white-space: nowrap; margin: 0; }
th { font-weight: 500; color: var(--soft); font-size: 0.85rem; }
td:last-child, th:last-child { padding-right: 0; }
svg { display: block; max-width: 100%; }
svg text { font: 12px system-ui, sans-serif; fill: var(--soft); }
@media (max-width: 34rem) { body { padding: 1rem 0.9rem 2rem; } h1 { font-size: 1.25rem; }
dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 0.4rem; } }
"""


def page(title: str, body: str, *, style: str = "", script: str = "") -> str:
    """Returns a page.

    Args:
        title: Text, not markup.
        body: Markup.
        style: What this page needs beside the shared style.
        script: The one script that may run; none other does, whatever comes to stand in the body.
    """
    allowed = "'none'"
    if script:
        allowed = f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src {allowed}; "
        "base-uri 'none'; form-action 'none'"
    )
    run = f"<script>{script}</script>" if script else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{text(title)}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}{style}</style></head>\n<body>{body}\n{run}</body></html>\n"
    )


def text(said: str) -> str:
    """Returns text from anywhere as markup that shows it, on one line."""
    return escape(plain(said))


def code(said: str) -> str:
    """Returns a hash, a path or a command."""
    return f"<code>{text(said)}</code>"


def facts(said: Iterable[tuple[str, str]]) -> str:
    """Returns a list of names and values.

    Args:
        said: The name as text, the value as markup.
    """
    rows = "".join(f"<dt>{text(name)}</dt><dd>{value}</dd>" for name, value in said)
    return f"<dl>{rows}</dl>" if rows else ""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a table that scrolls by itself where it is too wide.

    Args:
        header: Text.
        rows: Cells of markup.
    """
    head = "".join(f"<th>{text(cell)}</th>" for cell in header)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


def chip(said: str, kind: str = "") -> str:
    """Returns a small label; `kind` is a class of the style."""
    return f'<span class="chip {kind}">{text(said)}</span>'


def tiles(said: Iterable[tuple[str, str]]) -> str:
    """Returns the few numbers that matter most: what is counted, as text, and its markup."""
    found = "".join(
        f'<div class="tile"><b>{value}</b><span>{text(name)}</span></div>' for name, value in said
    )
    return f'<div class="tiles">{found}</div>' if found else ""


def section(title: str, *parts: str) -> str:
    """Returns a titled part of a page; nothing where there is nothing to show."""
    body = "\n".join(part for part in parts if part)
    return f"\n<h2>{text(title)}</h2>\n{body}" if body else ""

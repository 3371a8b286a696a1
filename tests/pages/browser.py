"""Pages in a real browser, as MLflow shows them: in a frame that may run scripts and no more."""

import html
import os
import re
import shutil
import subprocess
from pathlib import Path

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
_POLICY = re.compile(r"<meta http-equiv=[^>]*>")
_FRAME = """<!doctype html><body style="margin:0"><pre id="said">nothing</pre>
<script>addEventListener("message", (e) => {{
document.getElementById("said").textContent = JSON.stringify(e.data); }});</script>
<iframe sandbox="allow-scripts" srcdoc="{page}"
style="width:{width}px;height:{height}px;border:0"></iframe></body>"""


def dump(place: str, folder: Path, *, budget: int = 5000, window: str = "1280,2000") -> str:
    """Returns a page as the browser has it after so many milliseconds of its own time."""
    # The browser writes to its user's folders.
    home = {
        name: str(folder) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")
    }
    done = subprocess.run(
        [
            str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync",
            # Its time is ours only in frames that are no process of their own.
            "--disable-features=IsolateSandboxedIframes",
            f"--user-data-dir={folder / f'profile-{budget}'}", f"--window-size={window}",
            f"--virtual-time-budget={budget}", "--dump-dom", place,
        ],
        capture_output=True, text=True, check=False, timeout=120, env={**os.environ, **home},
    )  # fmt: skip
    return done.stdout


def asked(page: str, probe: str, folder: Path, *, width: int = 1280, trusted: bool = True) -> str:
    """Returns what a script finds in a page that is shown in such a frame, as JSON.

    Args:
        page: The page.
        probe: An expression, or statements that end with `return`.
        folder: To work in.
        width: Of the frame.
        trusted: Let the probe run whatever the page's own policy says.
    """
    run = f"<script>setTimeout(() => parent.postMessage((() => {{ {probe} }})(), '*'), 50)</script>"
    probed = (_POLICY.sub("", page) if trusted else page).replace("</body>", f"{run}</body>")
    file = folder / "frame.html"
    file.write_text(
        _FRAME.format(page=html.escape(probed), width=width, height=900), encoding="utf-8"
    )
    found = dump(file.as_uri(), folder)
    match = re.search(r'<pre id="said">(.*?)</pre>', found, re.DOTALL)
    assert match, found[:2000]
    return html.unescape(match[1])

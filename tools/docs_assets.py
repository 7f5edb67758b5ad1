"""The files of the pages /docs and /redoc: Swagger UI and Redoc of fixed versions, fetched by npm and packed once.

`python -m tools.docs_assets` writes them to `src/runnel/server/static/docs/`; the server needs no network for them.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tools.node import environment

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "src" / "runnel" / "server" / "static" / "docs"
PACKAGES = {
    "swagger-ui-dist": ("5.35.0", ("swagger-ui-bundle.js", "swagger-ui.css")),
    "redoc": ("2.5.4", ("bundles/redoc.standalone.js",)),
}
LOGO = b"https://cdn.redoc.ly/redoc/logo-mini.svg"
"""The one address outside that these files would ask."""
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
{links}
</head>
<body><div id="page"></div>
{scripts}
</body>
</html>
"""
SWAGGER = """SwaggerUIBundle({
  url: "/api/v1/openapi.json", dom_id: "#page", deepLinking: true, validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis], layout: "BaseLayout",
});
"""
REDOC = """Redoc.init("/api/v1/openapi.json", { disableSearch: true, hideLoading: true, theme: {
  typography: { fontFamily: "system-ui, sans-serif", headings: { fontFamily: "system-ui, sans-serif" } },
} }, document.getElementById("page"));
"""


def packed(name: str, text: bytes) -> None:
    """Write a file packed; the server unpacks it for the few clients that take no gzip."""
    (TARGET / f"{name}.gz").write_bytes(gzip.compress(text, 9, mtime=0))


def fetch(name: str, version: str, folder: Path) -> Path:
    """Return the unpacked package; npm checks its digest against the registry."""
    command = ["npm", "pack", f"{name}@{version}", "--json", "--pack-destination", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder, env=environment())
    file = folder / json.loads(done.stdout)[0]["filename"]
    with tarfile.open(file) as archive:
        archive.extractall(folder / name, filter="data")
    return folder / name / "package"


def page(title: str, style: str | None, scripts: list[str]) -> str:
    """Return a page that loads its files from the server alone."""
    links = f'<link rel="stylesheet" href="/docs-files/{style}">' if style else ""
    loaded = "\n".join(f'<script src="/docs-files/{script}"></script>' for script in scripts)
    return PAGE.format(title=title, links=links, scripts=loaded)


def main() -> int:
    """Fetch, pack and write every file; returns 0."""
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, (version, files) in PACKAGES.items():
            source = fetch(name, version, Path(folder))
            for file in files:
                packed(Path(file).name, (source / file).read_bytes().replace(LOGO, b"data:,"))
            packed(f"{name}.LICENSE.txt", (source / "LICENSE").read_bytes())
    packed("swagger.js", SWAGGER.encode())
    packed("redoc.js", REDOC.encode())
    (TARGET / "swagger.html").write_text(page("Runnel API", "swagger-ui.css", ["swagger-ui-bundle.js", "swagger.js"]))
    (TARGET / "redoc.html").write_text(page("Runnel API", None, ["redoc.standalone.js", "redoc.js"]))
    size = sum(file.stat().st_size for file in TARGET.iterdir())
    print(f"{TARGET.relative_to(ROOT)}: {size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())

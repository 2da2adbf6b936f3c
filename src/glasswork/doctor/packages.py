"""The versions of Python, of glasswork and of the libraries that it needs or can use."""

import importlib
import platform
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from glasswork.version import __version__


def glasswork(report: Callable[[str], object]) -> dict[str, Any]:
    """Return the version of glasswork and its folder."""
    return {"version": __version__, "folder": str(Path(__file__).parents[1])}


def python(report: Callable[[str], object]) -> dict[str, Any]:
    """Return the version of Python, its program and its operating system."""
    return {
        "version": platform.python_version(),
        "implementation": platform.python_implementation(),
        "program": sys.executable,
        "system": platform.platform(),
        "machine": platform.machine(),
    }


def required(report: Callable[[str], object]) -> dict[str, str | None]:
    """Return the version of each library that glasswork needs, None if it is missing; each is imported.

    Parameters
    ----------
    report : callable
        Called with a sentence for each that is missing, too old or broken.
    """
    found = _versions(_required_by(""), report, missing_is_a_problem=True)
    modules: dict[str, list[str]] = {}
    for module, owners in metadata.packages_distributions().items():
        for owner in owners:
            modules.setdefault(_plain(owner), []).append(module)
    for name, version in found.items():
        if version is None:
            continue
        theirs = sorted(modules.get(_plain(name), []))
        module = next((one for one in theirs if one in (_plain(name), "PIL", "sklearn")), _plain(name))
        try:
            importlib.import_module(module)
        except (Exception, SystemExit) as error:
            remedy = f"install it again: pip install --force-reinstall {name}"
            report(f"{name} {version}: cannot be imported ({one_line(error)}); {remedy}")
    return found


def extras(report: Callable[[str], object]) -> dict[str, dict[str, str | None]]:
    """Return the version of each library of each extra, None if it is missing. Missing ones are no problem.

    Parameters
    ----------
    report : callable
        Called with a sentence for each that is too old.
    """
    names = _distribution().metadata.get_all("Provides-Extra") or []
    return {name: _versions(_required_by(name), report) for name in names}


def _distribution() -> metadata.Distribution:
    """Return what pip noted about glasswork when it was installed."""
    try:
        return metadata.distribution("glasswork")
    except metadata.PackageNotFoundError:
        raise LookupError("glasswork is not installed as a package; pip install .") from None


def _required_by(extra: str) -> list[Any]:
    """Return what glasswork, or one of its extras, requires, according to its installed metadata."""
    from packaging.requirements import Requirement

    found = []
    for requirement in map(Requirement, _distribution().requires or []):
        always = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        asked = requirement.marker is None or requirement.marker.evaluate({"extra": extra})
        if always if not extra else asked and not always:
            found.append(requirement)
    return found


def _versions(
    requirements: list[Any], report: Callable[[str], object], *, missing_is_a_problem: bool = False
) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for requirement in requirements:
        remedy = f"pip install '{requirement.name}{requirement.specifier}'"
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            found[requirement.name] = None
            if missing_is_a_problem:
                report(f"{requirement.name}: is not installed; {remedy}")
            continue
        found[requirement.name] = version
        if not requirement.specifier.contains(version, prereleases=True):
            report(f"{requirement.name} {version}: glasswork needs {requirement.specifier}; {remedy}")
    return found


def one_line(error: BaseException) -> str:
    """Return an error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def _plain(name: str) -> str:
    """Return the name of a distribution as a module could be called."""
    return name.lower().replace("-", "_").replace(".", "_")

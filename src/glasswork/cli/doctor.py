"""``glasswork doctor``: what glasswork finds on this machine, and what is broken."""

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

from glasswork.cli.options import Debug


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    debug: Debug = False,
) -> None:
    """Examine this machine: versions, matrix products, cores, fonts, folders, locks, the compiled engine.

    Paste what it prints into a bug report. The exit status is 1 if something is broken. A browser is needed only to
    look at reports and trainings; any browser will do.

    Example: glasswork doctor
    """
    from glasswork.doctor import examine

    found = examine()
    print(json.dumps(found, indent=2) if as_json else in_words(found))
    if found["problems"]:
        raise typer.Exit(1)


def in_words(found: dict[str, Any]) -> str:
    """Return what was found as lines of text, problems last."""
    lines = [f"{name:<10} {_LINES[name](found[name]) if found[name] is not None else 'unknown'}" for name in _LINES]
    problems = found["problems"]
    number = f"{len(problems)} problem{'s' * (len(problems) > 1)}:" if problems else "No problem found."
    return "\n".join([*lines, number, *(f"  {problem}" for problem in problems)])


def _packages(facts: dict[str, Any]) -> str:
    return ", ".join(f"{name} {version or 'missing'}" for name, version in facts.items())


def _extras(facts: dict[str, Any]) -> str:
    missing = {name: [one for one, version in parts.items() if version is None] for name, parts in facts.items()}
    complete = [name for name, parts in missing.items() if not parts]
    lacking = [f"{name} lacks {', '.join(parts)}" for name, parts in missing.items() if parts]
    return "; ".join([f"complete: {', '.join(complete) or 'none'}", *lacking])


def _blas(facts: list[dict[str, Any]]) -> str:
    return (
        "; ".join(
            f"{one['internal_api']} {one['version']}, {one['architecture']}, threads: {one['num_threads']}"
            for one in facts
        )
        or "one whose threads cannot be limited"
    )


def _cores(facts: dict[str, Any]) -> str:
    said = "".join(f", {name}={value}" for name, value in facts["environment"].items())
    return f"present: {facts['present']}, granted: {facts['granted']}{said}"


def _folders(facts: dict[str, Any]) -> str:
    return "; ".join(
        f"{name} {one['folder']} ({'writable' if one['writable'] else 'not writable'})" for name, one in facts.items()
    )


def _engine(facts: dict[str, Any]) -> str:
    if not facts["installed"]:
        return f"not installed; {facts['remedy']}"
    if not facts["works"]:
        return "does not work"
    openmp, kernels = "with" if facts["openmp"] else "without", ", ".join(facts["compiled"]) or "nothing yet"
    where = f"in {facts['folder']}" if facts["folder"] else "nowhere"
    return f"Numba {facts['version']}, threads: {facts['threads']}, {openmp} OpenMP; compiled {where}: {kernels}"


_WORDS = {True: "kept", False: "missing", None: "unknown"}
_LINES: dict[str, Callable[[Any], str]] = {
    "glasswork": lambda facts: f"{facts['version']} in {facts['folder']}",
    "python": lambda facts: f"{facts['version']}, {facts['implementation']}, {facts['program']}, {facts['system']}",
    "packages": _packages,
    "extras": _extras,
    "blas": _blas,
    "cores": _cores,
    "fonts": lambda facts: f"{facts['file'] or facts['family']}; {facts['known']} fonts known",
    "folders": _folders,
    "locks": lambda facts: ", ".join(f"{name} folder: {_WORDS[kept]}" for name, kept in facts.items()),
    "engine": _engine,
}

"""One script of many modules: browsers refuse imports between files that were opened from a disk.

js/engine.js   import { x } from "./linear.js"; ... export function f      each module becomes a function,
js/main.js                                                                 its exports a constant object
"""

import re
from collections.abc import Sequence
from pathlib import Path

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([a-z-]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function\*?|const|class) (\w+)", re.MULTILINE)


def bundle(*folders: Path, entry: str = "main") -> str:
    """Join ES modules into one script.

    A module may import names from modules beside it, ``import { a, b } from "./other.js";``, and export functions,
    classes and constants where they are declared. Circles are not allowed.

    Parameters
    ----------
    *folders : path
        The folders of the modules; a name is looked for in each of them, in this order.
    entry : str
        The name of the main module, without its suffix.

    Returns
    -------
    str
        A script, for the page's only script element.
    """
    order: list[str] = []
    _visit(folders, entry, order, ())
    return "\n".join(_wrapped(folders, name) for name in order)


def _visit(folders: Sequence[Path], name: str, order: list[str], above: tuple[str, ...]) -> None:
    if name in above:
        raise ValueError(f"modules import each other in a circle: {' → '.join((*above, name))}")
    if name in order:
        return
    for _, other in _IMPORT.findall(_source(folders, name)):
        _visit(folders, other, order, (*above, name))
    order.append(name)


def _wrapped(folders: Sequence[Path], name: str) -> str:
    """Return a module as a function that is called at once and returns what the module exports."""
    source = _source(folders, name)
    exports = ", ".join(word for _, word in _EXPORT.findall(source))
    body = _IMPORT.sub(lambda found: f"const {{{found[1]}}} = {_variable(found[2])};\n", source)
    body = _EXPORT.sub(r"\1 \2", body)
    return f"// {name}.js\nconst {_variable(name)} = (() => {{\n{body}\nreturn {{ {exports} }};\n}})();"


def _variable(name: str) -> str:
    return "module_" + name.replace("-", "_")


def _source(folders: Sequence[Path], name: str) -> str:
    path = next(path for folder in folders if (path := folder / f"{name}.js").is_file())
    return path.read_text(encoding="utf-8")

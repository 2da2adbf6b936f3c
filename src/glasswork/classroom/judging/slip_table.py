"""The table of slips with NumPy and Python: the code that is one, and the words that it explains."""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from glasswork.classroom.judging import slip_shapes as shape
from glasswork.classroom.student.source import Document

_PYTHON_TYPES = "bool|int|float|complex|object|str"
_RENAMED = {
    "product": "prod", "cumproduct": "cumprod", "alltrue": "all", "sometrue": "any", "round_": "round", "in1d": "isin",
    "asfarray": "asarray", "msort": "sort", "trapz": "trapezoid", "row_stack": "vstack", "Inf": "inf", "NaN": "nan",
}  # fmt: skip
_FUNCTION = "(?:builtin_function_or_method|function|method)"
_UNCALLED = rf"'{_FUNCTION}'|object of {_FUNCTION};|non-iterable {_FUNCTION}|{_FUNCTION}\.__format__"


@dataclass(frozen=True)
class Slip:
    """A pattern of code, and the words of an error or of a finding that fit it.

    Attributes
    ----------
    mistake : str
        The entry of the catalogue.
    fits : str
        A pattern, looked for in the report's message; its groups are filled into ``says``.
    shows : callable
        Whether a node of the code is the slip.
    mend : callable, optional
        Returns the node without the slip; without it, only the line that is reported can hold it.
    says : str
        What follows the entry's own sentence.
    blames : callable
        Returns, for a node that is the slip, the definition or statement to be mended.
    feeds : bool
        Whether the slip may stand where a name of the line that is reported gets its value.
    """

    mistake: str
    fits: str
    shows: Callable[[ast.AST, Document, re.Match[str]], bool] = lambda node, *_: isinstance(node, ast.stmt)
    mend: Callable[[ast.AST], ast.AST] | None = None
    says: str = ""
    blames: Callable[[Any, Document, re.Match[str]], Any] = lambda node, *_: node
    feeds: bool = False


SLIPS = (
    Slip("result-of-in-place", "None", shape.assigns_in_place, lambda n: ast.Expr(n.value)),  # type: ignore[attr-defined]
    Slip("nothing-returned", "None", lambda *given: shape.without_return(*given) is not None,
         blames=shape.without_return, says="{name}(), of line {at}, returns nothing.", feeds=True),
    Slip("none-for-object", "'NoneType' object has no attribute"),
    Slip("function-overwritten", "object is not callable", shape.overwrites_function, shape.bind_elsewhere),
    Slip("changes-argument", r"self\.(\w+) is not the \w+ that came in", shape.changes_in_place),
    Slip("xor-for-power", r"xor|for \^|you get|differ|expected", shape.is_xor),
    Slip("third-argument-of-dot", "", shape.has_third_argument),
    Slip("compared-not-assigned", "", shape.compares),
    Slip("equals-plus", "", shape.assigns_plus),
    Slip("value-thrown-away", "", shape.computes_for_nothing, shape.keep_on_the_left),
    Slip("branches-alike", "", shape.chooses_between_equals),
    Slip("bracket-too-late", "", shape.sums_one_side, shape.sum_the_comparison),
    Slip("batches-counted", "divided by the number of batches", shape.counts_batches),
    Slip("removed-from-numpy", r"`?np\.(\w+)`? was removed in the NumPy 2.0 release\. Use `([^`]+)`",
         says="Instead of np.{0}, write {1}."),
    Slip("removed-from-numpy", rf"module 'numpy' has no attribute '({_PYTHON_TYPES})'",
         says="Instead of np.{0}, write {0}, Python's own type."),
    *(
        Slip("removed-from-numpy", f"module 'numpy' has no attribute '{old}'",
             says=f"Instead of np.{old}, write np.{new}.")
        for old, new in _RENAMED.items()
    ),
    Slip("result-thrown-away", "pixels still lie between 0 and 255", shape.throws_away),
    Slip("returned-in-other-order", r"holds [\d,]+ rows of \w+, not the", shape.returns_in_other_order),
    Slip("bunch-unpacked", "values to unpack", shape.unpacks_bunch),
    Slip("unequal-unpacking", "values to unpack"),
    Slip("row-not-kept", "'numpy.ndarray' object has no attribute", shape.loses_row, shape.keep_row),
    Slip("truth-of-array", "truth value of an array"),
    Slip("array-of-axes", r"'numpy\.ndarray' object has no attribute '(?:imshow|plot|set_|axis|hist|bar|scatter|grid)"),
    Slip("called-value", r"object is not callable"),
    Slip("decimals-into-whole-numbers", r"Cannot cast ufunc '\w+' output"),
    Slip("read-only-array", "output array is read-only|assignment destination is read-only"),
    Slip("number-for-range", "'(?:int|float)' object is not iterable", lambda n, *_: isinstance(n, ast.For)),
    Slip("trailing-comma", "tuple", shape.ends_with_comma, lambda n: ast.Assign(n.targets, n.value.elts[0])),  # type: ignore[attr-defined]
    Slip("layer-for-result", r"(?:: |an object of )'?(?:Linear|Sigmoid|ReLU)\b", shape.hands_on_layer),
    Slip("forward-in-backward", "backward", shape.calls_layer_in_backward),
    Slip("list-for-array", "can't multiply sequence by non-int|for [-+*/]=?: '(?:list|float|int)' and 'list'"),
    Slip("self-left-out", r"NameError: name '(\w+)' is not defined", shape.reads_without_self),
    Slip("numpy-not-named", r"NameError: name '(\w+)' is not defined", shape.calls_of_numpy),
    Slip("size-without-name", "Error", shape.splits_number),
    Slip("different-lengths", r"inconsistent numbers of samples"),
    Slip("unknown-argument", "got an unexpected keyword argument"),
    Slip("number-of-arguments", r"(?:(\w+)\.)?(\w+)\(\) (?:takes|missing).* positional argument",
         blames=shape.def_without_self),
    Slip("overwritten-in-loop", "IndexError|ValueError", shape.overwrites_in_loop),
    Slip("shapes-do-not-fit", "not aligned|matmul: the shapes do not fit"),
    Slip("format-does-not-fit", "[Ii]nvalid format specifier|Unknown format code|unsupported format string"),
    Slip("arrays-do-not-fit", "could not be broadcast"),
    Slip("local-for-attribute", r"self\.(\w+) is never set", shape.binds_local),
    Slip("local-for-attribute", r"object has no attribute '(\w+)'", shape.binds_local, shape.bind_attribute),
    Slip("attribute-misspelt", r"self\.(\w+) is never set", shape.binds_similar),
    Slip("method-without-call", _UNCALLED, shape.is_uncalled, feeds=True),
    Slip("shape-for-count", r"gives an array of shape \(\d+,\)", shape.divides_by_shape),
    Slip("mean-for-shape", r"self\.weight is ", shape.has_no_size),
)  # fmt: skip

#: Whatever stands at the line that is reported.
ANY = Slip.__dataclass_fields__["shows"].default

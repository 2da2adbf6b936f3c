"""Functions that Numba lacks: arrays at an address, SciPy's matrix product, and 128-bit multiplication.

Kernels get one table with the address of every array. So they are compiled once for each dtype, whatever the depth of
the network. The argument ``one``, a 1 of the network's dtype, tells a kernel which dtype that is.
"""

# Numba calls the functions of this file with its own objects, which have no types.
# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc, untyped-decorator"

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import carray, types
from numba.core import cgutils
from numba.extending import get_cython_function_address, intrinsic

from glasswork.engine.compiled.compiling import kernel

#: With so few rows, BLAS would spend most of its time packing the weights, so a product is computed row by row.
FEW_ROWS = 2


@intrinsic
def same(typingctx, value, like):
    """Return a number in the dtype of another one: ``same(0.5, x)``; a constant costs nothing."""

    def generate(context, builder, signature, arguments):
        return context.cast(builder, arguments[0], signature.args[0], signature.return_type)

    return like(value, like), generate


@intrinsic
def _pointer(typingctx, address, offset, like):
    """Return a pointer to the element ``offset`` of the array of the dtype of ``like`` that starts at an address."""
    pointer = types.CPointer(like)
    size = like.size if isinstance(like, types.Record) else like.bitwidth // 8

    def generate(context, builder, signature, arguments):
        before = builder.mul(arguments[1], ir.Constant(ir.IntType(64), size))
        return builder.inttoptr(builder.add(arguments[0], before), context.get_value_type(pointer))

    return pointer(types.int64, types.int64, like), generate


@intrinsic
def size_of(typingctx, like):
    """Return the bytes of a number."""
    size = like.bitwidth // 8
    return types.int64(like), lambda context, builder, signature, arguments: ir.Constant(ir.IntType(64), size)


@kernel
def vector(address: int, begin: int, end: int, like: Any) -> Any:
    """Return the numbers ``begin`` to ``end`` of the array at an address; its dtype is that of ``like``."""
    return carray(_pointer(address, begin, like), end - begin)


@kernel
def matrix(address: int, begin: int, end: int, columns: int, like: Any) -> Any:
    """Return the rows ``begin`` to ``end`` of the array ``(..., columns)`` at an address."""
    return carray(_pointer(address, begin * columns, like), (end - begin, columns))


@intrinsic
def call(typingctx, function, argument, thread):
    """Call the compiled function at an address with two integers."""

    def generate(context, builder, signature, arguments):
        address, *passed = arguments
        kind = ir.FunctionType(ir.VoidType(), [value.type for value in passed])
        builder.call(builder.inttoptr(address, kind.as_pointer()), passed)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@intrinsic
def high_product(typingctx, a, b):
    """Return the upper 64 bits of the 128-bit product of two unsigned 64-bit numbers."""

    def generate(context, builder, signature, arguments):
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(arguments[0], wide), builder.zext(arguments[1], wide))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), generate


def gemm_address(dtype: Any) -> int:
    """Return the address of SciPy's matrix product for float32 or float64."""
    name = {"float32": "sgemm", "float64": "dgemm"}[str(dtype)]
    return int(get_cython_function_address("scipy.linalg.cython_blas", name))


@intrinsic
def _gemm(typingctx, address, transpose_a, transpose_b, m, n, k, a, lda, b, ldb, adds, c, ldc):
    """Call BLAS: ``c = a b`` for column-major matrices, (m, n) = (m, k) (k, n); either factor may be transposed.

    With ``adds``, ``c ← c + a b``.
    """
    signature = types.void(*[types.int64] * 6, a, types.int64, b, types.int64, types.int64, c, types.int64)

    def generate(context, builder, signature, arguments):
        real, char, whole = context.get_value_type(a.dtype), ir.IntType(8), ir.IntType(32)

        def choice(flag, kind, yes, no):
            is_set = builder.icmp_signed("!=", flag, ir.Constant(flag.type, 0))
            return spill(builder.select(is_set, ir.Constant(kind, yes), ir.Constant(kind, no)))

        def letter(transposed):
            return choice(transposed, char, ord("T"), ord("N"))

        def spill(value):  # BLAS takes all arguments by reference
            return cgutils.alloca_once_value(builder, value)

        def integer(value):
            return spill(builder.trunc(value, whole))

        def data(kind, value):
            return context.make_array(kind)(context, builder, value).data

        address, ta, tb, m, n, k, a_, lda, b_, ldb, adds, c_, ldc = arguments
        passed = [
            letter(ta), letter(tb), integer(m), integer(n), integer(k), spill(ir.Constant(real, 1.0)), data(a, a_),
            integer(lda), data(b, b_), integer(ldb), choice(adds, real, 1.0, 0.0), data(c, c_), integer(ldc),
        ]  # fmt: skip
        function = ir.FunctionType(ir.VoidType(), [value.type for value in passed])
        builder.call(builder.inttoptr(address, function.as_pointer()), passed)
        return context.get_dummy_value()

    return signature, generate


@kernel
def add_multiple(out: Any, values: Any, factor: Any) -> None:
    """``out ← out + factor values``."""
    for j in range(out.size):
        out[j] += factor * values[j]


@kernel
def add_product(gemm: int, x: Any, w: Any, left: int, right: int, out: Any) -> None:
    """``out ← out + x @ w``, columns ``left`` to ``right``: (rows, n) = (rows, k) (k, n)."""
    rows, k = x.shape
    n = w.shape[1]
    if rows > FEW_ROWS:
        if right > left:
            _gemm(gemm, 0, 0, right - left, rows, k, w[:, left:], n, x, k, 1, out[:, left:], n)
        return
    for i in range(rows):
        row = out[i, left:right]
        for p in range(k):
            add_multiple(row, w[p, left:right], x[i, p])


@kernel
def times_transposed(gemm: int, d: Any, w: Any, left: int, right: int, out: Any) -> None:
    """``out = d @ w.T``, columns ``left`` to ``right``: (rows, k) = (rows, n) (n, k)."""
    rows, n = d.shape
    k = w.shape[0]
    if rows > 0 and right > left:
        _gemm(gemm, 1, 0, right - left, rows, n, w[left:], n, d, n, 0, out[:, left:], k)


@kernel
def transposed_times(gemm: int, x: Any, begin: int, end: int, d: Any, out: Any) -> None:
    """``out = x[:, begin:end].T @ d``: (end - begin, n) = (end - begin, rows) (rows, n)."""
    rows, k = x.shape
    n = d.shape[1]
    _gemm(gemm, 0, 1, n, end - begin, rows, d, n, x[:, begin:], k, 0, out, n)

"""llvmlite: the text of a module in, addresses of machine code out."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import sys
import threading
from typing import Any

from .operations import LIBRARY_NAMES

_lock = threading.Lock()  # LLVM's compiler is not for two threads at once; what it makes is


class Machine:
    """Compiled functions; they live as long as this object.

    ``effort``   2: optimised.  1: instructions are selected and registers allocated, and that is all: long
                 straight-line code, already free of repetition, gains nothing from LLVM's passes (measured).
                 0: the same in half the time, for code that runs a tenth slower on numbers, several times on vectors.
    """

    def __init__(self, text: str, effort: int = 2) -> None:
        import llvmlite.binding as llvm

        with _lock:
            target = _target(effort)
            module = llvm.parse_assembly(text)
            module.triple = llvm.get_process_triple()
            if effort == 2:
                _improve(module)
            self._engine = llvm.create_mcjit_compiler(module, target)
            self._engine.finalize_object()

    def address(self, name: str) -> int:
        return int(self._engine.get_function_address(name))


def _improve(module: Any) -> None:
    """The few passes that pay.

    LLVM's own pipeline for speed takes three times as long and makes the epoch of a small network slower, up
    to twice, because it packs scalars into vectors and unpacks them again (measured).
    """
    passes, builder = _passes()
    passes.run(module, builder)


@functools.cache
def _passes() -> tuple[Any, Any]:
    """The pass manager and what it runs with, made once: LLVM keeps some 27 KB of every one that is made (measured)."""
    import llvmlite.binding as llvm

    passes = llvm.create_new_module_pass_manager()
    passes.add_always_inliner_pass()
    passes.add_simplify_cfg_pass()
    passes.add_instruction_combine_pass()
    passes.add_reassociate_pass()
    passes.add_instruction_combine_pass()
    return passes, llvm.create_pass_builder(_target(2), llvm.create_pipeline_tuning_options(speed_level=2))


def available() -> bool:
    """Whether llvmlite can be imported, with an LLVM that reads what is written here (19 or later)."""
    try:
        import llvmlite.binding as llvm
    except ImportError:
        return False
    return int(llvm.llvm_version_info[0]) >= 19


@functools.cache
def lanes() -> int:
    """How many doubles a vector register of this machine holds."""
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    return 8 if features.get("avx512f") else 4 if features.get("avx") else 2


def _target(level: int) -> Any:
    import llvmlite.binding as llvm

    _prepare()
    return llvm.Target.from_default_triple().create_target_machine(
        opt=level, cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), jit=True
    )


@functools.cache
def _prepare() -> None:
    """Once a process: the native target, and the C library's functions by name."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    library = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
    if not hasattr(library, "erf"):  # an interpreter that does not link the mathematical library itself
        library = ctypes.CDLL(ctypes.util.find_library("m"))
    for name in LIBRARY_NAMES:
        llvm.add_symbol(name, ctypes.cast(getattr(library, name), ctypes.c_void_p).value)

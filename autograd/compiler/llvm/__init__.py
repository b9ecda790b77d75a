"""The LLVM back end: programs as machine code, one row at a time or several rows in vector lanes.

code.py         text of one function, one instruction after the other
mathematics.py  exp, log, tanh, sin, cos in arithmetic, for any number of lanes
operations.py   every primitive that is not written out in others
kernels.py      a program as functions: a call, a map, a sum, a fold
engine.py       the only file that needs llvmlite: text in, addresses out
"""

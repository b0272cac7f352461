"""The compiled part: pure functions from packed bytes and numbers to packed bytes and numbers.

Importing a module of this package imports numba where it is installed; use the functions of
`processing.windows`, which import it on first use.
"""

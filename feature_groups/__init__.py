"""What a feature is: declarations from which schemas, engines, stores and documentation derive.

Imports nothing but the standard library and numpy, so that every engine can carry it.
"""

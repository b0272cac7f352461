"""The demonstration: real transactions through the whole platform, on the laptop's cloud.

Each phase is one file with one function that takes the `Run`; `phases.py` puts them in order.
"""

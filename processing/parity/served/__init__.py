"""Parity of what was served: the endpoint's own record of its features against the batch.

    model-predictions --> decisions --+
    lake, labels, late, profiles -----+--> compare --> equal | late, with witnesses | mismatch

A decision sees what had arrived, been applied and been written when it read its records; the batch sees
everything. Where the two differ, `explain` looks for the inputs that the decision lacked, and believes it
only if leaving out exactly these gives what was served, bit for bit.
"""

from __future__ import annotations

from processing.parity.served.compare import compare_served
from processing.parity.served.decisions import Decision, decode_decision
from processing.parity.served.inputs import Inputs
from processing.parity.served.report import ServedParity
from processing.parity.served.witness import Witness

__all__ = ["Decision", "Inputs", "ServedParity", "Witness", "compare_served", "decode_decision"]

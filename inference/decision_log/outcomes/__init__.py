"""What decisions were worth, once it is known what was fraud.

decisions --+
labels -----+--> join --> measure, with a cost matrix --> report
"""

from __future__ import annotations

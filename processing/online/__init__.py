"""Online stores beside the Feature Store: one packed value per entity, in Redis or in LMDB.

What writes them is here, beside the stream that uses it; `inference.stores` reads.
"""

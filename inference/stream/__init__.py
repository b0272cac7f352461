"""Decisions on the stream: the consumer's transactions, decided with the features it has just computed.

    records -> consumer (decode, validate, deduplicate, windows) -> decider process (score, explain, decide)

Nobody asks and waits here; what the endpoint would have answered is in the log of decisions.
"""

"""CloudFormation that applies every property it accepts, or refuses the template by name.

moto parses requests and writes responses; the engine, the resource types and the state are the
mirror's own, because moto's engine skips what it does not know and cannot roll back.
"""

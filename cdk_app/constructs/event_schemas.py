"""The Avro schemas of the streams in a Glue Schema Registry, every released version of them (I2)."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_app.nag import acknowledge
from feature_groups.names import Names
from processing.schemas import SCHEMAS, definition, history
from processing.schemas.registry import registry_name

COMPATIBILITY = "BACKWARD_ALL"
"""A stream keeps records of several versions: the newest schema has to read every one of them."""


class EventSchemas(Construct):
    """A registry, and one schema for each kind of record.

    ``self.readers`` is for roles that read Avro from a stream, ``self.writers`` for those that put it there.
    Versions are registered by deployments only.
    """

    def __init__(self, scope: Construct, construct_id: str, *, names: Names, removal: RemovalPolicy) -> None:
        super().__init__(scope, construct_id)
        self._removal = removal
        self.registry = glue.CfnRegistry(
            self,
            "Registry",
            name=registry_name(names.prefix),
            description="Schemas of the event streams",
        )
        self.registry.apply_removal_policy(removal)
        self.schemas = {name: self._schema(name) for name in SCHEMAS}
        self.readers = self._policy(
            "Readers",
            f"{names.prefix}-schema-readers",
            "Reads the schemas that records name",
            # By the version's id, which tells neither schema nor registry: IAM knows no resource for it.
            iam.PolicyStatement(actions=["glue:GetSchemaVersion"], resources=["*"]),
        )
        acknowledge(
            self.readers,
            {"AwsSolutions-IAM5[Resource::*]": "GetSchemaVersion by id knows no resources."},
        )
        arns = [self.registry.attr_arn, *(schema.attr_arn for schema in self.schemas.values())]
        self.writers = self._policy(
            "Writers",
            f"{names.prefix}-schema-writers",
            "Finds the ids of the schemas that records are written with",
            iam.PolicyStatement(actions=["glue:GetSchemaByDefinition"], resources=arns),
        )

    def _schema(self, name: str) -> glue.CfnSchema:
        """The first version is the schema; every later one follows the one before it."""
        first, *later = (definition(version) for version in history(name))
        schema = glue.CfnSchema(
            self,
            name,
            name=name,
            registry=glue.CfnSchema.RegistryProperty(arn=self.registry.attr_arn),
            data_format="AVRO",
            compatibility=COMPATIBILITY,
            schema_definition=first,
        )
        schema.apply_removal_policy(self._removal)
        before: glue.CfnSchema | glue.CfnSchemaVersion = schema
        for number, text in enumerate(later, 2):
            version = glue.CfnSchemaVersion(
                self,
                f"{name}-v{number}",
                schema=glue.CfnSchemaVersion.SchemaProperty(schema_arn=schema.attr_arn),
                schema_definition=text,
            )
            version.apply_removal_policy(self._removal)
            version.add_dependency(before)
            before = version
        return schema

    def _policy(
        self, construct_id: str, name: str, description: str, statement: iam.PolicyStatement
    ) -> iam.ManagedPolicy:
        return iam.ManagedPolicy(
            self, construct_id, managed_policy_name=name, description=description, statements=[statement]
        )

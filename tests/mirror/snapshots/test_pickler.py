"""A snapshot of moto, read back in a new process, answers as the original did."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import boto3
from moto import mock_aws

from mirror.snapshots.service import Snapshots

REGION = "us-east-1"


def _fill() -> None:
    s3 = boto3.client("s3", REGION)
    s3.create_bucket(Bucket="lake")
    s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="lake", Key="a/b", Body=b"first")
    s3.put_object(Bucket="lake", Key="a/b", Body=b"second")
    boto3.client("sqs", REGION).create_queue(QueueName="queue")
    boto3.client("ssm", REGION).put_parameter(Name="/a", Value="b", Type="String")
    boto3.client("kms", REGION).create_key()
    boto3.client("ecr", REGION).create_repository(repositoryName="images")
    boto3.client("dynamodb", REGION).create_table(
        TableName="table",
        KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    role = boto3.client("iam", REGION).create_role(RoleName="role", AssumeRolePolicyDocument="{}")
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("a.py", "def handler(event, context): return event")
    boto3.client("lambda", REGION).create_function(
        FunctionName="function",
        Runtime="python3.12",
        Role=role["Role"]["Arn"],
        Handler="a.handler",
        Code={"ZipFile": code.getvalue()},
    )
    boto3.client("cloudformation", REGION).create_stack(
        StackName="stack", TemplateBody=json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    )


_READ_BACK = """
    import json, sys
    from pathlib import Path
    import boto3
    from moto import mock_aws
    from mirror.snapshots.service import Snapshots

    mock_aws(config={"lambda": {"use_docker": False}}).start()
    Snapshots(Path(sys.argv[1])).start()
    client = lambda service: boto3.client(service, "us-east-1")
    s3 = client("s3")
    s3.put_object(Bucket="lake", Key="new", Body=b"third")
    print(json.dumps({
        "versions": sorted(
            s3.get_object(Bucket="lake", Key="a/b", VersionId=v["VersionId"])["Body"].read().decode()
            for v in s3.list_object_versions(Bucket="lake", Prefix="a/")["Versions"]
        ),
        "etag": s3.head_object(Bucket="lake", Key="a/b")["ETag"],
        "queues": len(client("sqs").list_queues()["QueueUrls"]),
        "parameter": client("ssm").get_parameter(Name="/a")["Parameter"]["Value"],
        "keys": len(client("kms").list_keys()["Keys"]),
        "repositories": len(client("ecr").describe_repositories()["repositories"]),
        "tables": client("dynamodb").list_tables()["TableNames"],
        "functions": [f["FunctionName"] for f in client("lambda").list_functions()["Functions"]],
        "topics": len(client("sns").list_topics()["Topics"]),
        "resources": [
            r["ResourceType"]
            for r in client("cloudformation").describe_stack_resources(StackName="stack")["StackResources"]
        ],
    }))
    client("cloudformation").delete_stack(StackName="stack")
    assert client("sns").list_topics()["Topics"] == [], "a restored stack must delete restored resources"
"""


def test_a_new_process_continues_where_the_old_one_stopped(tmp_path: Path) -> None:
    with mock_aws(config={"lambda": {"use_docker": False}}):
        _fill()
        etag = boto3.client("s3", REGION).head_object(Bucket="lake", Key="a/b")["ETag"]
        snapshots = Snapshots(tmp_path)
        snapshots.write()
        snapshots.write()  # a second snapshot refers to the bodies of the first

    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_READ_BACK), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "versions": ["first", "second"],
        "etag": etag,
        "queues": 1,
        "parameter": "b",
        "keys": 1,
        "repositories": 1,
        "tables": ["table"],
        "functions": ["function"],
        "topics": 1,
        "resources": ["AWS::SNS::Topic"],
    }


def test_bodies_of_deleted_objects_are_released(tmp_path: Path) -> None:
    with mock_aws():
        s3 = boto3.client("s3", REGION)
        s3.create_bucket(Bucket="lake")
        s3.put_object(Bucket="lake", Key="a", Body=b"body")
        snapshots = Snapshots(tmp_path)
        snapshots.write()
        assert snapshots._blobs._env.stat()["entries"] == 1
        s3.delete_object(Bucket="lake", Key="a")
        snapshots.write()
        assert snapshots._blobs._env.stat()["entries"] == 0

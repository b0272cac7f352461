"""The mirror as a process: start, health, routing, errors, stop."""

from __future__ import annotations

import http.client
import io
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.mirror.conftest import StartMirror
from tests.mirror.running import RunningMirror, free_port

pytestmark = pytest.mark.slow


def serve(port: int, state_dir: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mirror.server", "--port", str(port), "--state-dir", str(state_dir)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_health_tells_who_serves(mirror: RunningMirror) -> None:
    assert mirror.process is not None
    health = mirror.health()
    assert health["status"] == "ready"
    assert health["pid"] == mirror.process.pid
    assert health["port"] == mirror.port
    assert set(health["areas"].values()) == {"running"}


def test_a_taken_port_and_a_state_directory_in_use_name_the_fix(
    mirror: RunningMirror, tmp_path: Path
) -> None:
    taken = serve(mirror.port, tmp_path)
    assert taken.returncode == 1
    assert f"port {mirror.port} is taken" in taken.stderr
    assert "--port" in taken.stderr
    used = serve(free_port(), mirror.state_dir)
    assert used.returncode == 1
    assert "in use by the mirror with pid" in used.stderr
    assert "--state-dir" in used.stderr


def test_web_pages_of_other_sites_are_refused(mirror: RunningMirror) -> None:
    def answer(origin: str) -> tuple[int, str]:
        request = urllib.request.Request(
            f"{mirror.endpoint_url}/lake", b"a=b", {"Origin": origin, "Content-Type": "text/plain"}
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    for foreign in ("https://evil.example", "null", "http://127.0.0.1.evil.example"):
        status, body = answer(foreign)
        assert status == 403
        assert foreign in body
    assert "another web site" not in answer(f"http://localhost:{mirror.port}")[1]


def test_names_that_others_own_are_refused(mirror: RunningMirror) -> None:
    def answer(host: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", mirror.port, timeout=5)
        connection.request("GET", "/_fraudline/health", headers={"Host": host})
        response = connection.getresponse()
        found = response.status, response.read().decode()
        connection.close()
        return found

    for foreign in ("evil.example", f"127.0.0.1.evil.example:{mirror.port}", "notlocalhost", "localhost:1@x"):
        status, body = answer(foreign)
        assert status == 403
        assert f"Host: {foreign} is not this machine; use 127.0.0.1" in body
    own = (
        "127.0.0.1",
        f"127.0.0.1:{mirror.port}",
        "LocalHost:1",
        "[::1]",
        "[::1]:4566",
        "lake.s3.localhost:80",
    )
    assert {host: answer(host)[0] for host in own} == dict.fromkeys(own, 200)


def test_sigterm_ends_with_exit_code_0(start_mirror: StartMirror) -> None:
    mirror = start_mirror()
    assert mirror.stop() == 0
    mirror.start()
    assert mirror.stop() == 0


def test_moto_serves_what_is_not_ours(mirror: RunningMirror) -> None:
    s3 = mirror.client("s3")
    s3.create_bucket(Bucket="plain")
    key = "a b/ü+%2F.txt"
    s3.put_object(Bucket="plain", Key=key, Body=b"x" * 100_000, Metadata={"my_key": "v"})
    found = s3.get_object(Bucket="plain", Key=key)
    assert found["Body"].read() == b"x" * 100_000
    assert found["Metadata"] == {"my_key": "v"}
    assert s3.head_object(Bucket="plain", Key=key)["ContentLength"] == 100_000
    s3.upload_fileobj(io.BytesIO(b"z" * 9_000_000), "plain", "large")
    assert s3.head_object(Bucket="plain", Key="large")["ContentLength"] == 9_000_000
    assert mirror.client("sts").get_caller_identity()["Account"] == mirror.account
    queue = mirror.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    mirror.client("sqs").send_message(QueueUrl=queue, MessageBody="hello")
    assert mirror.client("sqs").receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "hello"
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket="plain", Key="absent")


def test_what_nobody_implements_is_an_error_that_names_itself(mirror: RunningMirror) -> None:
    with pytest.raises(ClientError, match=r"NotImplemented.*sagemaker\.CreateProject"):
        mirror.client("sagemaker").create_project(
            ProjectName="x", ServiceCatalogProvisioningDetails={"ProductId": "p"}
        )


def test_regions_are_separate(mirror: RunningMirror) -> None:
    mirror.client("kinesis", "eu-west-1").create_stream(StreamName="there", ShardCount=1)
    assert "there" not in mirror.client("kinesis", "us-east-1").list_streams()["StreamNames"]
    arn = mirror.client("kinesis", "eu-west-1").describe_stream(StreamName="there")["StreamDescription"]
    assert arn["StreamARN"].startswith("arn:aws:kinesis:eu-west-1:")


def test_parallel_calls_to_moto_do_not_disturb_each_other(mirror: RunningMirror) -> None:
    s3 = mirror.client("s3")
    s3.create_bucket(Bucket="busy")

    def put(number: int) -> bytes:
        s3.put_object(Bucket="busy", Key=f"k{number}", Body=str(number).encode())
        body: bytes = s3.get_object(Bucket="busy", Key=f"k{number}")["Body"].read()
        return body

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(put, range(100))) == [str(number).encode() for number in range(100)]
    assert s3.list_objects_v2(Bucket="busy")["KeyCount"] == 100

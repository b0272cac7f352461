"""A mirror killed right after it acknowledged S3 writes has them when it is back."""

from __future__ import annotations

import pytest

from tests.mirror.conftest import StartMirror

pytestmark = pytest.mark.slow

# A round is one kill at a moment of its own: one in every run of the tests, many in the drill.
_ROUNDS = pytest.mark.parametrize("rounds", [1, pytest.param(5, marks=pytest.mark.drill)])
_PART = b"p" * (5 << 20)


@_ROUNDS
def test_acknowledged_writes_survive_sigkill(start_mirror: StartMirror, rounds: int) -> None:
    mirror = start_mirror()
    s3 = mirror.client("s3")
    for turn in range(rounds):
        bucket = f"lake-{turn}"
        s3.create_bucket(Bucket=bucket)
        for key in ("gone", "gone-1", "gone-2", "source"):
            s3.put_object(Bucket=bucket, Key=key, Body=b"old")
        s3.delete_object(Bucket=bucket, Key="gone")
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "gone-1"}, {"Key": "gone-2"}]})
        s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "source"})
        upload = s3.create_multipart_upload(Bucket=bucket, Key="large")["UploadId"]
        parts = [
            {
                "PartNumber": number,
                "ETag": s3.upload_part(
                    Bucket=bucket, Key="large", UploadId=upload, PartNumber=number, Body=body
                )["ETag"],
            }
            for number, body in ((1, _PART), (2, b"end"))
        ]
        s3.put_object(Bucket=bucket, Key="put", Body=b"new %d" % turn)
        s3.complete_multipart_upload(
            Bucket=bucket, Key="large", UploadId=upload, MultipartUpload={"Parts": parts}
        )
        mirror.kill()
        mirror.start()

        for known in range(turn + 1):
            bucket = f"lake-{known}"
            found = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
            assert found == ["copy", "large", "put", "source"]
            assert s3.get_object(Bucket=bucket, Key="put")["Body"].read() == b"new %d" % known
            assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == b"old"
            assert s3.get_object(Bucket=bucket, Key="large")["Body"].read() == _PART + b"end"
            assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


@pytest.mark.parametrize("operation", ["put", "delete"])
@_ROUNDS
def test_the_last_acknowledged_request_survives_sigkill(
    start_mirror: StartMirror, operation: str, rounds: int
) -> None:
    mirror = start_mirror()
    s3 = mirror.client("s3")
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key="kept", Body=b"kept")
    for turn in range(rounds):
        key = f"{turn}"
        s3.put_object(Bucket="lake", Key=key, Body=key.encode())
        if operation == "delete":
            s3.delete_object(Bucket="lake", Key=key)
        mirror.kill()
        mirror.start()
        found = [item["Key"] for item in s3.list_objects_v2(Bucket="lake")["Contents"]]
        written = [] if operation == "delete" else [str(number) for number in range(turn + 1)]
        assert found == [*written, "kept"]

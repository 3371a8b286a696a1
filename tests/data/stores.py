"""Servers on 127.0.0.1 that keep DVC's objects: S3, HTTP, and one that never answers."""

import contextlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEY, SECRET = "AKIATESTKEY", "t0psecret/value"
_PATIENCE_SECONDS = 60


def free_port() -> int:
    """Returns a port that nobody listened at just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def running(*command: str, port: int, cwd: Path) -> Iterator[str]:
    """Runs a server until the end and yields its address."""
    process = subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(_PATIENCE_SECONDS * 10):
            assert process.poll() is None, f"{command} ended"
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except urllib.error.HTTPError:
                break  # it answers
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(30)


@contextlib.contextmanager
def s3_server(folder: Path) -> Iterator[str]:
    """Runs an S3 server that keeps everything in memory."""
    port = free_port()
    command = (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port))
    with running(*command, port=port, cwd=folder) as url:
        yield url


@contextlib.contextmanager
def http_server(folder: Path) -> Iterator[str]:
    """Serves a folder; parts of files are not served."""
    port = free_port()
    command = (sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port))
    with running(*command, port=port, cwd=folder) as url:
        yield url


@contextlib.contextmanager
def silent_server() -> Iterator[str]:
    """Takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@dataclass(frozen=True)
class Bucket:
    """A bucket that is a DVC remote, with its objects at hand to damage."""

    url: str
    name: str

    @property
    def client(self) -> Any:
        """The client of S3."""
        import boto3

        return boto3.client(
            "s3", endpoint_url=self.url, aws_access_key_id=KEY, aws_secret_access_key=SECRET,
            region_name="us-east-1",
        )  # fmt: skip

    @property
    def settings(self) -> str:
        """What DVC's configuration says of it."""
        return (
            f"url = s3://{self.name}/data\n    endpointurl = {self.url}\n    region = us-east-1\n"
            f"    access_key_id = {KEY}\n    secret_access_key = {SECRET}\n"
        )

    def fill(self, objects: Path) -> None:
        """Makes the bucket and uploads the objects of a local remote."""
        client = self.client
        client.create_bucket(Bucket=self.name)
        for file in objects.rglob("*"):
            if file.is_file():
                key = f"data/files/md5/{file.relative_to(objects).as_posix()}"
                client.put_object(Bucket=self.name, Key=key, Body=file.read_bytes())

    def key(self, md5: str) -> str:
        """Returns the key of an object."""
        return f"data/files/md5/{md5[:2]}/{md5[2:]}"

    def write(self, md5: str, content: bytes, *, parts: bool = False) -> None:
        """Puts bytes under an object's name, as one part or the way large files are uploaded."""
        where = {"Bucket": self.name, "Key": self.key(md5)}
        if not parts:
            self.client.put_object(**where, Body=content)
            return
        upload = {**where, "UploadId": self.client.create_multipart_upload(**where)["UploadId"]}
        etag = self.client.upload_part(**upload, PartNumber=1, Body=content)["ETag"]
        listed = {"Parts": [{"ETag": etag, "PartNumber": 1}]}
        self.client.complete_multipart_upload(**upload, MultipartUpload=listed)

    def read(self, md5: str) -> bytes:
        """Returns an object's bytes."""
        content: bytes = self.client.get_object(Bucket=self.name, Key=self.key(md5))["Body"].read()
        return content

    def remove(self, md5: str) -> None:
        """Deletes an object."""
        self.client.delete_object(Bucket=self.name, Key=self.key(md5))

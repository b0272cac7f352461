"""Runs inside the child process: imports the handler, calls it, writes what it answered.

    python bootstrap.py EVENT_FILE RESULT_FILE DEADLINE_EPOCH_S

Only the standard library, because it is run by path and not as a part of the mirror.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any


class LambdaContext:
    """The second argument of a handler, as the Lambda runtime gives it."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        environ = os.environ
        self.function_name = environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.invoked_function_arn = environ["FRAUDLINE_FUNCTION_ARN"]
        self.memory_limit_in_mb = environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.aws_request_id = environ["FRAUDLINE_REQUEST_ID"]
        self.log_group_name = environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.time()) * 1000))


def main(event_file: Path, result_file: Path, deadline: float) -> int:
    # The script's own folder comes first on the path and is none of the handler's business.
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    try:
        module, _, attribute = os.environ["_HANDLER"].rpartition(".")
        handler = getattr(importlib.import_module(module.replace("/", ".")), attribute)
        answer: Any = handler(json.loads(event_file.read_text()), LambdaContext(deadline))
        result = {"payload": json.dumps(answer)}
    except BaseException as error:
        traceback.print_exc()
        frames = traceback.extract_tb(error.__traceback__)
        result = {
            "error": "Unhandled",
            "payload": json.dumps(
                {
                    "errorMessage": str(error),
                    "errorType": type(error).__name__,
                    "requestId": os.environ["FRAUDLINE_REQUEST_ID"],
                    "stackTrace": traceback.format_list(frames),
                }
            ),
        }
    temporary = result_file.with_suffix(".new")
    temporary.write_text(json.dumps(result))
    temporary.replace(result_file)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])))

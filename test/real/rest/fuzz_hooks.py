"""What a fuzz of the REST API leaves out."""

import re

import schemathesis


@schemathesis.hook
def before_call(ctx, case, kwargs):
    # The server refuses control characters before any route: bare, as Kafka Connect's does (test/integration/rest/abuse.test.ts).
    if case.path_parameters:
        case.path_parameters = {
            name: re.sub(r"[\x00-\x1f\x7f]|%[01][0-9A-F]|%7F", "_", value) if isinstance(value, str) else value
            for name, value in case.path_parameters.items()
        }

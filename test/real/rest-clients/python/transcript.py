"""What the Python programs share: what they were told, how they say a step, how they wait."""
import asyncio
import json
import sys
import time

told = json.loads(sys.argv[1])
connector = told["connector"]
config = told["config"]
invalid = {key: value for key, value in config.items() if key != "topic"}


def say(step, got):
    print(json.dumps({"step": step, "got": got}), flush=True)


async def until(ask, wanted):
    """The answer, once it is the wanted one; after 30 s whatever it is then."""
    end = time.monotonic() + 30
    while (seen := await ask()) != wanted and time.monotonic() < end:
        await asyncio.sleep(0.1)
    return seen


def states(status):
    return {"connector": status["connector"]["state"], "tasks": [task["state"] for task in status["tasks"]]}


def all_are(state):
    return {"connector": state, "tasks": [state]}

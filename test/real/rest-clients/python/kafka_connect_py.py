"""PyPI's kafka-connect-py through a connector's life: its library, and its command line for what the library's callers type."""
import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

import requests
from kafka_connect import KafkaConnect
from transcript import all_are, config, connector, invalid, say, states, told, until

auth = f"{told['user']}:{told['password']}" if told["user"] else None
connect = KafkaConnect(told["url"], auth=auth)


def refusal(call, *args):
    try:
        call(*args)
    except requests.exceptions.HTTPError as error:
        return {"status": error.response.status_code, "message": error.response.json()["message"]}
    raise AssertionError("The worker should have refused")


def kc(*args):
    command = [Path(sys.executable).with_name("kc"), "--url", told["url"], *(["--auth", auth] if auth else []), *args]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(said) if said else None


def until_states(wanted):
    async def status():
        try:
            return states(connect.get_connector_status(connector))
        except requests.exceptions.HTTPError as error:
            return error.response.status_code

    return asyncio.run(until(status, wanted))


async def topics():
    return connect.list_connector_topics(connector)[connector]["topics"]


say("server", connect.get_cluster_info()["version"])
say("plugin", next(one for one in connect.list_connector_plugins() if one["class"] == config["connector.class"]))
validated = connect.validate_connector_config(config["connector.class"], invalid)
topic = next(one["value"] for one in validated["configs"] if one["value"]["name"] == "topic")
say("validated", {"errors": validated["error_count"], "topic": topic["errors"]})
if auth:
    try:
        KafkaConnect(told["url"]).list_connectors()
    except requests.exceptions.HTTPError as error:
        say("unauthorized", error.response.status_code)
say("missing", refusal(connect.get_connector, connector))
say("invalid", refusal(connect.create_connector, {"name": connector, "config": invalid}))
created = connect.create_connector({"name": connector, "config": config})
say("created", {key: created[key] for key in ("name", "type", "config")})
say("duplicate", refusal(connect.create_connector, {"name": connector, "config": config}))
say("running", until_states(all_are("RUNNING")))
say("listed", kc("list", "--state", "running", "--pattern", re.escape(connector)))
info = connect.list_connectors(expand="info")[connector]["info"]
say("expanded", {"type": info["type"], "config": info["config"], **states(kc("list", "--expand", "status")[connector]["status"])})
say("info", connect.get_connector(connector))
say("config", connect.get_connector_config(connector))
task = connect.list_connector_tasks(connector)[0]
say("task", {**task["id"], "config": task["config"]})
task = connect.get_connector_task_status(connector, 0)
say("task status", {"id": task["id"], "state": task["state"]})
say("topics", asyncio.run(until(topics, [config["topic"]])))
connect.reset_connector_topics(connector)
say("topics reset", asyncio.run(until(topics, [])))
kc("pause", connector)
say("paused", until_states(all_are("PAUSED")))
connect.resume_connector(connector)
say("resumed", until_states(all_are("RUNNING")))
kc("restart", connector)
say("restarted", until_states(all_are("RUNNING")))
connect.restart_connector(connector, include_tasks=True, only_failed=False)
say("restarted with tasks", until_states(all_are("RUNNING")))
connect.restart_connector_task(connector, 0)
say("restarted task", until_states(all_are("RUNNING")))
connect.stop_connector(connector)
say("stopped", until_states({"connector": "STOPPED", "tasks": []}))
connect.update_connector(connector, told["changed"])
say("changed", connect.get_connector_config(connector))
connect.update_connector(connector, told["failing"])
connect.resume_connector(connector)
failed = until_states({"connector": "RUNNING", "tasks": ["FAILED"]})
tasks = connect.get_connector_status(connector)["tasks"]
say("failed", {**failed, "traced": ["ByteArrayConverter" in task["trace"] for task in tasks]})
kc("delete", connector)
say("deleted", connect.list_connectors())
say("gone", refusal(connect.get_connector_config, connector))

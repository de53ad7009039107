"""kpops' Kafka Connect part through a connector's life: its API and the handler that `kpops deploy`, `reset` and `destroy` use."""
import asyncio
from urllib.parse import quote

import pydantic
from kpops.component_handlers.kafka_connect.exception import ConnectorNotFoundException, KafkaConnectError
from kpops.component_handlers.kafka_connect.kafka_connect_api import KafkaConnect
from kpops.component_handlers.kafka_connect.kafka_connect_handler import KafkaConnectHandler
from kpops.component_handlers.kafka_connect.model import ConnectorNewState, KafkaConnectorConfig
from kpops.config import KafkaConnectConfig
from transcript import all_are, config, connector, invalid, say, states, told, until


def client(user, password):
    credentials = f"{quote(user)}:{quote(password, safe='')}@" if user else ""
    return KafkaConnect(KafkaConnectConfig(url=told["url"].replace("http://", f"http://{credentials}")))


async def refusal(call):
    try:
        await call
    except KafkaConnectError as error:
        return {"status": error.error_code, "message": error.response.json()["message"]}
    raise AssertionError("The worker should have refused")


async def is_missing(connect):
    try:
        await connect.get_connector(connector)
    except ConnectorNotFoundException:
        return True
    return False


async def main():
    connect = client(told["user"], told["password"])
    handler = KafkaConnectHandler(connect)
    wanted, changed = KafkaConnectorConfig(**config), KafkaConnectorConfig(**told["changed"])
    bad = KafkaConnectorConfig(**invalid)

    async def status():
        # Its model knows no connector that is not assigned yet.
        try:
            return states((await connect.get_connector_status(connector)).model_dump(mode="json"))
        except (pydantic.ValidationError, ConnectorNotFoundException):
            return None

    async def deployed(as_wanted, state):
        await handler.create_connector(as_wanted, state=state, dry_run=False)

    async def info():
        return (await connect.get_connector(connector)).model_dump(mode="json")

    errors = await connect.validate_connector_config(bad)
    prefix = "Found error for field topic: "
    say("validated", {"errors": len(errors), "topic": [error.removeprefix(prefix) for error in errors]})
    if told["user"]:
        try:
            await client("", "").get_connector(connector)
        except KafkaConnectError as error:
            say("unauthorized", error.error_code)
    say("absent", await is_missing(connect))
    say("invalid", await refusal(connect.create_connector(bad, ConnectorNewState.RUNNING)))
    await handler.create_connector(wanted, state=ConnectorNewState.PAUSED, dry_run=True)
    await deployed(wanted, ConnectorNewState.PAUSED)
    say("created paused", await until(status, {"connector": "PAUSED", "tasks": []}))
    await deployed(wanted, ConnectorNewState.RUNNING)
    say("running", await until(status, all_are("RUNNING")))
    say("info", await info())
    await deployed(wanted, ConnectorNewState.PAUSED)
    say("paused", await until(status, all_are("PAUSED")))
    await connect.resume_connector(connector)
    say("resumed", await until(status, all_are("RUNNING")))
    await deployed(changed, ConnectorNewState.RUNNING)
    say("changed", (await info())["config"])
    await deployed(KafkaConnectorConfig(**told["failing"]), ConnectorNewState.RUNNING)
    say("failed without trace", await until(status, {"connector": "RUNNING", "tasks": ["FAILED"]}))
    say("offsets while it runs", await refusal(connect.reset_offset(connector)))
    await handler.reset_connector(changed, dry_run=False)
    say("stopped", await until(status, {"connector": "STOPPED", "tasks": []}))
    await handler.destroy_connector(connector, dry_run=False)
    say("absent", await is_missing(connect))
    # Made, stopped, reset and deleted within one call.
    await handler.reset_connector(wanted, dry_run=False)
    say("absent", await is_missing(connect))


asyncio.run(main())

"""Confluent's Python serializers behind one JSON line in, one JSON line out.

{"op": "encode", "format": ..., "url": ..., "topic": ..., "schema": text, "references": [...], "value": ...} -> {"bytes": base64}
{"op": "decode", "format": ..., "url": ..., "topic": ..., "schema": text or null, "bytes": base64} -> {"value": ...}
Protobuf takes "imports": {path: text} beside "schema", "message" names the root message, and with "asks" the
deserializer asks the registry for the compiled schema. A failure answers {"error": text}.
"""
import base64
import importlib
import json
import sys
import tempfile
from itertools import count
from pathlib import Path

from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf.json_format import MessageToDict, ParseDict
from grpc_tools import protoc
import grpc_tools

folders = count()


def message_class(request):
    """Compiles the .proto texts and gives the class of the root message."""
    name = f"m{next(folders)}"
    folder = Path(tempfile.mkdtemp(prefix="millrace-proto-"))
    for path, text in {f"{name}.proto": request["schema"], **request.get("imports", {})}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    known = Path(grpc_tools.__file__).parent / "_proto"
    files = [f"{name}.proto", *request.get("imports", {})]
    if protoc.main(["protoc", f"-I{folder}", f"-I{known}", f"--python_out={folder}", *files]) != 0:
        raise ValueError("protoc refused the schema")
    sys.path.insert(0, str(folder))
    return getattr(importlib.import_module(f"{name}_pb2"), request["message"])


def schema_of(request):
    if request.get("schema") is None:
        return None
    references = [SchemaReference(r["name"], r["subject"], r["version"]) for r in request.get("references", [])]
    return Schema(request["schema"], request["format"], references)


def encode(request, client, context):
    form, value = request["format"], request["value"]
    if form == "AVRO":
        return AvroSerializer(client, schema_of(request))(value, context)
    if form == "JSON":
        return JSONSerializer(schema_of(request), client)(value, context)
    kind = message_class(request)
    conf = {"use.deprecated.format": False}
    return ProtobufSerializer(kind, client, conf)(ParseDict(value, kind()), context)


def decode(request, client, context):
    form, data = request["format"], base64.b64decode(request["bytes"])
    if form == "AVRO":
        return AvroDeserializer(client, schema_of(request))(data, context)
    if form == "JSON":
        return JSONDeserializer(schema_of(request), schema_registry_client=client)(data, context)
    conf = {"use.deprecated.format": False}
    asked = client if request.get("asks") else None
    message = ProtobufDeserializer(message_class(request), conf, asked)(data, context)
    return MessageToDict(message, preserving_proto_field_name=True)


def answer(request):
    client = SchemaRegistryClient({"url": request["url"]})
    context = SerializationContext(request["topic"], MessageField.VALUE)
    if request["op"] == "encode":
        return {"bytes": base64.b64encode(encode(request, client, context)).decode()}
    return {"value": decode(request, client, context)}


for line in sys.stdin:
    try:
        reply = answer(json.loads(line))
    except Exception as error:  # the test shows it
        reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply, default=str), flush=True)

"""What ``glasswork serve`` says about itself: the network, and the interface as an OpenAPI document."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from glasswork.errors import FileError
from glasswork.models.committee import Committee
from glasswork.models.loaded import ModelFile
from glasswork.runs.folder import RunFolder
from glasswork.version import __version__
from glasswork.web.question import Pictures


class Health(msgspec.Struct, frozen=True):
    """That the server is there."""

    status: str
    version: str


class Refusal(msgspec.Struct, frozen=True):
    """Why a request was refused."""

    error: Annotated[str, Meta(description="one sentence: what was expected, what came, what to do")]


class ModelDescription(msgspec.Struct, frozen=True, kw_only=True):
    """A network, for programs that ask it."""

    name: Annotated[str, Meta(description="the run's, or the model file's")]
    network: Annotated[str, Meta(description="its widths")]
    layers: list[str]
    parameters: int
    classes: list[str]
    takes: Annotated[str, Meta(description="what it was trained on, in words")]
    kind: Annotated[str, Meta(description="pixels or features")]
    features: Annotated[int, Meta(description="numbers in a row")]
    shape: Annotated[list[int] | None, Meta(description="of an image: height, width, and 3 in colour")]
    columns: Annotated[list[str] | None, Meta(description="of a table of features, in order")]
    members: Annotated[list[str], Meta(description="of a committee")]
    knows_strange_images: Annotated[bool, Meta(description="whether unlike and strangeness are known")]
    test_accuracy: Annotated[float | None, Meta(description="in percent, of the finished run")]


class DigitEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An answer about one image, or one digit of a picture; docs/lookup/data.md explains each key."""

    position: int
    label: str
    confidence: float
    agreement: float | None
    unlike: bool | None
    strangeness: float | None
    resembles: str | None
    box: list[int] | None
    probabilities: Annotated[list[float], Meta(description="in the order of the classes of /model")]
    digit: int = 0


class Entry(DigitEntry, frozen=True, kw_only=True):
    """An answer about one image."""

    item: str | None
    file: str
    row: int
    digits: Annotated[list[DigitEntry], Meta(description="all digits of a picture, in reading order")] = []
    note: Annotated[str, Meta(description="where a picture has several digits: that label is the first of them")] = ""


def describe(run: Path, read: ModelFile) -> ModelDescription:
    """Return the description of the network of a run, or of a model file; it holds no path of this machine."""
    model, inputs = read.model, read.like
    committee = isinstance(model, Committee)
    accuracy = None
    with suppress(FileError):  # a model file has no result, and the network answers even if the result is damaged
        accuracy = RunFolder(run).result().test_accuracy
        accuracy = None if accuracy is None else round(accuracy, 6)
    return ModelDescription(
        name=run.resolve().name,
        network=str(model),
        layers=[] if committee else [str(layer) for layer in model.layers],
        parameters=sum(parameter.size for parameter in model.parameters()),
        classes=list(read.classes),
        takes=str(inputs),
        kind=str(inputs.kind),
        features=model.in_features,
        shape=None if read.takes_features or read.image_shape is None else list(read.image_shape),
        columns=None if inputs.columns is None else list(inputs.columns),
        members=list(model.names) if isinstance(model, Committee) else [],
        knows_strange_images=read.reference is not None,
        test_accuracy=accuracy,
    )


def document(described: ModelDescription) -> dict[str, Any]:
    """Return the interface of a server as an OpenAPI document, for the network that it serves."""
    types = [Health, ModelDescription, Entry, Refusal, Pictures]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    health, model, entry, refusal, pictures = schemas
    row = {"type": "array", "items": {"type": "number"}, "minItems": described.features, "maxItems": described.features}
    numbers = {"description": "raw numbers, as docs/lookup/data.md describes them: one row, or several"}
    asked = {"oneOf": [{**row, **numbers}, {"type": "array", "items": row, "minItems": 1}]}
    bodies: dict[str, Any] = {"application/json": {"schema": asked}}
    if described.kind == "pixels":
        asked["oneOf"].append(pictures)
        bodies["image/*"] = {"schema": {"type": "string", "format": "binary"}}
    answers = {"type": "array", "items": {"anyOf": [entry, refusal]}}
    why = {
        "408": "The body did not arrive in time.",
        "413": "The body, or the number of images, is too large.",
        "415": "The content type is neither a picture's nor JSON's.",
        "422": "The body is not what it should be, or nothing in it could be read.",
        "503": "Too many requests are waiting.",
    }
    refusals = {status: _response(text, refusal) for status, text in why.items()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"glasswork: {described.name}",
            "version": __version__,
            "description": f"{described.network}, trained on {described.takes}.",
        },
        "paths": {
            "/predict": {
                "post": {
                    "operationId": "predict",
                    "summary": "Ask the network about a picture, or about numbers: one image or many",
                    "requestBody": {"required": True, "content": bodies},
                    "responses": {"200": _response("An entry for each image.", answers), **refusals},
                }
            },
            "/health": {"get": _getter("health", "Whether the server is there", health)},
            "/model": {"get": _getter("model", "What the network is", model)},
            "/openapi.json": {"get": _getter("openapi", "This document", {"type": "object"})},
        },
        "components": {"schemas": components},
    }


def _getter(name: str, summary: str, schema: Any) -> dict[str, Any]:
    return {"operationId": name, "summary": summary, "responses": {"200": _response(f"{summary}.", schema)}}


def _response(description: str, schema: Any) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}

"""The Open Inference Protocol v2 over HTTP, for one version: a Starlette application around a predictor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mlops_nb import __version__
from mlops_nb.errors import InvalidInput, MlopsError, NotFound, brief, nearest
from mlops_nb.registry.predictor import ModelFailure, Predictor
from mlops_nb.serving import protocol

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

BODY_LIMIT = 64 * 2**20
# From here on decoding and predicting take long enough to leave the event loop for.
_LARGE_BODY = 256 * 2**10
_JSON = "application/json"


class TooLarge(MlopsError):  # noqa: N818
    """The body is longer than the server reads."""


class Service:
    """One version under the name of its deployment.

    Args:
        name: The deployment's name: the model's name in the protocol.
        version: The version's number.
        predictor: Answers.
        limit: The longest body, bytes.
        platform: What kind of file the model is, as the protocol names it: library and format.
    """

    def __init__(
        self, name: str, version: int, predictor: Predictor, limit: int = BODY_LIMIT, platform: str = "sklearn_skops"
    ) -> None:
        self.name, self.version, self.predictor, self.limit = name, str(version), predictor, limit
        self.platform = platform

    def metadata(self) -> dict[str, Any]:
        """The model's metadata: what it takes and gives."""
        public = ("name", "datatype", "shape")
        return {
            "name": self.name,
            "versions": [self.version],
            "platform": self.platform,
            "inputs": [{key: one[key] for key in public} for one in self.predictor.inputs],
            "outputs": [_public_output(one) for one in self.predictor.outputs],
        }

    def infer(self, body: bytes) -> bytes:
        """The answer to the body of `infer`.

        Raises:
            InvalidInput: The body is not what this version takes.
            ModelFailure: The model failed.
        """
        request = protocol.infer_request(body)
        wanted = self.predictor.wanted([one.name for one in request.outputs or ()])
        cast = self.predictor.cast(protocol.inputs_of(request, self.predictor.named))
        found = self.predictor.predict(cast, wanted)
        answer: dict[str, Any] = {"model_name": self.name, "model_version": self.version}
        if request.id is not None:
            answer["id"] = request.id
        answer["outputs"] = [protocol.output(name, array) for name, array in found.items()]
        return protocol.encode(answer)

    def rows(self, body: bytes) -> bytes:
        """The answer to the body of `/predict`: each output as one value a row.

        Raises:
            InvalidInput: The body is not what this version takes.
            ModelFailure: The model failed.
        """
        rows = protocol.rows_request(body).rows
        if not rows:
            raise InvalidInput("there are no rows", expected="at least one")
        found = self.predictor.predict(self.predictor.cast(_columns(rows) if self.predictor.named else rows))
        answer = {"model_name": self.name, "model_version": self.version}
        return protocol.encode({**answer, **{name: array.tolist() for name, array in found.items()}})


def _public_output(one: dict[str, Any]) -> dict[str, Any]:
    public = {key: one[key] for key in ("name", "datatype", "shape")}
    return {**public, "parameters": {"classes": one["classes"]}} if "classes" in one else public


def _columns(rows: list[Any]) -> dict[str, list[Any]]:
    names: dict[str, None] = {}
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise InvalidInput(f"row {number} is no object", expected="columns by name in each row")
        names.update(dict.fromkeys(row))
    return {name: [row.get(name) for row in rows] for name in names}


def app(service: Service) -> Starlette:
    """The application: all routes of the protocol, and `POST /predict` with plain rows."""
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.routing import Route

    async def alive(request: Request) -> Response:
        return _answer(200)

    async def ready(request: Request) -> Response:
        _check(service, request)
        return _answer(200)

    async def server(request: Request) -> Response:
        return _answer(200, {"name": "mlops_nb", "version": __version__, "extensions": []})

    async def metadata(request: Request) -> Response:
        _check(service, request)
        return _answer(200, service.metadata())

    async def infer(request: Request) -> Response:
        _check(service, request)
        return await _respond(service, request, service.infer)

    async def predict(request: Request) -> Response:
        return await _respond(service, request, service.rows)

    model = "/v2/models/{model}"
    routes = [Route(f"{model}/infer", infer, methods=["POST"]), Route("/predict", predict, methods=["POST"])]
    routes += [Route(f"{model}/versions/{{version}}/infer", infer, methods=["POST"])]
    routes += [Route(path, alive) for path in ("/v2/health/live", "/v2/health/ready")]
    routes += [Route(f"{model}{part}/ready", ready) for part in ("", "/versions/{version}")]
    routes += [Route(f"{model}{part}", metadata) for part in ("", "/versions/{version}")]
    routes += [Route("/v2", server)]
    handlers: dict[Any, Any] = {MlopsError: _refused, HTTPException: _http, Exception: _failed}
    return Starlette(routes=routes, exception_handlers=handlers)


def _check(service: Service, request: Request) -> None:
    model, version = request.path_params["model"], request.path_params.get("version", service.version)
    if model != service.name:
        near = nearest(model, [service.name])
        raise NotFound(f"no model {brief(model)} here", expected=brief(service.name), nearest=near)
    if version != service.version:
        raise NotFound(f"{brief(model)} has no version {brief(version)} here", expected=service.version)


async def _respond(service: Service, request: Request, answer: Callable[[bytes], bytes]) -> Response:
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import Response

    body = await _body(request, service.limit)
    content = await run_in_threadpool(answer, body) if len(body) > _LARGE_BODY else answer(body)
    return Response(content, media_type=_JSON)


async def _body(request: Request, limit: int) -> bytes:
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > limit:
        raise TooLarge(f"the body has {stated} bytes", expected=f"at most {limit}", fix="send fewer rows at once")
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > limit:
            raise TooLarge(f"the body has over {limit} bytes", expected="fewer", fix="send fewer rows at once")
    return b"".join(parts)


def _answer(code: int, value: object = None) -> Response:
    from starlette.responses import Response

    return Response(b"" if value is None else protocol.encode(value), code, media_type=_JSON)


async def _refused(request: Request, error: Exception) -> Response:
    if isinstance(error, NotFound):
        return _answer(404, {"error": str(error)})
    if isinstance(error, TooLarge):
        return _answer(413, {"error": str(error)})
    return _answer(500 if isinstance(error, ModelFailure) else 400, {"error": str(error)})


async def _http(request: Request, error: Any) -> Response:
    return _answer(error.status_code, {"error": f"{error.detail}: {request.method} {brief(request.url.path, 200)}"})


async def _failed(request: Request, error: Exception) -> Response:
    return _answer(500, {"error": f"the server failed: {type(error).__name__}"})

"""The Open Inference Protocol v2 over HTTP, for one version.

Predictions are answered here, straight from the server's messages: a framework's routes and objects would take longer
than the model. Everything else is a Starlette application.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mlops_nb import __version__
from mlops_nb.errors import MlopsError, NotFound, brief, nearest
from mlops_nb.registry.predictor import ModelFailure
from mlops_nb.serving import protocol
from mlops_nb.serving.batching import Batcher, Busy, TooLate

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from mlops_nb.serving.service import Question, Service

# From here on decoding and writing take long enough to leave the event loop for.
_LARGE_BODY = 256 * 2**10
_LARGE_ROWS = 4_096
_JSON = (b"content-type", b"application/json")
_STATUS = {ModelFailure: 500, Busy: 503, TooLate: 504}


class TooLarge(MlopsError):  # noqa: N818
    """The body is longer than the server reads."""


class App:
    """All routes of the protocol; `POST /predict` with plain rows; `POST /invocations` as for MLflow.

    Args:
        service: The version.
        batcher: Makes the queue before its model, once the loop runs.
    """

    def __init__(self, service: Service, batcher: Callable[[], Batcher]) -> None:
        self.service, self._make = service, batcher
        self._batcher: Batcher | None = None
        model = f"/v2/models/{service.name}"
        self._questions: Mapping[str, Callable[[bytes], Question]] = {
            f"{model}/infer": service.infer,
            f"{model}/versions/{service.version}/infer": service.infer,
            "/predict": service.rows,
            "/invocations": service.invocation,
        }
        self._others = _others(service)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request of an ASGI server."""
        question = self._questions.get(scope["path"]) if scope["type"] == "http" else None
        if question is None or scope["method"] != "POST":
            await self._others(scope, receive, send)
            return
        status = 200
        extra: tuple[tuple[bytes, bytes], ...] = ()
        try:
            content = await self._predict(question, await _body(scope, receive, self.service.limit))
        except MlopsError as error:
            status, content = status_of(error), protocol.encode({"error": str(error)})
            extra = ((b"retry-after", b"1"),) if status == 503 else ()
        except Exception as error:  # noqa: BLE001 (an answer in the protocol's form, and the log has no request's data)
            status, content = 500, protocol.encode({"error": f"the server failed: {type(error).__name__}"})
        length = (b"content-length", str(len(content)).encode())
        await send({"type": "http.response.start", "status": status, "headers": [_JSON, length, *extra]})
        await send({"type": "http.response.body", "body": content})

    async def _predict(self, question: Callable[[bytes], Question], body: bytes) -> bytes:
        if self._batcher is None:
            self._batcher = self._make()
        if len(body) <= _LARGE_BODY:
            asked = question(body)
        else:
            from starlette.concurrency import run_in_threadpool

            asked = await run_in_threadpool(question, body)
        found = await self._batcher.ask(asked.cast, asked.rows, asked.outputs).answer
        if asked.rows <= _LARGE_ROWS:
            return asked.answer(found)
        from starlette.concurrency import run_in_threadpool

        return await run_in_threadpool(asked.answer, found)


def status_of(error: MlopsError) -> int:
    """The status that an error has over HTTP."""
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, TooLarge):
        return 413
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 400)


async def _body(scope: Any, receive: Any, limit: int) -> bytes:
    stated = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    if stated.isdigit() and int(stated) > limit:
        raise TooLarge(f"the body has {int(stated)} bytes", expected=f"at most {limit}", fix="send fewer rows at once")
    parts, size = [], 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > limit:
            raise TooLarge(f"the body has over {limit} bytes", expected="fewer", fix="send fewer rows at once")
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _others(service: Service) -> Starlette:
    """What is no prediction: health, metadata, and a refusal of everything that is not here."""
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
        raise NotFound(f"no such path {brief(request.url.path, 200)}")

    model = "/v2/models/{model}"
    routes = [Route(f"{model}{part}/infer", infer, methods=["POST"]) for part in ("", "/versions/{version}")]
    # For the refusal of other methods: App answers these.
    routes += [Route(path, alive, methods=["POST"]) for path in ("/predict", "/invocations")]
    routes += [Route(path, alive) for path in ("/v2/health/live", "/v2/health/ready", "/ping")]
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


def _answer(code: int, value: object = None) -> Response:
    from starlette.responses import Response

    return Response(b"" if value is None else protocol.encode(value), code, media_type="application/json")


async def _refused(request: Request, error: MlopsError) -> Response:
    return _answer(status_of(error), {"error": str(error)})


async def _http(request: Request, error: Any) -> Response:
    return _answer(error.status_code, {"error": f"{error.detail}: {request.method} {brief(request.url.path, 200)}"})


async def _failed(request: Request, error: Exception) -> Response:
    return _answer(500, {"error": f"the server failed: {type(error).__name__}"})

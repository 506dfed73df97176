"""Where pages wait for the store: a few threads, so that no visitor's question holds up another's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any

# Readers are one connection a thread.
_POOL = ThreadPoolExecutor(max_workers=6, thread_name_prefix="mlops_nb-page")


def begun(function: Callable[..., Any], *arguments: Any) -> Future[Any]:
    """The function at work in a thread of its own."""
    return _POOL.submit(copy_context().run, function, *arguments)


async def in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function returns that may wait for the store: other visitors go on meanwhile."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_POOL, partial(copy_context().run, function, *arguments))

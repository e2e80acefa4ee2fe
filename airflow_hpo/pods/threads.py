"""Threads for blocking calls of an event loop, and the end of tasks that are no longer wanted."""

import asyncio
import contextvars
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any, TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[..., T], *arguments: Any, of: Executor | None = None) -> T:
    """Call a function in a thread; when cancelled, wait for its end all the same, so that nothing goes on unseen.

    The threads are those that all of the event loop shares, unless ``of`` has others.
    """
    # What is logged there belongs into the log of the task that asked.
    context = contextvars.copy_context()
    future = asyncio.get_running_loop().run_in_executor(of, lambda: context.run(work, *arguments))
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait({future})
        raise


async def cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait for their end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

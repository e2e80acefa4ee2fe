"""Guard in front of every route: forged posts are refused, and no error leaves the application."""

from __future__ import annotations

import logging

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

READING = {"GET", "HEAD", "OPTIONS"}
REQUESTED_WITH = "airflow-hpo"
"""What the pages send in ``X-Requested-With``; a form of another site cannot send it."""


class Guard:
    """Refuses what changes something and may come from a form of another site, and answers errors that nothing else has."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if _may_be_forged(scope):
            detail = f"What changes something must come from the pages, but the header X-Requested-With is missing. Send `X-Requested-With: {REQUESTED_WITH}`."
            await JSONResponse({"detail": detail}, 403)(scope, receive, send)
            return
        await self._answered(scope, receive, send)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = False

        async def noted(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception:
            logger.exception("A page of the studies met an error that it does not know.")
            if began:
                raise
            detail = "The page met an error that it does not know. The log of Airflow's API server has it."
            await JSONResponse({"detail": detail}, 500)(scope, receive, send)


def _may_be_forged(scope: Scope) -> bool:
    """Say whether only the cookie of a session vouches for a change, which a browser sends also from a form of another site."""
    headers = Headers(scope=scope)
    by_token = headers.get("authorization", "").lower().startswith("bearer ")
    return scope["method"] not in READING and not by_token and headers.get("x-requested-with") != REQUESTED_WITH

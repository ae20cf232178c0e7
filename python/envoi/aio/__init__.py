# SPDX-License-Identifier: MIT
"""envoi for asyncio: the verbs of envoi, awaited. It needs no thread, and works in any event loop, uvloop's too."""
from ..message import Message
from .driver import Awaited
from .pool import Lookup, Pool
from .session import Session, send

__all__ = ["Awaited", "Lookup", "Message", "Pool", "Session", "send"]

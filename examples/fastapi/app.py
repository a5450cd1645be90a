"""A hotel that sells to agents: FastAPI, with the verifier inside. Nothing that is not allowed reaches it."""

import os

from fastapi import FastAPI, Request
from remit_verifier import Policy
from remit_verifier.asgi import RemitMiddleware
from remit_verifier.record import SqliteRecord

hotel = FastAPI()


@hotel.post("/rooms/{room}/look")
@hotel.post("/rooms/{room}/book")
async def room(room: str, request: Request):
    asked = request.scope["remit"]  # who asked for what, and what is held for it; served once, by this id
    return {
        "id": asked.id,
        "action": asked.action,
        "room": room,
        "amount": asked.amount,
        "order": await request.json(),
    }


with open(os.environ.get("POLICY", "hotel.toml")) as file:
    policy = Policy.from_toml(file.read())
app = RemitMiddleware(
    hotel, policy=policy, record=SqliteRecord(os.environ.get("RECORD", "served.db"), policy.skew_ms)
)

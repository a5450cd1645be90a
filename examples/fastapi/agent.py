"""An agent that looks at a room, twice with the same bytes. Usage: agent.py URL HOTEL PRESENTATION KEY"""

import json
import sys
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

from remit_verifier import Ask, Holder

url, party, presentation, key = sys.argv[1:]
parts = urlsplit(url)
with open(presentation, "rb") as file:
    presentation = file.read()
with open(key) as file:
    holder = Holder(file.read())


def post(target, content, headers):
    connection = HTTPConnection(parts.netloc)
    connection.request("POST", target, content, dict(headers))
    answer = connection.getresponse()
    print(f"{target:36} {answer.status}  {answer.headers['Remit-Verdict'] or ''}")
    return answer.status, json.loads(answer.read())


order = json.dumps({"nights": 2}).encode()
ask = Ask(party, "look", "rooms/12")
request = dict(method="POST", authority=parts.netloc, target="/rooms/12/look", content=order)
headers = holder.request(presentation, ask, **request, now_ms=time.time_ns() // 1_000_000)

assert post("/rooms/12/look", order, headers)[0] == 401  # it does not know the presentation yet
assert post("/.well-known/remit/presentations", presentation, {"Content-Type": "application/cbor"})[0] == 201
status, said = post("/rooms/12/look", order, headers)
assert (status, said["room"], said["order"]) == (200, "12", {"nights": 2})
assert post("/rooms/12/look", order, headers)[0] == 403  # served before
assert post("/rooms/13/look", order, headers)[0] == 403  # signed for another request

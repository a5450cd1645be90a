"""Requests that a sidecar decides: ``sidecar.py PORT HOTEL PRESENTATION KEY COUNT``.

Every request is another one, signed before; it is asked as nginx asks, over connections that stay open. One line: requests
a second, and the time of one at the median and at 99 of 100, in microseconds. The client is Python and shares the machine,
so that the rate is what both do together.
"""

import http.client
import sys
import threading
import time

from remit_verifier import Ask, Holder

port, hotel, presentation, key, count = sys.argv[1:]
CONNECTIONS = 4
with open(presentation, "rb") as file:
    presentation = file.read()
with open(key) as file:
    holder = Holder(file.read())


def asking(connection, method, path, headers, content=None):
    connection.request(method, path, content, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def signed():
    request = dict(method="POST", authority="hotel.example", target="/rooms/12/look")
    fields = holder.request(presentation, Ask(hotel, "look", "rooms/12"), **request, now_ms=time.time_ns() // 1_000_000)
    told = {"X-Original-Method": "POST", "X-Original-URI": "/rooms/12/look", "Host": "hotel.example"}
    return {**told, **dict(fields)}


def work(requests, took):
    connection = http.client.HTTPConnection("127.0.0.1", int(port))
    for headers in requests:
        start = time.perf_counter()
        status = asking(connection, "GET", "/v1/auth/nginx", headers)
        took.append(time.perf_counter() - start)
        assert status == 200, status


bring = http.client.HTTPConnection("127.0.0.1", int(port))
cbor = {"Content-Type": "application/cbor"}
assert asking(bring, "POST", "/.well-known/remit/presentations", cbor, presentation) == 201
requests = [signed() for _ in range(int(count))]
took = []
threads = [threading.Thread(target=work, args=(requests[place::CONNECTIONS], took)) for place in range(CONNECTIONS)]
start = time.perf_counter()
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
whole = time.perf_counter() - start
assert len(took) == int(count), "some were refused"
took.sort()
print(f"sidecar {len(took) / whole:.0f} {took[len(took) // 2] * 1e6:.0f} {took[len(took) * 99 // 100] * 1e6:.0f}")

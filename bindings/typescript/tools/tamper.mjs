// A server in front of a ledger that passes everything on, and changes what it is told to change.
import http from "node:http";

/**
 * Listens on a free port of loopback, in front of `target`. `lie.answer(path, body, request)` may answer with other
 * bytes, `lie.event(data)` with another event of the feed (`null` swallows it); what they leave undefined goes on.
 */
export async function liar(target) {
  const lie = {};
  const server = http.createServer((request, response) => {
    const headers = { ...request.headers, host: new URL(target).host, "accept-encoding": "identity" };
    const onward = http.request(target + request.url, { method: request.method, headers }, (answer) => {
      if (request.url.startsWith("/v1/feed")) passEvents(answer, response, lie);
      else void passAnswer(request, answer, response, lie);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const cut = () => server.closeAllConnections();
  return { url, lie, cut, close: () => (server.closeAllConnections(), server.close()) };
}

async function passAnswer(request, answer, response, lie) {
  const parts = [];
  for await (const part of answer) parts.push(part);
  const body = Buffer.concat(parts);
  const other = await lie.answer?.(request.url, body, request);
  const headers = { ...answer.headers };
  delete headers["content-length"];
  delete headers["transfer-encoding"];
  response.writeHead(other === undefined ? answer.statusCode : 200, headers);
  response.end(other ?? body);
}

/** Events end with an empty line. */
function passEvents(answer, response, lie) {
  response.writeHead(answer.statusCode, answer.headers);
  let buffered = "";
  answer.setEncoding("utf8");
  answer.on("data", (text) => {
    const events = (buffered + text).split("\n\n");
    buffered = events.pop();
    for (const event of events) {
      const data = /^data: ?(.*)$/m.exec(event)?.[1];
      const other = data === undefined ? undefined : lie.event?.(JSON.parse(data));
      if (other === null) continue;
      response.write(
        other === undefined
          ? `${event}\n\n`
          : `${event.replace(/^data:.*$/m, () => `data: ${JSON.stringify(other)}`)}\n\n`,
      );
    }
  });
  answer.on("end", () => response.end());
}

/** Every path with every method, for every role: what it has, what HEAD and OPTIONS say of it, and what it has not. */

import assert from "node:assert/strict";
import { request } from "node:http";
import test, { after, before } from "node:test";
import { OPERATIONS, type Operation } from "../../src/http/api/operations.ts";
import { ROLES } from "../../src/http/auth/roles.ts";
import { PAGES } from "../../src/http/routes/files/pages.ts";
import { ask, event, type Running, startService } from "./service.ts";

let service: Running;
const keys: (string | undefined)[] = [undefined, "hf_wrong"];

before(async () => {
  service = await startService();
  for (const role of ROLES) keys.push(await service.key([role], `the-${role}`));
  await ask(service, "POST /v1/ledgers/main/events", { key: keys.at(-1) as string, body: event() });
});
after(() => service.close());

const VALUES: Readonly<Record<string, string>> = { ledger: "main", index: "0", size: "1", level: "0", n: "0" };
const operations: readonly Operation[] = Object.values(OPERATIONS);
const ROUTES = [...new Set([...operations.map(({ route }) => route), ...Object.keys(PAGES)])];

function methodsOf(route: string): string[] {
  return route in PAGES ? ["get"] : operations.filter((each) => each.route === route).map(({ method }) => method);
}

function send(method: string, route: string, key?: string) {
  const path = route.replaceAll(/\{(\w+)\}/g, (_, name: string) => VALUES[name] ?? "x");
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  return new Promise<{ status: number; body: string; allow: string | undefined; length: string | undefined }>(
    (resolve, reject) => {
      const sent = request({ port: service.port, host: "127.0.0.1", method, path, headers }, (res) => {
        const chunks: Buffer[] = [];
        // A tail of events has no end of its own.
        if (method === "GET" && res.headers["content-type"]?.startsWith("text/event-stream")) {
          resolve({ status: res.statusCode ?? 0, body: "", allow: undefined, length: undefined });
          res.destroy();
          return;
        }
        res.on("data", (chunk: Buffer) => chunks.push(chunk));
        res.on("end", () => {
          const { allow, "content-length": length } = res.headers;
          resolve({ status: res.statusCode ?? 0, body: Buffer.concat(chunks).toString(), allow, length });
        });
      });
      sent.on("error", reject).end();
    },
  );
}

for (const route of ROUTES) {
  test(`${route} says what methods it has, the same to everybody, and refuses all others`, async () => {
    const methods = methodsOf(route).map((method) => method.toUpperCase());
    const allow = [...new Set([...methods, "HEAD", "OPTIONS"])].sort().join(", ");
    for (const key of keys) {
      assert.deepEqual(await send("OPTIONS", route, key), { status: 200, body: "", allow, length: "0" });
    }
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"]) {
      if (methods.includes(method)) continue;
      const answer = await send(method, route);
      assert.deepEqual([answer.status, answer.allow], [405, allow], method);
      assert.equal(JSON.parse(answer.body).code, "method_not_allowed");
    }
  });
}

for (const route of ROUTES) {
  test(`HEAD of ${route} tells nobody more than they may know`, async () => {
    const isForSenders = operations.some((each) => each.route === route && each.permission === "append");
    for (const key of keys) {
      const head = await send("HEAD", route, key);
      assert.equal(head.body, "");
      if (isForSenders) assert.deepEqual([head.status, head.length], [200, "0"]);
      else if (methodsOf(route).includes("get")) assert.equal(head.status, (await send("GET", route, key)).status);
      else assert.equal(head.status, 405);
    }
  });
}

/** The service over TLS as its users meet it: addresses, certificates that are renewed while it runs, clients with and without one. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { type RequestOptions, request } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { promisify } from "node:util";
import { authority, type Issued, issue } from "../net/tls/certificates.ts";
import { event, ROOT, type ServiceProcess, World, waitFor } from "./service-process.ts";

const run = promisify(execFile);
const DAY_MS = 24 * 60 * 60 * 1000;
const CA = authority();
const CLIENTS = authority("an authority of clients");

/** A world with a certificate of the service in it, and the variables that name it. */
function worldWith(t: TestContext, own: Issued = issue({ name: "service", issuer: CA })) {
  const world = new World(t);
  const put = (name: string, text: string): string => {
    writeFileSync(world.path(name), text, { mode: 0o600 });
    return world.path(name);
  };
  const ca = put("ca.pem", CA.cert);
  const env = {
    HOLDFAST_LISTEN: "",
    HOLDFAST_TLS_LISTEN: "127.0.0.1:0",
    HOLDFAST_TLS_CERT: put("cert.pem", own.cert),
    HOLDFAST_TLS_KEY: put("key.pem", own.key),
  };
  return { world, put, ca, env };
}

type Answered = {
  readonly status: number;
  readonly text: string;
  readonly headers: IncomingMessage["headers"];
  readonly shown: string;
};

/** One request on a connection of its own. */
async function ask(url: string, options: RequestOptions = {}, body?: string): Promise<Answered> {
  const req = request(url, { ca: CA.cert, agent: false, ...options });
  req.end(body);
  const [res] = (await once(req, "response")) as [IncomingMessage];
  const { CN } = (res.socket as import("node:tls").TLSSocket).getPeerCertificate().subject;
  const chunks: Buffer[] = [];
  for await (const chunk of res) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return { status: res.statusCode ?? 0, text, headers: res.headers, shown: String(CN) };
}

function writing({ key }: ServiceProcess): RequestOptions {
  return { method: "POST", headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" } };
}

test("a service with an address for TLS alone records, and its commands and pages go there with NODE_EXTRA_CA_CERTS", async (t) => {
  const { world, ca, env } = worldWith(t);
  const service = await world.start({ env });
  assert.match(service.url, /^https:\/\/127\.0\.0\.1:\d+$/);
  assert.deepEqual(service.facts.urls, [service.url]);
  const events = `${service.url}/v1/ledgers/main/events`;
  const recorded = await ask(events, writing(service), JSON.stringify(event("a")));
  assert.equal(recorded.status, 201, recorded.text);
  const page = await ask(`${service.url}/`);
  assert.equal(page.status, 200);
  assert.equal(page.headers["strict-transport-security"], undefined);
  const holdfast = (more: object) =>
    run(process.execPath, [join(ROOT, "scripts/holdfast.mjs"), "prove", "0", "--out", world.path("bundle.json")], {
      env: { ...process.env, HOLDFAST_URL: service.url, HOLDFAST_KEY: service.key, ...more },
    });
  await assert.rejects(holdfast({}), /NODE_EXTRA_CA_CERTS/);
  await holdfast({ NODE_EXTRA_CA_CERTS: ca });
});

test("plain HTTP and TLS are served beside each other, and browsers are told to stay with TLS where that is set", async (t) => {
  const { world, env } = worldWith(t);
  const both = { ...env, HOLDFAST_LISTEN: "127.0.0.1:0" };
  const service = await world.start({ env: both, config: { tls: { hstsS: 3600 } } });
  const [plain = "", secure = ""] = service.facts.urls;
  assert.match(plain, /^http:/);
  assert.match(secure, /^https:/);
  assert.equal((await fetch(`${plain}/healthz`)).headers.get("strict-transport-security"), null);
  assert.equal((await ask(`${secure}/healthz`)).headers["strict-transport-security"], "max-age=3600");
  const metrics = await service.ask("GET /metrics");
  const ends = Number(/^holdfast_tls_certificate_end_seconds (\d+)$/m.exec(metrics.text)?.[1]);
  assert.ok(Math.abs(ends - (Date.now() + 90 * DAY_MS) / 1000) < 120, metrics.text.slice(0, 300));
});

test("a renewed certificate is shown to new connections, and one that is open goes on", async (t) => {
  const { world, put, env } = worldWith(t);
  const service = await world.start({ env });
  const url = `${service.url}/healthz`;
  const { port } = new URL(service.url);
  const { Agent } = await import("node:https");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  assert.equal((await ask(url, { agent })).shown, "service");
  const next = issue({ name: "renewed", issuer: CA });
  put("cert.pem", next.cert);
  put("key.pem", next.key);
  await waitFor("the new certificate", async () => (await ask(url)).shown === "renewed");
  const again = await ask(url, { agent });
  assert.deepEqual([again.status, again.shown], [200, "service"]);
  // Whoever says nothing keeps the service from nothing.
  const silent = connect(Number(port), "127.0.0.1").on("error", () => undefined);
  await once(silent, "connect");
  const { status } = await service.stop();
  assert.equal(status, 0, service.output);
});

test("a client certificate may be left out unless it is required, and one of strangers is refused", async (t) => {
  const { world, put, env } = worldWith(t);
  const withCa = { ...env, HOLDFAST_TLS_CLIENT_CA: put("clients.pem", CLIENTS.cert) };
  const friend = issue({ name: "friend", issuer: CLIENTS });
  const stranger = issue({ name: "stranger", issuer: CA });
  const of = ({ cert, key }: Issued): RequestOptions => ({ cert, key });
  for (const clients of ["optional", "required"] as const) {
    const service = await world.start({ env: withCa, config: { tls: { clients } }, data: clients });
    const url = `${service.url}/healthz`;
    assert.equal((await ask(url, of(friend))).status, 200);
    await assert.rejects(ask(url, of(stranger)), clients);
    if (clients === "optional") assert.equal((await ask(url)).status, 200);
    else await assert.rejects(ask(url));
    await service.stop();
  }
});

test("versions before TLS 1.2 are refused", async (t) => {
  const { world, env } = worldWith(t);
  const service = await world.start({ env });
  const old: RequestOptions = { maxVersion: "TLSv1.1", minVersion: "TLSv1", ciphers: "DEFAULT:@SECLEVEL=0" };
  await assert.rejects(ask(`${service.url}/healthz`, old));
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    const only: RequestOptions = { maxVersion: version, minVersion: version };
    assert.equal((await ask(`${service.url}/healthz`, only)).status, 200);
  }
});

test("a start with files that are no good is refused with what is wrong, and nothing is begun", async (t) => {
  const { world, put, env } = worldWith(t);
  const ended = issue({ name: "ended", issuer: CA, until: Date.now() - DAY_MS });
  const cases: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [
      { ...env, HOLDFAST_TLS_CERT: world.path("none.pem") },
      /the certificate chain in a file that can be read.*none\.pem/,
    ],
    [{ ...env, HOLDFAST_TLS_KEY: put("other.pem", ended.key) }, /got another key/],
    [
      { ...env, HOLDFAST_TLS_CERT: put("ended.pem", ended.cert), HOLDFAST_TLS_KEY: world.path("other.pem") },
      /ended at/,
    ],
    [{ ...env, HOLDFAST_TLS_KEY: "" }, /HOLDFAST_TLS_CERT and HOLDFAST_TLS_KEY together, got only HOLDFAST_TLS_CERT/],
    [{ ...env, HOLDFAST_TLS_CERT: "", HOLDFAST_TLS_KEY: "" }, /beside an address for TLS, got neither/],
  ];
  for (const [settings, expected] of cases) {
    const { status, stderr } = await world.refused({ env: settings, args: [] });
    assert.notEqual(status, 0);
    assert.match(stderr, expected);
    assert.ok(!stderr.includes("    at "), stderr);
  }
});

test("an address for TLS that is in use is named with its setting", async (t) => {
  const { world, env } = worldWith(t);
  const service = await world.start({ env });
  const taken = new URL(service.url).host;
  const { status, stderr } = await world.refused({
    env: { ...env, HOLDFAST_TLS_LISTEN: taken },
    data: "other",
    args: [],
  });
  assert.equal(status, 2);
  assert.match(stderr, new RegExp(`${taken} is in use; .*set HOLDFAST_TLS_LISTEN to another address`));
});

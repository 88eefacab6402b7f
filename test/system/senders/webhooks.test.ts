/**
 * Signed webhooks and audit events of Kubernetes against the real service while it is killed and started again: what was
 * answered 200 is there once, and secrets of webhooks are known again after a start.
 */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "../service-process.ts";
import { everything, Killable } from "./killable.ts";

const require = createRequire(import.meta.url);
/** Texts, because the packages are there for tests alone. */
const OCTOKIT: string = "@octokit/webhooks-methods";
const { sign } = (await import(OCTOKIT)) as { sign: (secret: string, body: string) => Promise<string> };
type Signing = { sign(id: string, at: Date, body: string): string };
const { Webhook } = require("standardwebhooks") as { Webhook: new (secret: string) => Signing };

type Request = { readonly path: string; readonly body: string; readonly headers: Readonly<Record<string, string>> };

/** Posts as a sender that tries until it is answered 2xx, or by hand again; every answer but 200 and 503 is a fault. */
class Retrying {
  readonly #service: Killable;
  cutOff = 0;
  answered = 0;

  constructor(service: Killable) {
    this.#service = service;
  }

  async deliver(make: () => Promise<Request> | Request): Promise<void> {
    for (;;) {
      const status = await this.#try(await make());
      if (status === 200) {
        this.answered++;
        return;
      }
      if (status === undefined) this.cutOff++;
      else assert.equal(status, 503);
      await sleep(50);
    }
  }

  async #try({ path, body, headers }: Request): Promise<number | undefined> {
    try {
      const all = { "Content-Type": "application/json", ...headers };
      const response = await fetch(this.#service.url + path, { method: "POST", body, headers: all });
      await response.text();
      return response.status;
    } catch {
      // Refused or cut off: the service is away.
      return undefined;
    }
  }
}

test("signed webhooks and audit events are recorded once while the service is killed under them", {
  timeout: 180_000,
}, async (t) => {
  const service = await Killable.start(t);
  const key = { source: "hooks", roles: ["writer"], ledgers: ["main"], webhookSecret: true };
  const { webhookSecret } = await service.service.json<{ webhookSecret: string }>(201, "POST /v1/keys", key);
  const webhook = new Webhook(webhookSecret);
  const makers: Readonly<Record<string, (n: number) => Promise<Request> | Request>> = {
    github: async (n) => {
      const body = JSON.stringify({ action: "added", n, sender: { id: 7, login: "ada", type: "User" } });
      const headers = {
        "X-GitHub-Event": "member",
        "X-GitHub-Delivery": `delivery-${n}`,
        "X-Hub-Signature-256": await sign(webhookSecret, body),
      };
      return { path: "/v1/ledgers/main/ingest/github?source=hooks", body, headers };
    },
    "standard-webhooks": (n) => {
      const body = JSON.stringify({ type: "user.login", timestamp: "2026-11-20T09:30:00Z", data: { n } });
      const now = new Date();
      const headers = {
        "webhook-id": `msg_${n}`,
        "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
        "webhook-signature": webhook.sign(`msg_${n}`, now, body),
      };
      return { path: "/v1/ledgers/main/ingest/standard-webhooks?source=hooks", body, headers };
    },
    kubernetes: (n) => {
      const item = (stage: string) => ({
        level: "Metadata",
        auditID: `audit-${n}`,
        stage,
        verb: "get",
        requestURI: "/x",
      });
      const body = JSON.stringify({ kind: "EventList", items: [item("RequestReceived"), item("ResponseComplete")] });
      const headers = { Authorization: `Bearer ${service.token}` };
      return { path: "/v1/ledgers/main/ingest/kubernetes?timeout=30s", body, headers };
    },
  };
  const sender = new Retrying(service);
  let isOver = false;
  const counts = Object.entries(makers).map(async ([format, make]): Promise<readonly [string, number]> => {
    let n = 0;
    for (; !isOver; n++) await sender.deliver(() => make(n));
    return [format, n];
  });
  for (let kills = 0; kills < 2; kills++) {
    const before = sender.answered;
    await waitFor("some to be taken", () => sender.answered > before + 60);
    await service.killAndStart();
  }
  const before = sender.answered;
  await waitFor("more to be taken", () => sender.answered > before + 60);
  isOver = true;
  const sent = await Promise.all(counts);
  assert.ok(sender.cutOff > 0, "it met a service that was not there");
  for (const [format, n] of sent) {
    const found = await everything(service.service, format);
    const ids = found.map(({ id }) => String(id)).sort();
    const numbers = Array.from({ length: n }, (_, i) => i);
    const expected: Readonly<Record<string, () => string[]>> = {
      github: () => numbers.map((i) => `delivery-${i}`),
      "standard-webhooks": () => numbers.map((i) => `msg_${i}`),
      kubernetes: () => numbers.flatMap((i) => [`audit-${i}/RequestReceived`, `audit-${i}/ResponseComplete`]),
    };
    assert.deepEqual(ids, expected[format]?.().sort(), format);
    const isSigned = format !== "kubernetes";
    for (const { _source } of found) {
      assert.equal((_source as { signature?: string }).signature, isSigned ? "verified" : undefined);
    }
  }
});

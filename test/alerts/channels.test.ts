/** What receivers get, over real connections, judged by code that is not ours where there is some. */

import assert from "node:assert/strict";
import { generateKeyPairSync, verify } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import test, { type TestContext } from "node:test";
import { Webhook } from "standardwebhooks";
import type { AlertChange } from "../../src/alerts/alert.ts";
import { Alertmanager } from "../../src/alerts/delivery/channels/alertmanager.ts";
import { Slack } from "../../src/alerts/delivery/channels/slack.ts";
import { StandardWebhook } from "../../src/alerts/delivery/channels/standard-webhook.ts";

const NOW = Date.now();
const CHANGE: AlertChange = {
  id: "00112233aabbccdd-1",
  kind: "fired",
  at: NOW,
  alert: {
    id: "00112233aabbccdd",
    rule: "source_silent",
    subject: "main/billing",
    title: "a source is silent",
    severity: "warning",
    detail: "nothing has come from billing & <friends>, ä",
    firedAt: NOW,
    seenAt: NOW,
    changes: 1,
  },
};
const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const { signal } = new AbortController();

type Got = { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string };

async function receiver(t: TestContext, status = 200, headers: Record<string, string> = {}) {
  const got: Got[] = [];
  const server = createServer(async (req, res) => {
    let body = "";
    for await (const piece of req.setEncoding("utf8")) body += piece;
    got.push({ path: req.url ?? "", headers: req.headers, body });
    res.writeHead(status, headers).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, got };
}

function webhook(url: string, secrets: readonly string[] = [SECRET]): StandardWebhook {
  return new StandardWebhook({ name: "hook", url, secrets, from: "notice", now: () => Date.now() });
}

test("a webhook is signed as the standard's own library checks it, under an id that stays, by each secret", async (t) => {
  const { url, got } = await receiver(t);
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const seed = privateKey.export({ format: "der", type: "pkcs8" }).subarray(-32);
  const other = `whsec_${Buffer.alloc(24, 9).toString("base64")}`;
  const channel = webhook(url, [SECRET, other, `whsk_${seed.toString("base64")}`]);
  assert.deepEqual(await channel.send(CHANGE, signal), { isTaken: true });
  assert.deepEqual(await channel.send(CHANGE, signal), { isTaken: true });
  for (const { body, headers } of got) {
    for (const secret of [SECRET, other]) {
      const payload = new Webhook(secret).verify(body, headers as Record<string, string>) as {
        type: string;
        data: object;
      };
      assert.equal(payload.type, "alert.fired");
      assert.deepEqual(Object.keys(payload.data).includes("runbook"), true);
    }
    const signed = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
    const [, signature = ""] = /v1a,(\S+)/.exec(String(headers["webhook-signature"])) ?? [];
    assert.ok(verify(null, signed, publicKey, Buffer.from(signature, "base64")));
    assert.throws(() => new Webhook(SECRET).verify(`${body} `, headers as Record<string, string>));
  }
  assert.equal(got[0]?.headers["webhook-id"], got[1]?.headers["webhook-id"]);
});

test("a secret in another form is refused without being said", () => {
  for (const secret of [
    "hunter2-hunter2",
    "whsec_c2hvcnQ=",
    "whsk_c2hvcnQ=",
    `whsec_${Buffer.alloc(65).toString("base64")}`,
  ]) {
    assert.throws(
      () => webhook("http://127.0.0.1:9", [secret]),
      (error: Error) => error instanceof TypeError && !error.message.includes(secret),
      secret,
    );
  }
});

test("what is no answer of 2xx is not taken: 410 for good, others are tried again, after what Retry-After says; redirections lead nowhere", async (t) => {
  const gone = await receiver(t, 410);
  assert.deepEqual(await webhook(gone.url).send(CHANGE, signal), {
    isTaken: false,
    reason: "it answered with status 410",
    isFinal: true,
  });
  const busy = await receiver(t, 503, { "Retry-After": "120" });
  const refused = await webhook(busy.url).send(CHANGE, signal);
  assert.ok(!refused.isTaken && refused.isFinal === false && refused.retryAfterMs === 120_000);
  const later = await receiver(t, 503, { "Retry-After": new Date(Date.now() + 600_000).toUTCString() });
  const told = await webhook(later.url).send(CHANGE, signal);
  assert.ok(!told.isTaken && (told.retryAfterMs ?? 0) > 0, "a date is understood too");
  const elsewhere = await receiver(t);
  const leading = await receiver(t, 302, { Location: elsewhere.url });
  const led = await webhook(leading.url).send(CHANGE, signal);
  assert.equal(led.isTaken, false);
  assert.equal(elsewhere.got.length, 0);
  const away = await webhook("http://127.0.0.1:9/").send(CHANGE, signal);
  assert.ok(!away.isTaken && away.isFinal !== true);
});

test("user and password in an address go into a header, and into no text", async (t) => {
  const { url, got } = await receiver(t);
  const hook = webhook(`${url.replace("//", "//holdfast:s%40fe@")}/hook`);
  assert.deepEqual(await hook.send(CHANGE, signal), { isTaken: true });
  assert.equal(got[0]?.headers.authorization, `Basic ${Buffer.from("holdfast:s@fe").toString("base64")}`);
  assert.equal(got[0]?.path, "/hook");
  const away = await webhook("http://holdfast:s%40fe@127.0.0.1:9/hook").send(CHANGE, signal);
  assert.ok(!away.isTaken);
  assert.doesNotMatch(away.reason, /fe@|s%40fe|hook/);
});

test("a chat gets one text, in which nothing has a meaning of its own", async (t) => {
  const { url, got } = await receiver(t);
  assert.deepEqual(await new Slack({ name: "chat", url, from: "notice" }).send(CHANGE, signal), { isTaken: true });
  const { text } = JSON.parse(got[0]?.body ?? "") as { text: string };
  assert.match(text, /billing &amp; &lt;friends&gt;, ä/);
});

test("Alertmanager gets what fires with an end to come, again and again, and what is over with its end", async (t) => {
  const { url, got } = await receiver(t);
  const channel = new Alertmanager({ name: "am", url: `${url}/prefix/`, from: "notice", now: () => NOW });
  await channel.send(CHANGE, signal);
  await channel.refresh([CHANGE.alert], signal);
  const resolvedAt = NOW + 1000;
  await channel.send({ ...CHANGE, kind: "resolved", alert: { ...CHANGE.alert, resolvedAt } }, signal);
  await channel.refresh([], signal);
  assert.deepEqual(
    got.map(({ path }) => path),
    Array(3).fill("/prefix/api/v2/alerts"),
  );
  const ends = got.map(({ body }) => (JSON.parse(body) as { endsAt: string; labels: { alertname: string } }[])[0]);
  assert.equal(ends[0]?.labels.alertname, "Holdfast_source_silent");
  assert.ok(Date.parse(ends[1]?.endsAt ?? "") > NOW);
  assert.equal(Date.parse(ends[2]?.endsAt ?? ""), resolvedAt);
});

/** What foreign senders send to a demonstration, each by its own route and with its own key, and what goes wrong with some. */

import { createHmac } from "node:crypto";
import type { DemoService } from "./demo-service.ts";

type MadeKey = { readonly id: string; readonly key: string; readonly webhookSecret?: string };

async function makeKey({ url, adminKey }: DemoService, source: string, signs = false): Promise<MadeKey> {
  const answer = await fetch(`${url}/v1/keys`, {
    method: "POST",
    headers: { Authorization: `Bearer ${adminKey}`, "Content-Type": "application/json" },
    body: JSON.stringify({ source, roles: ["writer"], ledgers: ["main"], ...(signs && { webhookSecret: true }) }),
  });
  return (await answer.json()) as MadeKey;
}

async function post({ url }: DemoService, path: string, headers: Record<string, string>, body: string): Promise<void> {
  const answer = await fetch(url + path, { method: "POST", headers, body });
  if (answer.status !== 200) throw new Error(`${path}: expected 200, got ${answer.status}`);
}

function auditEvent(verb: string, resource: string, code: number, now: number): object {
  const stamp = new Date(now - 400).toISOString().replace("Z", "000Z");
  return {
    level: "Metadata",
    auditID: `${verb}-${resource}`,
    stage: "ResponseComplete",
    requestURI: `/api/v1/namespaces/payments/${resource}`,
    verb,
    user: { username: "system:serviceaccount:payments:deployer" },
    sourceIPs: ["10.4.0.17"],
    objectRef: { resource, namespace: "payments", name: "db", apiVersion: "v1" },
    responseStatus: { code },
    requestReceivedTimestamp: stamp,
    stageTimestamp: stamp,
  };
}

/** Events that {@link sendAsSenders} adds; the first is a line of a container, the second cannot be read. */
export const FOREIGN_EVENTS = 7;

export async function sendAsSenders(demo: DemoService): Promise<void> {
  const now = Date.now();
  const containers = await makeKey(demo, "containers");
  const line = (text: string, ms: number) =>
    JSON.stringify({
      time: ((now - ms) / 1000).toFixed(6),
      host: "vm-7",
      event: { line: text, source: "stdout", tag: "payments/5f3c1d0a9b8e" },
    });
  const splunk = { Authorization: `Splunk ${containers.key}`, "User-Agent": "Go-http-client/1.1" };
  await post(demo, "/services/collector/event/1.0", splunk, line("charge ch_88f1 of inv-7 was declined", 900));
  await post(demo, "/services/collector/event/1.0", splunk, '{"event":{"line":"cut off he');
  const cluster = await makeKey(demo, "cluster-1");
  const items = [auditEvent("get", "secrets", 200, now), auditEvent("delete", "secrets", 403, now)];
  const list = JSON.stringify({ kind: "EventList", apiVersion: "audit.k8s.io/v1", items });
  await post(demo, "/v1/ledgers/main/ingest/kubernetes", { Authorization: `Bearer ${cluster.key}` }, list);
  const { webhookSecret = "" } = await makeKey(demo, "our-github", true);
  const body = `{"action":"added","member":{"login":"eve","id":39652351,"type":"User"},"repository":{"id":186853002,"full_name":"acme/payments"},"sender":{"login":"ada","id":21031067,"type":"User"}}`;
  const signature = createHmac("sha256", webhookSecret).update(body).digest("hex");
  const github = {
    "X-GitHub-Event": "member",
    "X-GitHub-Delivery": "d-1",
    "X-Hub-Signature-256": `sha256=${signature}`,
  };
  await post(demo, "/v1/ledgers/main/ingest/github?source=our-github", github, body);
  await post(demo, "/v1/ledgers/main/ingest/github?source=our-github", github, body);
  const old = await makeKey(demo, "old-runner");
  const record = JSON.stringify({ time: new Date(now - 700).toISOString(), level: "info", msg: "job 4711 has ended" });
  const bearer = { Authorization: `Bearer ${old.key}` };
  await post(demo, "/v1/ledgers/main/ingest/logs", bearer, record);
  await post(demo, "/v1/ledgers/main/ingest/logs", bearer, record.replace("4711", "4712"));
  await fetch(`${demo.url}/v1/keys/${old.id}`, {
    method: "DELETE",
    headers: { Authorization: `Bearer ${demo.adminKey}` },
  });
  const refused = await fetch(`${demo.url}/v1/ledgers/main/ingest/logs`, {
    method: "POST",
    headers: bearer,
    body: record.replace("4711", "4713"),
  });
  if (refused.status !== 401) throw new Error(`expected 401 for a key that was ended, got ${refused.status}`);
}

/** Events about rules that {@link putRules} adds. */
export const RULE_EVENTS = 3;

/** What the ledger of a demonstration demands, and what is refused for it. */
export async function putRules({ url, adminKey, send }: DemoService): Promise<void> {
  const put = async (path: string, body: object): Promise<void> => {
    const headers = { Authorization: `Bearer ${adminKey}`, "Content-Type": "application/json" };
    const answer = await fetch(`${url}/v1/ledgers/main/${path}`, {
      method: "PUT",
      headers,
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: expected success, got ${answer.status}`);
  };
  const amount = { type: "integer", minimum: 1 };
  const payment = {
    required: ["metadata"],
    properties: { metadata: { required: ["amount"], properties: { amount } } },
  };
  await put("schemas/payment@1", payment);
  await put("schemas/payment@2", { ...payment, title: "Payments" });
  const requirements = [
    { name: "who and where", actions: ["invoice.*", "role.*"], members: ["context.ip", "outcome"] },
    { name: "payments", actions: ["payment.*"], formats: ["native"], schema: "payment@1" },
  ];
  await put("requirements", { requirements });
  const time = new Date().toISOString();
  const refused = await send({ action: "role.grant", time, actor: { type: "user", id: "u1042" } });
  if (refused.status !== 400) throw new Error(`expected 400 for what the ledger does not take, got ${refused.status}`);
}

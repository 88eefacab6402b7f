/**
 * Examples of answers: every request that the published description has an example of, sent to a service with a chain of its
 * own, and what it answered. Keys are made for it and end with it; in the examples no key stands that was one.
 * Why: docs/decisions/0193.
 */

import { readJson } from "../../../src/json/read.ts";
import {
  DESCRIBED_OPERATIONS,
  type DescribedOperation,
  exampleBodies,
  examplePath,
  exampleQuery,
} from "../../http/example-requests.ts";
import { until } from "../../until.ts";
import type { DemoService } from "../../web/demo-service.ts";

/** By operation, status and name. */
export type AnswerExamples = Record<string, Record<string, Record<string, unknown>>>;

/** What has to be there before others are asked, in this order; what is neither here nor in LAST follows in that of the document. */
const FIRST = [
  "appendEvents",
  "createLedger",
  "createKey",
  "putSchema",
  "putRequirements",
  "putSearch",
  "ingestItem",
  "putRetention",
  "placeHold",
  "beginAudit",
];
/** What takes something away that others show, and what is to be seen of it. */
const LAST = ["liftHold", "erase", "listErasures", "readErasure", "beginRewrap", "readRewrap"];
/** What the document has no example of, because whoever tries its examples would not want it done. */
const UNPUBLISHED: Readonly<Record<string, { readonly name: string; readonly value: object }>> = {
  erase: { name: "done", value: { subject: "actor=user:u1", reason: "request 2026-31", ground: "GDPR Art. 17(1)(b)" } },
};
/** What goes on after its answer, and where it is seen that it is over. */
const GOES_ON: Readonly<Record<string, { readonly path: string; readonly isOver: RegExp }>> = {
  erase: { path: "/v1/ledgers/main/erasures", isOver: /"state":"done"/ },
  beginAudit: { path: "/v1/ledgers/main/audits", isOver: /"state":"finished"/ },
  beginRewrap: { path: "/v1/encryption/rewrap", isOver: /"state":"done"/ },
};
/** So many are enough to see the form. */
const FEW = { limit: "2", top: "2" };
const MADE_UP = `hf_${"example".repeat(6)}x`;

type Keys = { readonly admin: string; readonly sender: string; readonly privacy: string };

/** The examples of one service, without events yet. */
export async function takeExamples({ url, adminKey }: Pick<DemoService, "url" | "adminKey">): Promise<AnswerExamples> {
  const sender = await makeKey(url, adminKey, "writer");
  const privacy = await makeKey(url, adminKey, "privacy");
  const keys: Keys = { admin: adminKey, sender, privacy };
  const examples: AnswerExamples = {};
  for (const operation of inOrder()) {
    const { operationId } = operation.described;
    if (operationId === "proveEvent") await finalAnchor(url);
    for (const { name, value } of questionsOf(operation)) {
      const answer = await ask(url, operation, keys, value);
      if (answer === undefined) continue;
      // Of one form one is enough, whatever was asked.
      const before = examples[operationId]?.[answer.status] ?? {};
      if (!isAnotherForm(Object.values(before), answer.value)) continue;
      const ofStatus = { ...before, [name]: withoutKeys(answer.value, keys) };
      examples[operationId] = { ...examples[operationId], [answer.status]: ofStatus };
    }
    await untilOver(url, adminKey, operationId);
  }
  return examples;
}

function isAnotherForm(others: readonly unknown[], value: unknown): boolean {
  const form = Object.keys(value as object).join();
  return others.every((each) => Object.keys(each as object).join() !== form);
}

function inOrder(): readonly DescribedOperation[] {
  const place = ({ described: { operationId } }: DescribedOperation): number => {
    const last = LAST.indexOf(operationId);
    if (last >= 0) return FIRST.length + 1 + last;
    const first = FIRST.indexOf(operationId);
    return first < 0 ? FIRST.length : first;
  };
  return [...DESCRIBED_OPERATIONS].sort((a, b) => place(a) - place(b));
}

type Question = { readonly name: string; readonly value: unknown };

function questionsOf(operation: DescribedOperation): readonly Question[] {
  const bodies: readonly Question[] = exampleBodies(operation).filter(({ type }) => type === "application/json");
  const more = UNPUBLISHED[operation.described.operationId];
  const all = more === undefined ? bodies : [...bodies, more];
  return all.length > 0 ? all : [{ name: "answer", value: undefined }];
}

async function untilOver(url: string, adminKey: string, operationId: string): Promise<void> {
  const goesOn = GOES_ON[operationId];
  if (goesOn === undefined) return;
  await until(`${operationId} to be done`, async () => {
    const response = await fetch(url + goesOn.path, { headers: { Authorization: `Bearer ${adminKey}` } });
    return goesOn.isOver.test(await response.text());
  });
}

async function makeKey(url: string, adminKey: string, role: string): Promise<string> {
  const response = await fetch(`${url}/v1/keys`, {
    method: "POST",
    headers: { Authorization: `Bearer ${adminKey}`, "Content-Type": "application/json" },
    body: JSON.stringify({ source: role === "writer" ? "shop" : "counsel", roles: [role], ledgers: ["main"] }),
  });
  return (readJson(await response.text()) as { key: string }).key;
}

async function finalAnchor(url: string): Promise<void> {
  await until("an anchor to be final", async () => {
    const { finalSize } = readJson(await (await fetch(`${url}/v1/ledgers/main`)).text()) as { finalSize: number };
    return finalSize > 0;
  });
}

type Answered = { readonly status: number; readonly value: unknown };

/** What is answered well and as JSON. */
async function ask(
  url: string,
  operation: DescribedOperation,
  keys: Keys,
  value: unknown,
): Promise<Answered | undefined> {
  const { method, route, described } = operation;
  // What does not end, and what is the description itself.
  if (["tailEvents", "exportEvents", "exportLedger", "openapi"].includes(described.operationId)) return undefined;
  const names = described.parameters.filter((each) => each.in === "query").map(({ name }) => name);
  const few = Object.fromEntries(Object.entries(FEW).filter(([name]) => names.includes(name)));
  const query = names.includes("record") ? "msg=signed+in&level=info" : exampleQuery(described, few);
  const isForeign = route.startsWith("/services/") || route === "/v1/logs";
  // An administrator neither lifts holds nor erases.
  const own = ["liftHold", "erase"].includes(described.operationId) ? keys.privacy : keys.admin;
  const headers: Record<string, string> = { Authorization: `Bearer ${isForeign ? keys.sender : own}` };
  if (route.startsWith("/services/")) headers["X-Splunk-Request-Channel"] = "c1";
  if (route.startsWith("/in/")) delete headers.Authorization;
  if (value !== undefined) headers["Content-Type"] = "application/json";
  const id = described.operationId === "revokeKey" ? await someKey(url, keys) : undefined;
  const hold = described.operationId === "liftHold" ? await someHold(url, keys) : undefined;
  const erasure = described.operationId === "readErasure" ? await someErasure(url, keys) : undefined;
  const audit = described.operationId === "readAudit" ? await someAudit(url, keys) : undefined;
  const alert = route.startsWith("/v1/alert") ? await someAlert(url, keys) : undefined;
  const given = {
    ...(audit !== undefined && { audit }),
    ...(alert !== undefined && { alert }),
    ...(id !== undefined && { id }),
    ...(hold !== undefined && { hold }),
    ...(erasure !== undefined && { erasure }),
  };
  const path = examplePath(route, described, { key: keys.sender, ...given });
  const response = await fetch(`${url}${path}?${query}`, {
    method,
    headers,
    ...(value !== undefined && { body: JSON.stringify(value) }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
  return response.ok && isJson ? { status: response.status, value: readJson(text) } : undefined;
}

/** One that may be ended. */
async function someKey(url: string, { admin }: Keys): Promise<string | undefined> {
  const response = await fetch(`${url}/v1/keys`, { headers: { Authorization: `Bearer ${admin}` } });
  const { keys } = readJson(await response.text()) as { keys: { id: string; source: string }[] };
  return keys.find(({ source }) => source === "billing")?.id;
}

async function someHold(url: string, { admin }: Keys): Promise<string | undefined> {
  const response = await fetch(`${url}/v1/ledgers/main/holds`, { headers: { Authorization: `Bearer ${admin}` } });
  return (readJson(await response.text()) as { holds: { id: string }[] }).holds[0]?.id;
}

async function someAudit(url: string, { admin }: Keys): Promise<string | undefined> {
  const response = await fetch(`${url}/v1/ledgers/main/audits`, { headers: { Authorization: `Bearer ${admin}` } });
  return (readJson(await response.text()) as { audits: { id: string }[] }).audits[0]?.id;
}

/** One that fires. */
async function someAlert(url: string, { admin }: Keys): Promise<string | undefined> {
  let id: string | undefined;
  await until("an alert fires", async () => {
    const response = await fetch(`${url}/v1/alerts`, { headers: { Authorization: `Bearer ${admin}` } });
    id = (readJson(await response.text()) as { firing: { id: string }[] }).firing[0]?.id;
    return id !== undefined;
  });
  return id;
}

async function someErasure(url: string, { admin }: Keys): Promise<string | undefined> {
  const response = await fetch(`${url}/v1/ledgers/main/erasures`, { headers: { Authorization: `Bearer ${admin}` } });
  return (readJson(await response.text()) as { erasures: { id: string }[] }).erasures[0]?.id;
}

function withoutKeys(value: unknown, { admin, sender }: Keys): unknown {
  const text = JSON.stringify(value).replaceAll(/hf_[A-Za-z0-9_-]{43}/g, MADE_UP);
  if (text.includes(admin) || text.includes(sender)) throw new Error("a key stands in an example");
  return readJson(text);
}

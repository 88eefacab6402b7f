/** GitHub's webhooks: every published example payload becomes an event, and no payload is refused. */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import test from "node:test";
import fc from "fast-check";
import { checkEvent, EVENT_LIMITS, type EventLimits } from "../../../src/entry/event.ts";
import { prepareEntry } from "../../../src/entry/prepare.ts";
import type { Adapted } from "../../../src/ingest/adapt-item.ts";
import { github } from "../../../src/ingest/formats/github.ts";
import { keccak256 } from "../../../src/merkle/hash.ts";
import { adaptAll, itemsOf } from "../deliveries.ts";

type Example = { readonly kind: string; readonly origin: string; readonly payload: Record<string, never> };

const require = createRequire(import.meta.url);
const ORIGINS = ["api.github.com", "ghes-31", "ghes-32", "ghes-33", "ghes-34", "ghes-35"];
const examples: Example[] = ORIGINS.flatMap((origin) => {
  const groups = require(`@octokit/webhooks-examples/${origin}/index.json`) as {
    name: string;
    examples: Record<string, never>[];
  }[];
  return groups.flatMap(({ name, examples }) => examples.map((payload) => ({ kind: name, origin, payload })));
});

function deliver(text: string, headers: Readonly<Record<string, string>>, limits?: EventLimits): Adapted {
  const [adapted] = adaptAll(github, itemsOf(github, text, headers), limits);
  assert.ok(adapted);
  return adapted;
}

function adapt(kind: string | undefined, payload: unknown, id = "72d3162e-cc78-11e3-81ab-4c9367dc0958") {
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  return deliver(text, { "x-github-delivery": id, ...(kind === undefined ? {} : { "x-github-event": kind }) });
}

function find(kind: string, action?: string): Record<string, never> {
  const found = examples.find((each) => each.kind === kind && (action === undefined || each.payload.action === action));
  assert.ok(found, `no example of ${kind} ${action}`);
  return found.payload;
}

test("every example that GitHub's community has published becomes an event without losing anything", () => {
  assert.ok(examples.length > 500, `expected more than 500 examples, got ${examples.length}`);
  for (const { kind, origin, payload } of examples) {
    const { event, notes } = adapt(kind, payload);
    const about = `${origin} ${event.action}`;
    assert.equal(checkEvent(event), event, about);
    const action = payload.action === undefined ? "" : `.${payload.action}`;
    assert.equal(event.action, `com.github.${kind}${action}`, about);
    assert.ok(!notes.includes("mapping_reduced") && !notes.includes("mapping_failed"), about);
    const sender = payload.sender as { id: number; login: string } | undefined;
    assert.equal(event.actor.id, sender === undefined ? "github" : String(sender.id), about);
    assert.equal(event.actor.name, sender?.login, about);
    assert.ok(JSON.stringify(event).length < 2000, `${about} is larger than it needs to be`);
    assert.equal(prepareEntry(event, { hash: keccak256, salts: (n) => new Uint8Array(16 * n) }).id, event.id);
  }
});

test("every example about a repository names it as a target", () => {
  for (const { kind, payload } of examples) {
    const repository = payload.repository as { full_name: string; id: number } | undefined;
    if (repository === undefined) continue;
    const target = adapt(kind, payload).event.targets?.find(({ type }) => type === "repository");
    assert.deepEqual([target?.id, target?.name], [String(repository.id), repository.full_name], kind);
  }
});

test("a push is mapped with what it moved and when GitHub took it", () => {
  const { event, notes } = adapt("push", find("push"));
  assert.deepEqual(notes, []);
  assert.deepEqual(event, {
    action: "com.github.push",
    time: "2019-05-15T15:20:57.000Z",
    actor: { type: "user", id: "21031067", name: "Codertocat" },
    id: "72d3162e-cc78-11e3-81ab-4c9367dc0958",
    context: { request_id: "72d3162e-cc78-11e3-81ab-4c9367dc0958" },
    source: "github.com",
    targets: [
      { type: "head_commit", id: "6113728f27ae82c7b1a177c8d03f9e96e0adf246" },
      {
        type: "repository",
        id: "186853002",
        name: "Codertocat/Hello-World",
        attrs: { url: "https://github.com/Codertocat/Hello-World" },
      },
    ],
    metadata: {
      ref: "refs/tags/simple-tag",
      before: "0000000000000000000000000000000000000000",
      after: "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
      created: true,
      deleted: false,
      forced: false,
      compare: "https://github.com/Codertocat/Hello-World/compare/simple-tag",
    },
  });
});

test("what an event is about is its first target, and its own newest time is the event's", () => {
  const pull = adapt("pull_request", find("pull_request", "opened"));
  assert.equal(pull.event.targets?.[0]?.type, "pull_request");
  assert.equal(pull.event.targets?.[0]?.name, "Update the README with new information.");
  assert.deepEqual(pull.event.targets?.[0]?.attrs?.number, 2);
  assert.deepEqual(pull.notes, []);
  assert.equal(adapt("milestone", find("milestone", "closed")).event.time, "2019-05-15T15:20:18Z");
  assert.equal(adapt("issue_comment", find("issue_comment", "created")).event.targets?.[0]?.type, "comment");
  assert.equal(adapt("star", find("star", "created")).event.time, "2019-05-15T15:20:40Z");
});

test("where the payload does not say when it happened, the time of receipt stands in and is noted", () => {
  for (const [kind, action] of [
    ["member", "added"],
    ["label", "deleted"],
    ["release", "deleted"],
  ] as const) {
    const { event, notes } = adapt(kind, find(kind, action));
    assert.deepEqual([event.time, notes], ["2030-01-01T00:00:00.000Z", ["time_of_receipt"]], `${kind} ${action}`);
  }
});

test("a bot is a service, an absent sender is GitHub itself, and an organization is the tenant", () => {
  const bot = adapt("push", { sender: { id: 5, login: "dependabot[bot]", type: "Bot" } });
  assert.deepEqual(bot.event.actor, { type: "service", id: "5", name: "dependabot[bot]" });
  const none = adapt("security_advisory", find("security_advisory"));
  assert.deepEqual(none.event.actor, { type: "system", id: "github" });
  assert.equal(none.event.targets?.[0]?.id, "GHSA-rf4j-j272-fj86");
  const tenant = adapt("team", find("team", "created"));
  assert.equal(tenant.event.tenant, "Octocoders");
});

test("the source is the host that the payload names, GitHub's own or another", () => {
  assert.equal(
    adapt("push", { repository: { id: 1, html_url: "https://git.example.com:8443/a/b" } }).event.source,
    "git.example.com:8443",
  );
  assert.equal(
    adapt("team", { organization: { id: 1 }, sender: { html_url: "http://ghe.local/u" } }).event.source,
    "ghe.local",
  );
  assert.equal(adapt("team", { sender: { html_url: "ftp://x" } }).event.source, "github.com");
  assert.equal(adapt("push", find("push")).event.source, "github.com");
});

test("an integer that JSON cannot carry exactly is used digit for digit", () => {
  const text = '{"sender":{"id":12345678901234567890,"node_id":"U_x","login":"a"},"size":1e400,"ok":1}';
  const { event } = adapt("push", text);
  assert.deepEqual(event.actor, { type: "user", id: "12345678901234567890", name: "a" });
  assert.deepEqual(event.metadata, { size: "1e400", ok: 1 });
});

test("every published example says the same as a form, which is GitHub's default, as it does as JSON", () => {
  for (const { kind, payload } of examples) {
    const text = JSON.stringify(payload);
    const form = new URLSearchParams({ payload: text }).toString();
    assert.deepEqual(adapt(kind, form), adapt(kind, text), kind);
  }
});

test("a payload that is no JSON object, or of no known kind, is recorded all the same", () => {
  for (const text of ["", "{", "null", "[]", "7", '"x"', "payload=7", "payload=%7", "payloads=%7B%7D"]) {
    const { event, notes } = adapt("push", text);
    assert.equal(event.action, "com.github.push");
    assert.deepEqual(event.actor, { type: "system", id: "github" });
    assert.deepEqual(notes, ["time_of_receipt", "text_unreadable"], text);
  }
  assert.equal(adapt(undefined, {}).event.action, "com.github.unknown");
  assert.equal(adapt("", {}).event.action, "com.github._");
  assert.equal(adapt("a b.ü", { action: "x/y z" }).event.action, "com.github.a_b__.x_y_z");
});

test("a mapping beyond the limits is cut down to what is required, and says so", () => {
  const limits = { ...EVENT_LIMITS, bytesMax: 250 };
  const text = JSON.stringify(find("push"));
  const headers = { "x-github-event": "push", "x-github-delivery": "d1" };
  const { event, notes } = deliver(text, headers, limits);
  assert.deepEqual(Object.keys(event), ["id", "action", "time", "actor"]);
  assert.deepEqual(notes, ["mapping_reduced"]);
  assert.throws(() => deliver(text, headers, { ...limits, bytesMax: 10 }), RangeError);
});

test("an id that no event may have is dropped rather than the event", () => {
  const { event, notes } = adapt("push", find("push"), "x".repeat(300));
  assert.deepEqual(Object.keys(event), ["action", "time", "actor"]);
  assert.equal(event.action, "github.item");
  assert.deepEqual(notes, ["time_of_receipt", "mapping_failed"]);
});

test("whatever the payload holds, it becomes an event", () => {
  const key = fc.constantFrom(
    "action",
    "sender",
    "repository",
    "issue",
    "ref",
    "created_at",
    "organization",
    "_x",
    "É",
    "id",
  );
  const leaf = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.double(),
    fc.boolean(),
    fc.constant("\ud800"),
    fc.constant(null),
  );
  const part = fc.dictionary(fc.oneof(key, fc.constantFrom("login", "html_url", "updated_at", "node_id")), leaf);
  const payload = fc.dictionary(key, fc.oneof(leaf, part, fc.array(part)));
  fc.assert(
    fc.property(
      payload,
      fc.oneof(fc.constantFrom("issues", "push", "toString", "__proto__"), fc.string()),
      (value, kind) => {
        const { event, notes } = adapt(kind, value);
        assert.equal(checkEvent(event), event);
        assert.ok(!notes.includes("mapping_failed"), JSON.stringify(event));
      },
    ),
    { seed: 20_260_301, numRuns: 300 },
  );
});

test("many large parts and texts are left to the exact text", () => {
  const parts = Object.fromEntries(
    Array.from({ length: 200 }, (_, i) => [`part_${i}`, { id: "€".repeat(250), name: "€".repeat(250) }]),
  );
  const texts = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`text_${i}`, "€".repeat(256)]));
  const { event, notes } = adapt("push", { ...parts, ...texts, long: "x".repeat(1000) });
  assert.equal(event.targets?.length, 16);
  assert.equal(Object.keys(event.metadata ?? {}).length, 32);
  assert.deepEqual(notes, ["time_of_receipt"]);
});

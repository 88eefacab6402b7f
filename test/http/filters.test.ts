/** Questions as URLs: every time and identifier that is recorded can be asked for, and what nothing can match is refused. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { ask, codeOf, event, type Running, startService } from "./service.ts";

let service: Running;
let key: string;

before(async () => {
  service = await startService();
  key = await service.key(["admin"], "tests");
});
after(() => service.close());

/** Records an event and returns its index. */
async function record(more: Readonly<Record<string, unknown>>): Promise<number> {
  const answer = await ask(service, "POST /v1/ledgers/main/events", { key, body: event(more) });
  assert.equal(answer.status, 201, answer.text);
  return answer.as("Bundle").entry.index;
}

async function find(parameters: Readonly<Record<string, string>>): Promise<number[]> {
  const query = new URLSearchParams({ limit: "1000", ...parameters });
  const answer = await ask(service, `GET /v1/ledgers/main/events?${query}`, { key });
  assert.equal(answer.status, 200, answer.text);
  return answer.as("Events").events.map(({ index }) => index);
}

test("every time that an event may have can be asked for in its own spelling", async () => {
  const times: readonly (readonly [time: string, asMs: number])[] = [
    ["2016-12-31T23:59:60Z", 1_483_228_800_000],
    ["2026-11-20t09:29:00z", 1_795_166_940_000],
    ["2026-11-20T09:29:00.123456789+05:45", 1_795_146_240_123],
    ["1969-12-31T23:59:59.9Z", -100],
    ["0001-01-01T00:00:00Z", -62_135_596_800_000],
    ["9999-12-31T23:59:59-23:59", 253_402_387_139_000],
  ];
  for (const [time, asMs] of times) {
    const index = await record({ time });
    for (const spelled of [time, String(asMs)]) {
      assert.ok((await find({ occurredSince: spelled })).includes(index), `since ${spelled}`);
      assert.ok(!(await find({ occurredUntil: spelled })).includes(index), `until ${spelled}`);
    }
    assert.deepEqual(await find({ occurredSince: time, occurredUntil: String(asMs + 1) }), [index], time);
  }
  const day = await record({ time: "2031-05-06T00:00:00Z" });
  assert.deepEqual(await find({ occurredSince: "2031-05-06", occurredUntil: "2031-05-07" }), [day]);
});

test("what is no time is refused, and so are seconds where milliseconds stand", async () => {
  const wrong = ["soon", "2026-02-30T00:00:00Z", "2026-02-30", "2026-11-20 09:30:00Z", "1795763652", "1.5", "--1", ""];
  for (const name of ["since", "until", "occurredSince", "occurredUntil"]) {
    for (const time of [...wrong, "2026-11-20T09:30:00 01:00"]) {
      const query = new URLSearchParams({ [name]: time });
      const answer = await ask(service, `GET /v1/ledgers/main/events?${query}`, { key });
      assert.equal(codeOf(answer), "400 parameter_invalid", `${name} ${time}`);
      assert.equal(answer.as("Problem").errors?.[0]?.path, `/${name}`);
      assert.match(
        answer.as("Problem").detail,
        /expected an RFC 3339 time such as .* milliseconds \(not seconds\) since 1970/,
      );
    }
  }
  const counts = await ask(service, "GET /v1/ledgers/main/stats?since=1795763652", { key });
  assert.equal(codeOf(counts), "400 parameter_invalid");
});

test("the longest identifiers that are recorded can be searched", async () => {
  for (const id of ["x".repeat(2048), "漢".repeat(2048), "💥".repeat(1024), ",".repeat(2048)]) {
    const index = await record({ actor: { type: "user", id }, targets: [{ type: "t".repeat(256), id }] });
    const spelled = id.replaceAll(",", "\\,");
    assert.deepEqual(await find({ actor: spelled }), [index]);
    assert.deepEqual(await find({ actor: `user:${spelled}` }), [index]);
    assert.deepEqual(await find({ target: `${"t".repeat(256)}:${spelled}` }), [index]);
  }
});

test("an action with a space, and a type of the sender's own, are recorded and found", async () => {
  const index = await record({
    action: "User logged in",
    actor: { type: "API key", id: "k-1" },
    metadata: { tags: ["a", "b"], nested: { at: [1] } },
  });
  assert.deepEqual(await find({ action: "User logged in" }), [index]);
  assert.deepEqual(await find({ actor: "API key:k-1" }), [index]);
  assert.deepEqual(await find({ actor: "API key:*" }), [index]);
});

test("a filter that no event can match is refused by its name", async () => {
  const queries = [
    "action=user.login,user.logout",
    "action=*",
    "action=us*",
    "action=user.*,x",
    "actor=u1,u2",
    "actor=us*",
    "actor=*",
    "target=:*",
    "target=doc:d*",
    "onBehalfOf=*",
    "source=bill*",
    "tenant=a,b",
    "id=a,b",
    "from=5&to=5",
    "since=2026-11-20&until=2026-11-20",
    "occurredSince=2026-11-21&occurredUntil=2026-11-20",
  ];
  for (const query of queries) {
    const answer = await ask(service, `GET /v1/ledgers/main/events?${query}`, { key });
    assert.equal(codeOf(answer), "400 query_invalid", query);
  }
  const unknown = [
    "outcome=ok",
    "outcome=success,denied",
    "key=billing",
    "key=0123456789ABCDEF",
    "format=gihub",
    "to=",
  ];
  for (const query of unknown) {
    const answer = await ask(service, `GET /v1/ledgers/main/events?${query}`, { key });
    assert.equal(codeOf(answer), "400 parameter_invalid", query);
  }
  const known = await ask(service, "GET /v1/ledgers/main/events?format=gihub", { key });
  assert.match(known.as("Problem").detail, /expected one of native, \w+, /);
  for (const format of ["native", "github", "holdfast"]) await find({ format });
});

test("a member with a comma in its name can be withheld by its name", async () => {
  const index = await record({ "ssn,dob": "078-05-1120", ssn: 1 });
  const bundle = async (omit: string) => {
    const query = new URLSearchParams({ omit });
    return await ask(service, `GET /v1/ledgers/main/events/${index}/bundle?${query}`, { key });
  };
  const withheld = (await bundle("ssn\\,dob,time")).text;
  assert.ok(!withheld.includes("078-05-1120") && withheld.includes('\\"ssn\\":1') && !withheld.includes("09:30"));
  assert.equal(codeOf(await bundle("ssn,dob")), "400 member_unknown", "nothing is disclosed by a list of other names");
});

test("what was recorded as it came because nothing sure could be made of it is found together", async () => {
  const headers = { "X-GitHub-Event": "push", "X-GitHub-Delivery": "d-1" };
  const send = (body: string, more = {}) =>
    ask(service, "POST /v1/ledgers/main/ingest/github", { key, body, headers: { ...headers, ...more } });
  assert.equal((await send('{"zen":')).status, 200);
  assert.equal((await send("{}", { "X-GitHub-Delivery": "d-2" })).status, 200);
  const all = await find({ format: "github" });
  const quarantined = await find({ quarantined: "true" });
  assert.equal(all.length, 2);
  assert.deepEqual(quarantined, all.slice(0, 1));
  assert.deepEqual(await find({ quarantined: "true", format: "native" }), []);
  for (const wrong of ["false", "yes", "1", ""]) {
    const answer = await ask(service, `GET /v1/ledgers/main/events?quarantined=${wrong}`, { key });
    assert.equal(codeOf(answer), "400 parameter_invalid", wrong);
  }
});

/** A foreign request that shows several keys: which counts, and that two that differ are refused, whoever they are. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { type Answer, ask, codeOf, type Running, startService } from "../service.ts";

let service: Running;
let one: string;
let two: string;

before(async () => {
  service = await startService({ keysInQuery: true });
  one = await service.key(["writer"], "one", ["main"]);
  two = await service.key(["writer"], "two", ["main"]);
});
after(() => service.close());

const basic = (password: string): string => `Basic ${Buffer.from(`x:${password}`).toString("base64")}`;

/** Ways to show a key: a path, headers, or the query. */
type Place = (key: string) => {
  readonly path?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
};
const PLACES: Readonly<Record<string, Place>> = {
  "the path": (key) => ({ path: `/in/${key}/gitlab` }),
  Bearer: (key) => ({ headers: { Authorization: `Bearer ${key}` } }),
  Splunk: (key) => ({ headers: { Authorization: `Splunk ${key}` } }),
  Basic: (key) => ({ headers: { Authorization: basic(key) } }),
  "X-Amz-Firehose-Access-Key": (key) => ({ headers: { "X-Amz-Firehose-Access-Key": key } }),
  "X-API-Key": (key) => ({ headers: { "X-API-Key": key } }),
  "X-Gitlab-Token": (key) => ({ headers: { "X-Gitlab-Token": key } }),
  access_token: (key) => ({ query: `?access_token=${key}` }),
};
const IN_AUTHORIZATION: readonly string[] = ["Bearer", "Splunk", "Basic"];

function send(...shown: readonly ReturnType<Place>[]): Promise<Answer> {
  const { path = "/v1/ledgers/main/ingest/gitlab" } = shown.find((each) => each.path !== undefined) ?? {};
  const { query = "" } = shown.find((each) => each.query !== undefined) ?? {};
  const headers = Object.assign({}, ...shown.map((each) => each.headers ?? {}));
  return ask(service, `POST ${path}${query}`, { body: { object_kind: "push" }, headers });
}

test("a key is taken wherever it stands, and at two places when it is the same one", async () => {
  const names = Object.keys(PLACES);
  for (const name of names) assert.equal((await send(PLACES[name]?.(one) ?? {})).status, 200, name);
  for (const [first, second] of pairs(names)) {
    const answer = await send(PLACES[first]?.(one) ?? {}, PLACES[second]?.(one) ?? {});
    assert.equal(answer.status, 200, `${first} and ${second}: ${answer.text}`);
  }
});

test("two keys that differ are refused wherever they stand, whether both are right or one is none, and nothing is recorded", async () => {
  const before = service.ledgers.get("main")?.size;
  for (const [first, second] of pairs(Object.keys(PLACES))) {
    for (const [a, b] of [
      [one, two],
      [one, "hf_unknown"],
      ["hf_unknown", one],
    ] as const) {
      const answer = await send(PLACES[first]?.(a) ?? {}, PLACES[second]?.(b) ?? {});
      assert.equal(codeOf(answer), "401 key_invalid", `${first} and ${second}`);
      assert.match(answer.text, /expected one key, got different ones in [\w -]+ and [\w -]+; leave one of them out/);
      for (const key of [one, two]) assert.ok(!answer.text.includes(key));
    }
  }
  assert.equal(service.ledgers.get("main")?.size, before);
});

test("what is no key is left aside where a key stands elsewhere, as the password of a proxy is, and refused alone", async () => {
  const password = { headers: { Authorization: basic("of-a-proxy") } };
  const token = { headers: { Authorization: "Bearer eyJhbGciOiJub25lIn0.e30." } };
  for (const other of [password, token]) {
    assert.equal((await send({ path: `/in/${one}/gitlab` }, other)).status, 200);
    assert.equal((await send({ headers: { "X-API-Key": one } }, other)).status, 200);
    assert.equal(codeOf(await send(other)), "401 key_invalid");
  }
  assert.equal(codeOf(await send({ path: "/in/nobody/gitlab" }, password)), "401 key_invalid");
});

/** Two places that one request can have. */
function pairs(names: readonly string[]): (readonly [string, string])[] {
  return names.flatMap((first, i) =>
    names
      .slice(i + 1)
      .filter((second) => !(IN_AUTHORIZATION.includes(first) && IN_AUTHORIZATION.includes(second)))
      .map((second) => [first, second] as const),
  );
}

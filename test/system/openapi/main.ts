/**
 * `npm run test:openapi`: openapi-spec-validator says whether the published description is a document of OpenAPI 3.1, and schemathesis (https://schemathesis.readthedocs.io) reads the published description and tries a service
 * by it, in all its phases, a fresh service for each seed. It is Python's and is installed into a folder of its own; where that
 * cannot be done it is said loudly. What it cannot know is in schemathesis.toml, with a reason for each.
 */

import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { openApi } from "../../../src/http/api/description/openapi.ts";
import { readJson } from "../../../src/json/read.ts";
import { type Config, readConfig } from "../../../src/service/config.ts";
import { startService } from "../../../src/service/service.ts";
import { startDemo } from "../../web/demo-service.ts";
import { takeExamples } from "./answers.ts";

const VERSION = "4.32.5";
const VALIDATOR_VERSION = "0.9.0";
const FOLDER = join(tmpdir(), `holdfast-openapi-${VERSION}-${VALIDATOR_VERSION}`);
const EXAMPLES = join(import.meta.dirname, "../../../src/http/api/description/answers.json");

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1,2,3" },
    examples: { type: "string", default: "30" },
    workers: { type: "string", default: "1" },
    only: { type: "string" },
    "write-examples": { type: "boolean", default: false },
  },
});

function run(command: string, args: readonly string[]): SpawnSyncReturns<Buffer> {
  return spawnSync(command, args, { stdio: ["ignore", "ignore", 2] });
}

/** The folder of the programs, installed when they are not there yet; undefined where they cannot be had. */
function findPrograms(): string | undefined {
  const folder = join(FOLDER, "bin");
  const isThere = () => ["schemathesis", "openapi-spec-validator"].every((name) => existsSync(join(folder, name)));
  if (isThere()) return folder;
  if (run("python3", ["-m", "venv", FOLDER]).status !== 0) return undefined;
  const wanted = [`schemathesis==${VERSION}`, `openapi-spec-validator==${VALIDATOR_VERSION}`];
  const pip = run(join(folder, "pip"), ["install", "--quiet", ...wanted]);
  return pip.status === 0 && isThere() ? folder : undefined;
}

/** Whether the validator takes the description. */
async function isDocument(folder: string): Promise<boolean> {
  const data = await mkdtemp(join(tmpdir(), "holdfast-openapi-"));
  try {
    const file = join(data, "openapi.json");
    await writeFile(file, JSON.stringify(openApi("0.0.0-test")));
    const { status } = spawnSync(join(folder, "openapi-spec-validator"), [file], { stdio: ["ignore", 1, 2] });
    return status === 0;
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}

/** Something fires as soon as there are events, and nobody hears of it. */
const FIRING: Config["alerts"] = {
  intervalS: 1,
  without: [],
  silentAfterS: {},
  searches: [
    {
      name: "logins_denied",
      title: "sign-ins are denied",
      filter: "outcome=denied",
      withinS: 86_400,
      atLeast: 1,
      severity: "warning",
    },
  ],
  channels: [{ name: "chat", from: "warning", slack: { url: "http://127.0.0.1:9/" } }],
};

/** Somebody elsewhere who never says anything. */
const WATCHERS: Config["watchers"] = [
  { ledger: "main", name: "outside", key: `0x${"a1".repeat(20)}`, everyMs: 3_600_000 },
];

/** Writes the examples of answers anew. */
async function writeExamples(): Promise<void> {
  const demo = await startDemo(0, { alerts: FIRING });
  try {
    await writeFile(EXAMPLES, `${JSON.stringify(await takeExamples(demo))}\n`);
  } finally {
    await demo.close();
  }
}

type MadeKey = { readonly id: string; readonly key: string };

async function post(url: string, key: string, body: object): Promise<unknown> {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${text}`);
  return readJson(text);
}

/** The id of an alert, as soon as one fires. */
async function firstAlert(url: string, key: string): Promise<string> {
  const signal = AbortSignal.timeout(60_000);
  for (;;) {
    const response = await fetch(`${url}/v1/alerts`, { headers: { Authorization: `Bearer ${key}` }, signal });
    const { firing } = readJson(await response.text()) as { readonly firing: readonly { readonly id: string }[] };
    if (firing[0] !== undefined) return firing[0].id;
    await sleep(200, undefined, { signal });
  }
}

/** How often each operation was answered with which status, by its id. */
type Answered = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** What an operation is answered that needs what cannot be drawn: a word of now that is signed, as in test/http/watchers.test.ts. */
const FURTHEST: Readonly<Record<string, number>> = { takeWord: 409 };

/** Operations that were tried and never answered as they are meant to, with what they were answered. */
async function unreached(file: string): Promise<string[]> {
  const answered = readJson(await readFile(file, "utf8")) as Answered;
  const isMet = ([operation, statuses]: readonly [string, object]) =>
    Object.keys(statuses).some((status) => Number(status) < 400 || Number(status) === FURTHEST[operation]);
  const others = Object.entries(answered).filter((each) => !isMet(each));
  return others.map(([operation, statuses]) => `${operation} was answered ${Object.keys(statuses).join(", ")} alone`);
}

/** So many of what can be taken away once. */
const SPARE = 12;

/** Fills a service with one thing of each kind and more of what goes. @returns keys, and what paths lead to, by parameters */
async function prepare(url: string, adminKey: string): Promise<Record<string, string>> {
  const makeKey = async (source: string, role: string) =>
    (await post(`${url}/v1/keys`, adminKey, { source, roles: [role], ledgers: ["main"] })) as MadeKey;
  const main = `${url}/v1/ledgers/main`;
  const sender = await makeKey("sender", "writer");
  const privacy = await makeKey("counsel", "privacy");
  const event = (n: number) => ({
    action: "user.login",
    actor: { type: "user", id: `u${n}` },
    outcome: n === 0 ? "denied" : "success",
    time: "2026-11-20T09:30:00Z",
  });
  await post(
    `${main}/events`,
    sender.key,
    Array.from({ length: 2 * SPARE }, (_, n) => event(n)),
  );
  const there: Record<string, string[]> = {
    ledger: ["main"],
    id: [],
    hold: [],
    erasure: [],
    audit: [],
    alert: [],
    watcher: ["outside"],
    index: ["0", "7"],
  };
  for (let n = 0; n < SPARE; n++) {
    there.id?.push((await makeKey(`spare-${n}`, "reader")).id);
    const held = { filter: `actor=user:u${n}`, reason: "a case" };
    there.hold?.push(((await post(`${main}/holds`, adminKey, held)) as { id: string }).id);
  }
  const erasing = { subject: `actor=user:u${SPARE}`, reason: "a request" };
  there.erasure?.push(((await post(`${main}/erasures`, privacy.key, erasing)) as { id: string }).id);
  there.audit?.push(((await post(`${main}/audits`, adminKey, { kind: "sample" })) as { id: string }).id);
  there.alert?.push(await firstAlert(url, adminKey));
  const { id: ledgerId } = readJson(await (await fetch(main)).text()) as { readonly id: string };
  return {
    HOLDFAST_SENDER: sender.key,
    HOLDFAST_PRIVACY: privacy.key,
    HOLDFAST_THERE: JSON.stringify(there),
    HOLDFAST_LEDGER_ID: ledgerId,
  };
}

/** Tries a fresh service. @returns the status of schemathesis, 0 when it found nothing */
async function tryWith(program: string, seed: string): Promise<number> {
  const data = await mkdtemp(join(tmpdir(), "holdfast-openapi-"));
  const settings = readConfig({ HOLDFAST_DATA: data, HOLDFAST_LISTEN: "127.0.0.1:0", HOLDFAST_LOG: "error" });
  const service = await startService({ ...settings, alerts: FIRING, watchers: WATCHERS }, "0.0.0-test");
  try {
    const adminKey = (await readFile(join(data, "admin.key"), "utf8")).trim();
    const args = [
      ["--config-file", join(import.meta.dirname, "schemathesis.toml")],
      ["run", `${service.url}/openapi.json`, "--url", service.url, "-H", `Authorization: Bearer ${adminKey}`],
      ["--phases", "examples,coverage,fuzzing,stateful", "--seed", seed],
      ["--max-examples", values.examples, "--workers", values.workers],
      ["--request-timeout", "60", "--no-color"],
      values.only === undefined ? [] : ["--include-operation-id", values.only],
    ].flat();
    const answers = join(data, "answered.json");
    const env = {
      ...process.env,
      HOLDFAST_ANSWERED: answers,
      ...(await prepare(service.url, adminKey)),
      SCHEMATHESIS_HOOKS: "hooks",
      PYTHONPATH: import.meta.dirname,
      PYTHONDONTWRITEBYTECODE: "1",
    };
    const child = spawn(program, args, { cwd: data, env, stdio: ["ignore", 1, 2] });
    const status = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (ended) => resolve(ended ?? 1));
    });
    const missed = await unreached(answers);
    for (const each of missed) process.stderr.write(`${each}, so that nothing was tried of it\n`);
    return missed.length === 0 ? status : 1;
  } finally {
    await service.close();
    await rm(data, { recursive: true, force: true });
  }
}

async function tryAll(): Promise<void> {
  const folder = findPrograms();
  if (folder === undefined) {
    process.stderr.write(
      "\nNOTHING WAS TRIED: schemathesis is not to be had; it needs python3 with venv, and PyPI.\n\n",
    );
    return;
  }
  if (!(await isDocument(folder))) {
    process.stderr.write("\nThe description is no document of OpenAPI 3.1; see above.\n");
    process.exitCode = 1;
    return;
  }
  const failed: string[] = [];
  for (const seed of values.seeds.split(",")) {
    if ((await tryWith(join(folder, "schemathesis"), seed)) !== 0) failed.push(seed);
  }
  if (failed.length === 0) return;
  process.stderr.write(`\nThe description and the service disagree, with the seeds ${failed.join(", ")}; see above.\n`);
  process.exitCode = 1;
}

await (values["write-examples"] ? writeExamples() : tryAll());

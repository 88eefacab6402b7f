/** What a running service does in steps, and is killed at each of them: how it is asked for, and what has to be true in the end. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { foundIn } from "../../encryption/planted.ts";
import { type ServiceProcess, waitFor } from "../service-process.ts";
import { namesOfArchives, verifyArchive } from "./archives.ts";
import { IN_CLEAR, type Kind } from "./ground.ts";
import { type Left, look } from "./reckoning.ts";
import { ADA, PLANTED, PLANTED_LOGIN } from "./senders.ts";

/** Asks as somebody who may do it. */
export type As = { readonly Authorization: string };

export type ServiceJob = {
  readonly name: string;
  readonly ground: Kind;
  /** What the service is told besides. @param data its folder */
  readonly config?: (data: string) => object;
  /** What has to be so before it is asked for. */
  readonly prepare?: (service: ServiceProcess, as: As) => Promise<void>;
  readonly begin: (service: ServiceProcess, as: As) => Promise<void>;
  /** After the next start: what an operator does who has had no answer. */
  readonly ensure: (service: ServiceProcess, as: As) => Promise<void>;
  readonly isDone: (service: ServiceProcess, as: As) => Promise<boolean>;
  /** What is to be left of an event in the end. */
  readonly leftOf: (id: string, index: number) => Left;
  /** The same, where the job itself has to say which of those that came meanwhile it found. */
  readonly leftBy?: (service: ServiceProcess, as: As) => Promise<(id: string, index: number) => Left>;
  /** Looked at right after a start, whatever the job has come to: nothing is half visible. */
  readonly look?: (service: ServiceProcess) => Promise<void>;
  /** What is in no file from the moment on in which it is said to be gone; in clear it would be found. */
  readonly gone?: string;
  /** The step with which it is said to be gone, where that is another one than usual. */
  readonly goneAt?: string;
  /** What is in the files of the stopped service in the end. */
  readonly files?: (data: string) => void | Promise<void>;
};

type Erasure = {
  readonly id: string;
  readonly step: string;
  readonly indexes: string;
  readonly archives?: readonly { readonly name: string; readonly now?: string; readonly stays?: string }[];
};
type Erasures = { readonly erasures: readonly Erasure[] };
type Encryption = {
  readonly wrappedBy: { readonly version: string };
  readonly wraps: readonly { readonly version: string; readonly keys: number }[];
};

const ERASURES = "/v1/ledgers/main/erasures";
const RETENTION = "/v1/ledgers/main/retention";
const numberOf = (id: string) => (id.startsWith("early-") ? Number(id.slice("early-".length)) : undefined);
const isAdas = (id: string) => (numberOf(id) ?? 1) % 5 === 0;
const isLogin = (id: string) => (numberOf(id) ?? 7) % 8 !== 7;

/** The indexes of "3" or "5-9". */
function allOf(range: string): number[] {
  const [from = 0, last = from] = range.split("-").map(Number);
  return Array.from({ length: last - from + 1 }, (_, i) => from + i);
}

async function erase(service: ServiceProcess, as: As): Promise<void> {
  const wish = { subject: `actor=user:${ADA}`, reason: "case 7" };
  await service.json(202, `POST ${ERASURES}`, wish, as);
}

export const erasure: ServiceJob = {
  name: "erase",
  ground: "final",
  begin: erase,
  ensure: async (service, as) => {
    const { erasures } = await service.json<Erasures>(200, `GET ${ERASURES}`, undefined, as);
    if (erasures.length === 0) await erase(service, as);
  },
  isDone: async (service, as) => {
    const { erasures } = await service.json<Erasures>(200, `GET ${ERASURES}`, undefined, as);
    return erasures.length > 0 && erasures.every(({ step }) => step === "done");
  },
  leftOf: (id) => (isAdas(id) ? "digests" : "whole"),
  leftBy: async (service, as) => {
    const { erasures } = await service.json<Erasures>(200, `GET ${ERASURES}`, undefined, as);
    assert.equal(erasures.length, 1);
    const gone = new Set(erasures[0]?.indexes.split(",").flatMap(allOf));
    return (id, index) => {
      if (id.startsWith("early-")) assert.equal(gone.has(index), isAdas(id), id);
      return gone.has(index) ? "digests" : "whole";
    };
  },
  look: (service) => lookedAgain(service, [0, 195, 295]),
  gone: PLANTED,
};

/** Some entries are looked at from the first to the last and again: once one is gone, all that are looked at after it are. */
async function lookedAgain(service: ServiceProcess, indexes: readonly number[]): Promise<void> {
  let isGone = false;
  for (const index of [...indexes, ...indexes]) {
    const { left } = await look(service, index);
    if (isGone) assert.equal(left, "digests", `entry ${index} after another one was gone`);
    isGone ||= left === "digests";
  }
}

/** The index has them all, those that are to go among them. */
async function searched(service: ServiceProcess): Promise<void> {
  const path = `GET /v1/ledgers/main/events?id=early-0`;
  await waitFor("all events to be found", async () => (await service.ask(path)).text.includes('"early-0"'));
}

/** Where nothing is encrypted, so that what is left of the subject in a file would be found there: in the store, and in the index. */
const erasureInClear: ServiceJob = {
  ...erasure,
  name: "erase in clear",
  ground: "clear",
  prepare: searched,
};

async function putPolicy(service: ServiceProcess, as: As, after = "prune"): Promise<void> {
  const rules = [{ name: "logins", action: "user.*", keepAtMost: "PT1S", after }];
  await service.json(200, `PUT ${RETENTION}`, { rules, reason: "our schedule" }, as);
}

const pruning: ServiceJob = {
  name: "prune",
  ground: "final",
  begin: putPolicy,
  ensure: async (service, as) => {
    const { inForce } = await service.json<{ inForce?: unknown }>(200, `GET ${RETENTION}`);
    if (inForce == null) await putPolicy(service, as);
  },
  isDone: async (service) => {
    type Status = { readonly step?: string; readonly lastRunAt?: unknown; readonly isWorking: boolean };
    const status = await service.json<Status>(200, `GET ${RETENTION}/status`);
    const { left } = await look(service, 298);
    return left === "leaf hash" && status.step === undefined && !status.isWorking && status.lastRunAt !== undefined;
  },
  leftOf: (id) => (isLogin(id) ? "leaf hash" : "whole"),
  gone: PLANTED_LOGIN,
  look: async (service) => {
    for (const index of [0, 8, 255, 256, 298]) assert.notEqual((await look(service, index)).left, "digests");
  },
};

const pruningInClear: ServiceJob = {
  ...pruning,
  name: "prune in clear",
  ground: "clear",
  prepare: searched,
};

const archivesOf = (data: string) => join(data, "archives");
const withArchives = (data: string) => ({ archive: { folder: archivesOf(data), clear: true } });

/** One archive has them, whatever was killed; of a file that was never named at most the draft is there. */
const archiving: ServiceJob = {
  ...pruning,
  name: "archive, then prune",
  // The archive has it.
  gone: "",
  config: withArchives,
  begin: (service, as) => putPolicy(service, as, "archive_and_prune"),
  ensure: async (service, as) => {
    const { inForce } = await service.json<{ inForce?: unknown }>(200, `GET ${RETENTION}`);
    if (inForce == null) await putPolicy(service, as, "archive_and_prune");
  },
  files: (data) => {
    const archives = readdirSync(archivesOf(data));
    assert.equal(namesOfArchives(archivesOf(data)).length, 1, archives.join());
    assert.ok(archives.length <= 2, archives.join());
  },
};

/** An archive has what goes, some of it alone: it is written again, and told of, whenever the process ended. */
const erasureArchived: ServiceJob = {
  ...erasure,
  name: "erase, with an archive",
  config: withArchives,
  prepare: async (service, as) => {
    await putPolicy(service, as, "archive_and_prune");
    await waitFor("what is due to be pruned", () => pruning.isDone(service, as));
    assert.equal(foundIn(archivesOf(service.data), PLANTED).length, 1, "what is looked for would be found");
  },
  leftBy: async (service, as) => {
    const leftOf = await erasure.leftBy?.(service, as);
    const { erasures } = await service.json<Erasures>(200, `GET ${ERASURES}`, undefined, as);
    const became = erasures[0]?.archives?.map(({ name, now, stays }) => [name !== now, now, stays]);
    const [there] = namesOfArchives(archivesOf(service.data));
    assert.deepEqual(became, [[true, there, undefined]], JSON.stringify(erasures));
    return (id, index) => {
      const left = leftOf?.(id, index) ?? "whole";
      return isLogin(id) ? "leaf hash" : left;
    };
  },
  look: async (service) => lookedAgain(service, [15, 135, 295]),
  goneAt: "an erasure is rearchived",
  files: async (data) => {
    assert.equal(readdirSync(archivesOf(data)).length, 1);
    await verifyArchive(archivesOf(data));
  },
};

async function encryptionOf(service: ServiceProcess): Promise<Encryption> {
  return service.json<Encryption>(200, "GET /v1/encryption");
}

const rotation: ServiceJob = {
  name: "rotate",
  ground: "final",
  begin: async (service) => void (await service.json(200, "POST /v1/encryption/rotate")),
  ensure: async (service) => {
    const { wrappedBy } = await encryptionOf(service);
    assert.ok(["1", "2"].includes(wrappedBy.version), wrappedBy.version);
    if (wrappedBy.version === "1") await service.json(200, "POST /v1/encryption/rotate");
  },
  isDone: async (service) => (await encryptionOf(service)).wrappedBy.version === "2",
  leftOf: () => "whole",
};

const rewrapping: ServiceJob = {
  name: "rewrap",
  ground: "final",
  prepare: async (service) => void (await service.json(200, "POST /v1/encryption/rotate")),
  begin: async (service) => void (await service.json(202, "POST /v1/encryption/rewrap")),
  ensure: async (service) => void (await service.json(202, "POST /v1/encryption/rewrap")),
  isDone: async (service) => {
    const { state } = await service.json<{ state: string }>(200, "GET /v1/encryption/rewrap");
    assert.notEqual(state, "failed");
    const { wraps } = await encryptionOf(service);
    return state === "done" && wraps.every(({ version }) => version === "2");
  },
  leftOf: () => "whole",
};

/** What a service is started with besides. */
export function envOf({ ground, gone = "", goneAt = "" }: ServiceJob): Readonly<Record<string, string>> {
  const looked = { KILLED_GONE: gone, KILLED_GONE_AT: goneAt };
  return ground === "clear" ? { ...IN_CLEAR, ...looked } : looked;
}

/**
 * Looks at the files of a service that does not run.
 * @param log where its steps are written down
 * @param isDone whether the job was said to be done
 */
export function requireGone({ gone = "" }: ServiceJob, log: string, data: string, isDone: boolean): void {
  const left = `${log}.left`;
  const found = existsSync(left) ? readFileSync(left, "utf8") : "";
  assert.equal(found, "", `expected no file to have what was said to be gone, got ${found}`);
  if (isDone && gone !== "") assert.deepEqual(foundIn(data, gone), [], "what is done is so in the files");
}

/** Those whose end is that something is in no file any more. */
export const CLEAR_JOBS: readonly ServiceJob[] = [erasureInClear, pruningInClear];
export const SERVICE_JOBS: readonly ServiceJob[] = [
  erasure,
  pruning,
  ...CLEAR_JOBS,
  archiving,
  erasureArchived,
  rotation,
  rewrapping,
];

/** A ledger whose events are archived and pruned, in memory; its archives are in a folder. A step may end it as a kill would. */

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { ArchiveLock } from "../../../src/archive/age.ts";
import type { ArchivePlace } from "../../../src/archive/places/archive-place.ts";
import { FolderPlace } from "../../../src/archive/places/folder-place.ts";
import { Health } from "../../../src/health.ts";
import type { RetentionRule } from "../../../src/retention/policy.ts";
import { ServiceArchiver } from "../../../src/service/archiving/service-archiver.ts";
import { AUTHOR, DAY, hash, openPruned, type PrunedBench, recordActions, START } from "../../retention/pruned-bench.ts";
import { MemoryStore } from "../../store/memory-store.ts";

export const LOGINS: RetentionRule = {
  name: "logins",
  action: "user.*",
  keepAtMost: "P30D",
  after: "archive_and_prune",
  archiveFor: "P6Y",
};
export const ACTIONS = Array.from({ length: 120 }, (_, i) => (i % 3 === 0 ? "book.entry" : "user.login"));
export const DUE = ACTIONS.flatMap((action, i) => (action === "user.login" ? [i] : []));

export type World = {
  readonly store: MemoryStore;
  readonly folder: string;
  readonly clock: { now: number };
  lock: ArchiveLock;
  erasures: number;
  place: () => ArchivePlace;
  onStep: (step: string) => void | Promise<void>;
};

export function makeWorld(t: TestContext): World {
  const base = mkdtempSync(join(tmpdir(), "holdfast-archiving-"));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const folder = join(base, "archives");
  return {
    store: new MemoryStore(),
    folder,
    clock: { now: START },
    lock: undefined,
    erasures: 0,
    place: () => new FolderPlace(folder),
    onStep: () => undefined,
  };
}

export type Opened = PrunedBench & { readonly health: Health; prune(): Promise<void> };

/** As a start does. */
export async function openWorld(
  world: World,
  options: { readonly finalSize?: number; readonly archiveEveryMs?: number } = {},
): Promise<Opened> {
  const { store, clock } = world;
  const health = new Health();
  const onStep = (step: string) => world.onStep(step);
  const archiver = new ServiceArchiver({
    store,
    hash,
    open: () => ({ place: world.place(), lock: world.lock }),
    erasures: () => world.erasures,
    now: () => clock.now,
    onStep,
  });
  const bench = await openPruned(store, clock, { archiver, health, onStep, ...options });
  archiver.follow(bench.ledger);
  return { ...bench, health, prune: () => bench.retention.pruner.prune(bench.ledger.record.id) };
}

export async function endWorld({ ledger, indexer, retention }: Opened): Promise<void> {
  await retention.pruner.stop();
  await indexer.stop();
  await ledger.close();
}

/** Opened, with events and a policy under which some are due. */
export async function dueWorld(
  world: World,
  rules: readonly RetentionRule[] = [LOGINS],
  archiveEveryMs = 0,
): Promise<Opened> {
  const bench = await openWorld(world, { archiveEveryMs });
  await recordActions(bench, ACTIONS);
  await bench.retention.policies.put(bench.ledger, { rules, mayShorten: true }, AUTHOR);
  world.clock.now += 31 * DAY;
  return bench;
}

export async function prunedOf({ ledger }: PrunedBench): Promise<number[]> {
  const found: number[] = [];
  let index = 0;
  for await (const entry of ledger.entries(0, ledger.size)) {
    if (entry.pruned !== undefined) found.push(index);
    index++;
  }
  return found;
}

/** Everything that is in the folder of archives, hidden files too. */
export function filesOf({ folder }: World): string[] {
  return readdirSync(folder).sort();
}

export function codesOf({ health }: Opened): string[] {
  return health.conditions().map(({ code }) => code);
}

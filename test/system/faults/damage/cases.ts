/**
 * Cases of damaged files. Each damage is done to a copy of a data folder, which is audited, then served and looked at:
 * the damage is found by the audit or by the start, or it is harmless; and no answer is wrong because of it.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench, Filling, Place } from "../bench.ts";
import { sameFiles, snapshotOf } from "../files.ts";
import { reckon } from "../reckoning.ts";
import type { Case } from "../table.ts";
import { hasComplaint, namesWayOut, tailOf } from "../telling.ts";
import { Findings, type Result, resultOf } from "../verdict.ts";
import { startWithoutFault } from "../ways-out.ts";
import { type Damage, damagesOf } from "./damages.ts";
import { ask, Hosted, type Reply } from "./hosted.ts";
import { Judge } from "./judge.ts";

/** Processes that serve; each is used again until it dies. */
const idle: Record<Filling["chain"], Hosted[]> = { none: [], embedded: [] };

/** What an audit looks at; the rest is found when it is used. */
const AUDITED = /^(?:store|marks)\//;

export type DamageOptions = {
  readonly chain: Filling["chain"];
  /** Which files of the data folder. */
  readonly wanted: RegExp;
  readonly flips: number;
  readonly seed: number;
};

/** Cases for every file of a data folder, which is filled for that. */
export async function damageCases(bench: Bench, options: DamageOptions): Promise<Case[]> {
  const { chain, wanted, flips, seed } = options;
  const filling = { chain, ending: "SIGTERM", events: "many" } as const;
  const folder = await bench.filled(filling);
  return damagesOf(folder, wanted, flips, seed).map((damage) => ({
    name: `damage${chain === "none" ? "" : ", chain"}: ${damage.name}`,
    run: () => tryDamage(bench, filling, damage),
  }));
}

type Damaged = {
  readonly place: Place;
  readonly damage: Damage;
  /** Of the administrator, as it was. */
  readonly key: string;
  /** Whether the audit has a word to say of the damage. */
  readonly isFound: boolean;
};

/** Ends the processes that served. */
export async function endHosts(): Promise<void> {
  for (const hosted of [...idle.none.splice(0), ...idle.embedded.splice(0)]) await hosted.end();
}

function host(bench: Bench, { chain }: Filling): Hosted {
  return new Hosted(bench.root, bench.configFile(chain));
}

async function tryDamage(bench: Bench, filling: Filling, damage: Damage): Promise<Result> {
  const place = await bench.place(filling);
  const findings = new Findings();
  const hosted = idle[filling.chain].pop() ?? host(bench, filling);
  try {
    const key = readFileSync(join(place.data, "admin.key"), "utf8").trim();
    damage.apply(place.data);
    const isFound = await audit(hosted, place, findings);
    const alive = hosted.isAlive ? hosted : host(bench, filling);
    await serve(alive, { place, damage, key, isFound }, findings);
    if (alive.isAlive) idle[filling.chain].push(alive);
    const { outcome, texts } = resultOf(findings, 1);
    return { outcome, texts: damage.at === undefined ? texts : [...texts, damage.at] };
  } finally {
    await place.end();
  }
}

/** @returns whether the audit has a word to say of the damage */
async function audit(hosted: Hosted, { data }: Place, findings: Findings): Promise<boolean> {
  const before = snapshotOf(data);
  const { status, said, refused, died } = await hosted.ask("audit", data);
  const changed = sameFiles(before, snapshotOf(data));
  if (changed !== undefined) findings.add("changed", `the audit changed ${changed}`);
  if (died !== undefined) findings.add("died", `the audit ended with ${died}: ${tailOf(said)}`);
  return status !== 0 || refused !== undefined || hasComplaint(said);
}

async function serve(hosted: Hosted, damaged: Damaged, findings: Findings): Promise<void> {
  const { key, isFound } = damaged;
  const { data, witness } = damaged.place;
  const reply = await hosted.ask("start", data);
  if (reply.died !== undefined) findings.add("died", `the start ended with ${reply.died}: ${tailOf(reply.said)}`);
  if (reply.url === undefined) return judgeRefusal(reply, damaged, findings);
  const judge = new Judge(reply.url, key, witness, findings);
  const { url } = reply;
  const ready = await judge
    .run()
    .then(() => ask(url, key, "GET /readyz"))
    .catch(async (error: unknown) => {
      if (!(await hosted.hasDied())) throw error;
      findings.add("died", `the service ended while it was asked: ${tailOf(hosted.said)}`);
    });
  if (ready === undefined) return;
  const isTold = hasComplaint(hosted.said) || ready.status !== 200;
  if (judge.isDamageSeen && !isTold) findings.add("silent", "damage was met, and neither log nor /readyz has a word");
  if (judge.isDamageSeen && judge.conflicts === 0 && !isFound)
    findings.add("wrong", "the audit calls whole what cannot be answered right");
  if (damaged.damage.isMeaningful && !isFound && !isTold)
    findings.add("silent", "neither the audit nor the start has a word");
  if (judge.conflicts > 0)
    findings.add(isTold ? "recovered" : "wrong", `${judge.conflicts} events, sent again, are taken for others`);
  if (isFound) findings.add("recovered", "the audit found it");
  const stopped = await hosted.ask("stop", data);
  if (stopped.died !== undefined) findings.add("died", `the stop ended with ${stopped.died}: ${tailOf(stopped.said)}`);
}

async function judgeRefusal({ refused, died }: Reply, damaged: Damaged, findings: Findings): Promise<void> {
  const { place, damage, isFound } = damaged;
  if (refused === undefined) return;
  const { message } = refused;
  findings.add("recovered", `the start is refused: ${message.slice(0, 300)}`);
  if (died === undefined && !namesWayOut(message)) findings.add("refused", `no way out is named: ${message}`);
  if (/^index\//.test(damage.file)) findings.add("refused", `what is derived stops the service: ${message}`);
  if (!isFound && AUDITED.test(damage.file)) findings.add("wrong", `the audit calls whole what is refused: ${message}`);
  if (!message.includes("holdfast recover")) return;
  const walked = new Findings();
  const service = await startWithoutFault(place, walked);
  // Where something acknowledged may be missing it refuses, and rightly.
  if (service === undefined) return findings.add("recovered", walked.texts.join(" "));
  await reckon(service, place.witness, findings);
  await service.stop("SIGTERM");
}

/** The auditor of a service: what it asks of chains, keys, index and archives, and how its findings are counted. */

import { setTimeout as delay } from "node:timers/promises";
import { problemOfKept } from "../../archive/kept-problem.ts";
import { planChecks } from "../../audit/check-plan.ts";
import type { AnchorWitness } from "../../audit/checks/anchors.ts";
import type { AuditedArchives } from "../../audit/checks/archives.ts";
import type { AuditedKeys } from "../../audit/checks/keys.ts";
import { rememberedOf } from "../../audit/expected-size.ts";
import { Auditor, type AuditorOptions } from "../../audit/running/auditor.ts";
import type { Hash } from "../../merkle/hash.ts";
import type { Metrics } from "../../metrics.ts";
import { openPlace } from "../archiving/open-place.ts";
import { type Config, marksFolder } from "../config.ts";
import type { Indexes } from "../indexes.ts";
import { SegmentAudit } from "./segment-audit.ts";

export type AuditingParts = Omit<AuditorOptions, "plan" | "checksOf"> & {
  readonly config: Pick<Config, "audit" | "data" | "archive">;
  readonly witnesses: readonly AnchorWitness[];
  readonly keys: AuditedKeys | undefined;
  readonly indexes: Indexes;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: { warn(fields: object, message: string): void };
};

/** Before an index that differs is compared again. */
const PAUSE_MS = 1000;
const NO_INDEX = "there is no index to ask now";

export function openAuditor(parts: AuditingParts): Auditor {
  const { config, witnesses, keys, indexes, env, log, ...rest } = parts;
  const { store, hash, now } = parts;
  const { wholeS, sampleS, share, confidence, damaged } = config.audit;
  const marks = marksFolder(config.data);
  return new Auditor({
    ...rest,
    plan: { wholeMs: wholeS * 1000, sampleMs: sampleS * 1000, share, sample: { confidence, damaged } },
    checksOf: async ({ record }, kind, pace) => {
      const onSkipped = (message: string) => log.warn({ ledgerId: record.id }, message);
      const { remembered } = await rememberedOf({ store, record, marks, hash }, onSkipped);
      const indexer = indexes.get(record.name);
      const forget = (from: number, to: number) => indexes.forgetAll(record.name, [[from, to]], pace.signal);
      const held = indexer === undefined ? NO_INDEX : new SegmentAudit(indexer.segments, forget);
      const pause = () => delay(PAUSE_MS, undefined, { ref: false });
      return planChecks(kind, {
        remembered,
        witnesses,
        now,
        rest: pace.rest,
        keys,
        index: { held, pause },
        archives: archiveSource(config, { env, hash, signal: pace.signal }),
      });
    },
  });
}

/** Where archives are, as it is configured. @param parts `signal` ends what is asked of a bucket */
export function archiveSource(
  { archive, data }: Pick<Config, "archive" | "data">,
  { env, hash, signal }: Pick<AuditingParts, "env"> & { readonly hash: Hash; readonly signal: AbortSignal },
): AuditedArchives | undefined {
  if (archive?.folder === undefined && archive?.bucket === undefined) return undefined;
  return {
    problemOf: (name) => problemOfKept(openPlace(archive, { data, env, signal }), name, hash),
  };
}

/** What audits found and when they ended, for whoever watches the service. */
export function countAudits(
  metrics: Metrics,
  auditor: Auditor,
  ledgers: () => readonly { readonly record: { readonly id: `0x${string}`; readonly name: string } }[],
): Metrics {
  const of = <T>(read: (ledger: string, finished: ReturnType<Auditor["list"]>["finished"]) => T[]) =>
    ledgers().flatMap(({ record }) => read(record.name, auditor.list(record.id).finished));
  metrics.gauge(
    { name: "audit_findings", help: "Findings of the last audit of each kind.", labels: ["ledger", "kind"] },
    () =>
      of((ledger, finished) =>
        lastOfKinds(finished).map(({ report }) => ({
          labels: { ledger, kind: report.audit.kind },
          value: report.findings.length + report.more,
        })),
      ),
  );
  metrics.gauge(
    {
      name: "audit_finished_timestamp_seconds",
      help: "When the last audit of each kind ended.",
      labels: ["ledger", "kind"],
    },
    () =>
      of((ledger, finished) =>
        lastOfKinds(finished).map(({ report }) => ({
          labels: { ledger, kind: report.audit.kind },
          value: report.audit.finishedAt / 1000,
        })),
      ),
  );
  return metrics;
}

function lastOfKinds(finished: ReturnType<Auditor["list"]>["finished"]) {
  return (["whole", "sample"] as const).flatMap((kind) => {
    const found = finished.find(({ report }) => report.audit.kind === kind);
    return found === undefined ? [] : [found];
  });
}

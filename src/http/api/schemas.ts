/**
 * The forms of what goes in and out, as zod schemas: requests are checked with them, and the published description of
 * the API is made of them. The event itself is in entry/schema.ts.
 */

import * as z from "zod";
import { eventSchema } from "../../entry/schema.ts";
import { BUNDLE_FORMAT } from "../../verify/bundle/bundle.ts";
import { EXPLORER_FORMS } from "../../verify/evm/explorers.ts";
import { CODES } from "./codes.ts";
import { FOREIGN_SCHEMAS } from "./foreign-schemas.ts";
import { ENCRYPTION_SCHEMAS } from "./governance/encryption-operations.ts";
import { ERASURE_SCHEMAS } from "./governance/erasure-schemas.ts";
import { RETENTION_SCHEMAS } from "./governance/retention-schemas.ts";
import { RULE_SCHEMAS } from "./governance/rule-schemas.ts";
import { KEY_SCHEMAS, webhookSecretSince } from "./key-schemas.ts";
import { ledgerName } from "./param-forms.ts";
import { SAVED_SEARCH_SCHEMAS } from "./saved-search.ts";
import { ALERT_SCHEMAS } from "./watching/alert-operations.ts";
import { AUDIT_SCHEMAS } from "./watching/audit-schemas.ts";
import { STANDING_SCHEMAS } from "./watching/standing-operation.ts";
import { WATCHER_SCHEMAS } from "./watching/watcher-operations.ts";

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const hex = z.string().regex(/^0x([0-9a-f]{2})*$/);
const hash = z.string().regex(/^0x[0-9a-f]{64}$/);
const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/)
  .meta({ description: "EIP-55 spelling" });
const milliseconds = count.meta({ description: "Milliseconds since 1970" });
const moment = z.int().meta({ description: "Milliseconds since 1970, below zero before it" });
const seconds = count.meta({ description: "Seconds since 1970" });

const ofFacets = <T>(schema: T) => ({ action: schema, actor: schema, source: schema, outcome: schema });

const status = z.enum(["recorded", "anchored", "final"]);
const ledgerFields = { id: hash, name: z.string(), label: hash, owner: address, signer: address };
const checkpointFields = { size: count, root: hash, signedAt: seconds, signature: hex };
const blockFields = { transactionHash: hash, blockNumber: count, blockHash: hash, blockTime: seconds };

const anchorState = z.strictObject({ header: hex, accountProof: z.array(hex), storageProof: z.array(hex) });
const member = z.union([z.strictObject({ salt: hex, text: z.string() }), z.strictObject({ digest: hash })]);

const bundle = z.strictObject({
  format: z.literal(BUNDLE_FORMAT),
  ledger: z.strictObject(ledgerFields),
  entry: z.strictObject({ index: count, recordedAt: milliseconds, members: z.array(member), leafHash: hash }),
  inclusion: z.strictObject({ size: count, root: hash, path: z.array(hash) }),
  checkpoint: z.strictObject(checkpointFields),
  anchors: z.array(
    z.strictObject({
      chainId: count,
      contract: address,
      size: count,
      root: hash,
      consistency: z.array(hash).optional(),
      ...blockFields,
      state: anchorState.optional(),
    }),
  ),
  status,
});

const receipts = z.strictObject({
  ledger: z.strictObject(ledgerFields),
  checkpoint: z.strictObject(checkpointFields),
  receipts: z.array(
    z.strictObject({
      index: count,
      recordedAt: milliseconds,
      leafHash: hash,
      id: z.string().optional(),
      warnings: z
        .array(
          z.union([
            z.strictObject({ code: z.literal("member_misspelt"), path: z.string(), known: z.string() }),
            z.strictObject({ code: z.literal("schema_unknown"), path: z.string(), got: z.string() }),
          ]),
        )
        .optional()
        .meta({ description: "A member whose name is nearly a known one; a schema that the ledger does not have" }),
      duplicate: z.boolean().meta({ description: "It was recorded before, at this index" }),
      pruned: z.literal(true).optional().meta({
        description: "Of a duplicate: its body was pruned since, so that nothing but this receipt can be given",
      }),
      archive: z.string().optional().meta({ description: "Of one that was pruned: the archive that has it" }),
    }),
  ),
});

const foreignReceipts = z.strictObject({
  ledger: z.strictObject(ledgerFields),
  checkpoint: z.strictObject(checkpointFields).optional().meta({ description: "Absent when nothing was sent" }),
  recorded: count,
  duplicates: count.meta({ description: "Items that had been recorded before" }),
  quarantined: count.meta({ description: "Items recorded as they came, because nothing sure could be made of them" }),
  receipts: z
    .array(z.strictObject({ index: count, recordedAt: milliseconds, leafHash: hash, duplicate: z.boolean() }))
    .meta({ description: "One for each item, in order; none of a request with more than 1,000" }),
});

const received = {
  recorded: count.meta({ description: "Events, those that are quarantined included" }),
  quarantined: count.meta({ description: "Recorded as they came, because nothing sure could be made of them" }),
  duplicates: count.meta({ description: "Items that had been recorded before" }),
  refused: count.meta({ description: "Requests that were refused for what was in them; nothing of them is recorded" }),
  lastRefused: z
    .strictObject({
      at: milliseconds,
      code: z.string(),
      path: z.string().optional().meta({ description: "Where in what was sent" }),
      requirement: z.string().optional(),
      schema: z.string().optional(),
    })
    .optional(),
  bytes: count.meta({ description: "Of bodies, decompressed" }),
  perMinute: z.number().meta({ description: "Events a minute, over the last ten minutes" }),
  lastSeen: milliseconds.optional(),
  skewMs: z.int().optional().meta({ description: "Time of receipt less the newest event's own time" }),
};
const source = z.strictObject({
  source: z.string(),
  ...received,
  received: z.array(
    z.strictObject({ key: z.string(), format: z.string(), ...received, firstSeen: milliseconds.optional() }),
  ),
  keys: z.array(
    z.strictObject({
      id: z.string(),
      state: z.enum(["live", "expired", "revoked"]),
      note: z.string().optional(),
      expiresAt: milliseconds.optional(),
      revokedAt: milliseconds.optional(),
      lastUsedAt: milliseconds.optional(),
      webhookSecretSince: webhookSecretSince.optional(),
      refused: z
        .strictObject({ count, lastAt: milliseconds })
        .optional()
        .meta({ description: "Uses after its end, since the start: most senders drop what is refused" }),
    }),
  ),
});

const storedEvent = z.strictObject({
  index: count,
  recordedAt: milliseconds,
  leafHash: hash,
  event: z.looseObject({}).meta({ description: "The members that are shown" }),
});

const lookedAt = z
  .strictObject({ from: count, to: count })
  .meta({ description: "The entries [from, to) are those that this answer is about: of them it has all that match" });

const chain = z.strictObject({
  chainId: count,
  contract: address,
  anchoredSize: count,
  finalSize: count,
  lagMs: count.meta({ description: "Age of the oldest entry that is not anchored" }),
  lagMaxMs: count,
  explorer: z
    .strictObject({ form: z.enum(EXPLORER_FORMS), url: z.url() })
    .optional()
    .meta({ description: "Where people look at the chain, and how the addresses of its pages are formed" }),
  trouble: z.string().optional(),
});

const note = z.strictObject({ code: z.string(), message: z.string(), since: milliseconds });
const weiText = z.string().regex(/^\d+$/).meta({ description: "Wei" });
const flight = z.strictObject({
  nonce: count,
  stage: z.string(),
  attempts: count,
  hashes: z.array(hash),
  firstSignedAt: milliseconds,
  refused: z.string().optional(),
});
const account = z.strictObject({
  address,
  balanceWei: weiText.optional(),
  spentTodayWei: weiText,
  spentTotalWei: weiText,
  bumps: count,
  reorgs: count,
  flights: z.array(flight),
  note: note.optional(),
});
const anchoring = z.strictObject({
  name: z.string(),
  chainId: count,
  contract: address,
  intervalMs: count,
  latestBlock: count.optional(),
  finalBlock: count.optional(),
  note: note.optional(),
  accounts: z.array(account),
  ledgers: z.array(
    z.strictObject({
      ledgerId: hash,
      name: z.string(),
      size: count,
      anchoredSize: count,
      finalSize: count,
      oldestUnanchoredS: z.number().min(0),
      state: z.enum(["anchored", "waiting", "in_flight", "halted"]),
      note: note.optional(),
    }),
  ),
});

const ledger = z.strictObject({
  ...ledgerFields,
  createdAt: milliseconds,
  size: count,
  root: hash,
  anchoredSize: count,
  finalSize: count,
  chains: z.array(chain),
  readOnly: z
    .literal(true)
    .optional()
    .meta({ description: "It was imported to be read: nothing is recorded in it here" }),
});

/** Every form by the name that the description gives it. */
export const SCHEMAS = {
  Event: eventSchema,
  ...RULE_SCHEMAS,
  ...RETENTION_SCHEMAS,
  ...ERASURE_SCHEMAS,
  ...AUDIT_SCHEMAS,
  ...WATCHER_SCHEMAS,
  ...FOREIGN_SCHEMAS,
  ...ENCRYPTION_SCHEMAS,
  ...ALERT_SCHEMAS,
  ...STANDING_SCHEMAS,
  ...SAVED_SEARCH_SCHEMAS,
  ...KEY_SCHEMAS,
  Bundle: bundle,
  Receipts: receipts,
  ForeignReceipts: foreignReceipts,
  StoredEvent: storedEvent.extend({ status }),
  Intents: z.strictObject({
    intents: z.array(
      storedEvent.extend({
        open: z.boolean().meta({ description: "No later event says that it is its result" }),
        results: z.array(
          z.strictObject({
            index: count,
            recordedAt: milliseconds,
            outcome: z.unknown().meta({ description: "As it is recorded" }),
          }),
        ),
      }),
    ),
    next: z.string().nullable().meta({ description: "Pass it as `after` for what follows; null at the end" }),
    complete: z.boolean(),
    size: count,
    searchableSize: count,
    unreadable: z.array(count).optional(),
  }),
  Events: z.strictObject({
    events: z.array(storedEvent),
    lookedAt,
    next: z.string().nullable().meta({ description: "Pass it as `after` for what follows; null at the end" }),
    complete: z.boolean().meta({ description: "False when the page ended early to bound its work: go on with `next`" }),
    size: count.meta({ description: "Entries recorded" }),
    searchableSize: count.meta({ description: "Entries that the index has" }),
    anchoredSize: count.meta({ description: "Entries anchored" }),
    unreadable: z
      .array(count)
      .optional()
      .meta({ description: "Entries that match and cannot be read, or are not what was recorded: run an audit" }),
  }),
  EventCount: z.strictObject({
    count: count.meta({ description: "Entries that match, among those looked at" }),
    lookedAt,
    next: z.string().nullable().meta({ description: "Pass it as `after` to count on; null at the end" }),
    complete: z
      .boolean()
      .meta({ description: "False when it ended early to bound its work: go on with `next`, and add up" }),
    size: count.meta({ description: "Entries recorded" }),
    searchableSize: count.meta({ description: "Entries that the index has" }),
    unreadable: z
      .array(count)
      .optional()
      .meta({ description: "Entries that may match and cannot be read: run an audit" }),
  }),
  Stats: z.strictObject({
    since: moment,
    until: moment,
    intervalMs: count,
    entries: z.array(count),
    total: count,
    top: z.strictObject(ofFacets(z.array(z.strictObject({ value: z.string(), count })))),
    exact: z.strictObject(ofFacets(z.boolean())),
    complete: z.boolean(),
    size: count,
    searchableSize: count,
  }),
  LedgerRequest: z.strictObject({
    name: ledgerName,
    label: z.union([hash, z.literal("random")], { error: "32 bytes of hex, or the word random" }).optional(),
  }),
  Ledger: ledger,
  Ledgers: z.strictObject({ ledgers: z.array(ledger) }),
  Checkpoint: z.strictObject({ ledgerId: hash, ...checkpointFields }),
  Consistency: z.strictObject({
    ledgerId: hash,
    from: count,
    to: count,
    fromRoot: hash,
    toRoot: hash,
    path: z.array(hash),
  }),
  Anchors: z.strictObject({
    anchors: z.array(
      z.strictObject({
        ledgerId: hash,
        chainId: count,
        contract: address,
        ...checkpointFields,
        stage: z.enum(["mined", "safe", "final"]),
        ...blockFields,
        gasUsed: count,
        feeWei: z.string(),
      }),
    ),
    damaged: z
      .array(z.strictObject({ size: count, chainId: count }))
      .meta({ description: "Anchors of which the record cannot be read; later ones prove the same entries" }),
    next: z.string().nullable(),
    chains: z.array(chain),
  }),
  Sources: z.strictObject({
    sources: z.array(source),
    uncounted: count.meta({
      description:
        "Entries that are in none of these numbers yet: counts are made again after a crash, damage or an upgrade; 0 when all are",
    }),
  }),
  Status: z.strictObject({ chains: z.array(anchoring) }),
  Alive: z.strictObject({ status: z.literal("alive"), version: z.string() }),
  Readiness: z.strictObject({
    ready: z.boolean(),
    reasons: z.array(z.strictObject({ code: z.string(), detail: z.string() })),
    notices: z.array(z.strictObject({ code: z.string(), detail: z.string() })),
  }),
  Problem: z.strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(Object.keys(CODES)),
    errors: z.array(z.strictObject({ path: z.string(), expected: z.string(), got: z.string() })).optional(),
    line: z.int().optional(),
    conflicts: z.array(z.strictObject({ position: count, index: count.optional() })).optional(),
    requestId: z.string().optional(),
    leafHash: hash.optional(),
    archive: z.string().optional(),
  }),
} as const;

export type SchemaName = keyof typeof SCHEMAS;

/** The part of the table of operations that is about how long events are kept: retention and legal holds. */

import * as z from "zod";
import { type Code, OF_BODY, OF_KEY, OF_LEDGER, OF_RECORDING } from "../codes.ts";
import { ledgerInPath } from "../param-forms.ts";

const ledger = z.object({ ledger: ledgerInPath });
const ofChange: readonly Code[] = [...OF_KEY, ...OF_LEDGER, ...OF_BODY, ...OF_RECORDING, "request_invalid"];

export const RETENTION_OPERATIONS = {
  readRetention: {
    method: "get",
    route: "/v1/ledgers/{ledger}/retention",
    trace: { none: "It says what a ledger demands or keeps, and nothing of any event." },
    summary: "See for how long a ledger keeps what: the policy in force, and one that waits.",
    permission: "retentionRead",
    path: ledger,
    answers: { 200: "Retention" },
    codes: [...OF_KEY, ...OF_LEDGER],
    compress: true,
  },
  putRetention: {
    method: "put",
    route: "/v1/ledgers/{ledger}/retention",
    trace: { leavesFirst: "change", tells: ["version"] },
    summary:
      "Say for how long a ledger keeps what. A policy that shortens something waits, and needs the role privacy.",
    permission: "retentionWrite",
    path: ledger,
    body: { types: ["application/json"], schema: "RetentionRequest" },
    answers: { 200: "Retention" },
    codes: [...ofChange, "retention_changed"],
  },
  previewRetention: {
    method: "post",
    route: "/v1/ledgers/{ledger}/retention/preview",
    trace: { leaves: "search" },
    summary:
      "See what a policy would do: how many events, which ranges, how many bytes, what holds stop. Nothing is changed.",
    permission: "retentionRead",
    path: ledger,
    body: { types: ["application/json"], schema: "RetentionPreviewRequest" },
    answers: { 200: "RetentionPreview" },
    codes: [...OF_KEY, ...OF_LEDGER, ...OF_BODY, "request_invalid", "deadline_exceeded"],
  },
  readRetentionStatus: {
    method: "get",
    route: "/v1/ledgers/{ledger}/retention/status",
    trace: { none: "It says what a ledger demands or keeps, and nothing of any event." },
    summary: "See how far pruning is with a ledger.",
    permission: "retentionRead",
    path: ledger,
    answers: { 200: "RetentionStatus" },
    codes: [...OF_KEY, ...OF_LEDGER],
  },
  listRetentionPresets: {
    method: "get",
    route: "/v1/retention/presets",
    trace: { none: "It is the same for everybody." },
    summary: "List policies to begin with, the paragraphs that they come from, and what those leave open.",
    answers: { 200: "RetentionPresets" },
    isTagged: true,
    codes: [],
    compress: true,
  },
  listHolds: {
    method: "get",
    route: "/v1/ledgers/{ledger}/holds",
    trace: { leaves: "read" },
    summary: "List the legal holds of a ledger.",
    permission: "holdsRead",
    path: ledger,
    answers: { 200: "Holds" },
    codes: [...OF_KEY, ...OF_LEDGER],
    compress: true,
  },
  placeHold: {
    method: "post",
    route: "/v1/ledgers/{ledger}/holds",
    trace: { leavesFirst: "change", tells: ["id"] },
    summary: "Hold everything that a filter finds, now and later: nothing of it is erased or pruned.",
    permission: "holdsPlace",
    path: ledger,
    body: { types: ["application/json"], schema: "HoldRequest" },
    answers: { 201: "Hold" },
    codes: [...ofChange, "holds_max"],
  },
  liftHold: {
    method: "post",
    route: "/v1/ledgers/{ledger}/holds/{hold}/lift",
    trace: { leavesFirst: "change" },
    summary: "End a legal hold.",
    permission: "holdsLift",
    path: ledger.extend({ hold: z.string().meta({ pattern: "^[0-9a-f]{16}$", description: "Id of a hold" }) }),
    body: { types: ["application/json"], schema: "LiftRequest" },
    answers: { 200: "Holds" },
    codes: [...ofChange, "hold_unknown"],
  },
} as const;

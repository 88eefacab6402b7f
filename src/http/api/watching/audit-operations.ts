/** The part of the table of operations that is about audits. */

import * as z from "zod";
import { OF_BODY, OF_KEY, OF_LEDGER } from "../codes.ts";
import { ledgerInPath, limit } from "../param-forms.ts";

const ledger = z.object({ ledger: ledgerInPath });

export const AUDIT_OPERATIONS = {
  beginAudit: {
    method: "post",
    route: "/v1/ledgers/{ledger}/audits",
    trace: { leavesFirst: "change", tells: ["id"] },
    summary: "Have a ledger audited now: all of it, or a sample. It is done beside what the service does otherwise.",
    permission: "auditsBegin",
    path: ledger,
    body: { types: ["application/json"], schema: "AuditRequest" },
    answers: { 202: "Audit" },
    codes: [
      ...OF_KEY,
      ...OF_LEDGER,
      ...OF_BODY,
      "request_invalid",
      "audits_max",
      "store_unavailable",
      "deadline_exceeded",
    ],
  },
  listAudits: {
    method: "get",
    route: "/v1/ledgers/{ledger}/audits",
    trace: { none: "It says how whole a ledger is, and nothing of any event." },
    summary: "List the audits of a ledger, and when the next begins.",
    permission: "auditsRead",
    path: ledger,
    query: z.strictObject({ limit: limit(250, 50) }),
    answers: { 200: "Audits" },
    codes: [...OF_KEY, ...OF_LEDGER, "parameter_invalid"],
    compress: true,
  },
  readAudit: {
    method: "get",
    route: "/v1/ledgers/{ledger}/audits/{audit}",
    trace: { none: "It says how whole a ledger is, and nothing of any event." },
    summary: "See how far an audit is; of one that is finished, its signed report.",
    permission: "auditsRead",
    path: ledger.extend({ audit: z.string().meta({ pattern: "^[0-9a-f]{16}$", description: "Id of an audit" }) }),
    answers: { 200: "Audit" },
    codes: [...OF_KEY, ...OF_LEDGER, "audit_unknown"],
    compress: true,
  },
} as const;

/** The part of the table of operations that is about erasing what events say. */

import * as z from "zod";
import { OF_BODY, OF_KEY, OF_LEDGER } from "../codes.ts";
import { ledgerInPath } from "../param-forms.ts";

const ledger = z.object({ ledger: ledgerInPath });

export const ERASURE_OPERATIONS = {
  erase: {
    method: "post",
    route: "/v1/ledgers/{ledger}/erasures",
    trace: { leavesFirst: "change", tells: ["id", "events"] },
    summary:
      "Erase a subject, or members of events, for good: their digests and every proof stay. With `dryRun` see what would go.",
    permission: "erase",
    path: ledger,
    body: { types: ["application/json"], schema: "ErasureRequest" },
    answers: { 200: "ErasurePreview", 202: "Erasure" },
    codes: [
      ...OF_KEY,
      ...OF_LEDGER,
      ...OF_BODY,
      "request_invalid",
      "erasure_held",
      "erasure_empty",
      "erasure_too_large",
      "archives_unavailable",
      "store_unavailable",
      "deadline_exceeded",
    ],
  },
  listErasures: {
    method: "get",
    route: "/v1/ledgers/{ledger}/erasures",
    trace: { leaves: "read" },
    summary: "List the erasures of a ledger, the newest first.",
    permission: "erasuresRead",
    path: ledger,
    answers: { 200: "Erasures" },
    codes: [...OF_KEY, ...OF_LEDGER],
    compress: true,
  },
  readErasure: {
    method: "get",
    route: "/v1/ledgers/{ledger}/erasures/{erasure}",
    trace: { leaves: "read" },
    summary:
      "See how far an erasure is: it is done when no file of the service has what was erased, nor any archive but those that it names.",
    permission: "erasuresRead",
    path: ledger.extend({
      erasure: z.string().meta({ pattern: "^[0-9a-f]{16}$", description: "Id of an erasure" }),
    }),
    answers: { 200: "Erasure" },
    codes: [...OF_KEY, ...OF_LEDGER, "erasure_unknown"],
  },
} as const;

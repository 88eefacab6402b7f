/** The part of the table of operations that takes events, and whole ledgers, away. */

import * as z from "zod";
import { TEXT_FORMATS } from "../../export/formats.ts";
import { type Code, OF_KEY, OF_LEDGER } from "./codes.ts";
import { EVENT_FILTER, ledgerInPath, names, whole } from "./param-forms.ts";

const ofExport: readonly Code[] = [
  "parameter_invalid",
  "query_invalid",
  "checkpoint_unknown",
  "index_behind",
  "reads_full",
];

export const EXPORT_OPERATION = {
  exportEvents: {
    method: "get",
    route: "/v1/ledgers/{ledger}/export",
    trace: { leavesFirst: "export" },
    summary: "Take all events away that a filter finds, oldest first, as one stream that says at its end what it was.",
    permission: "read",
    path: z.object({ ledger: ledgerInPath }),
    query: z.strictObject({
      ...EVENT_FILTER,
      as: z.enum(TEXT_FORMATS).default("ndjson").meta({ description: "The format of what is sent" }),
      size: whole("a size").optional().meta({
        description:
          "Look at the first so many entries, which has to be the size of a checkpoint; the newest when absent",
      }),
      columns: names.optional().meta({ description: "Columns of CSV, parted by commas" }),
      trailer: z.enum(["line", "none"]).optional().meta({
        description:
          "Whether the last line is the trailer; it is for ndjson, and is not for others, unless it is said here",
      }),
      progress: z
        .literal("true")
        .optional()
        .meta({ description: "Lines between events that say how far it is; ndjson only" }),
    }),
    answers: { 200: "export" },
    answerHeaders: { Trailer: "Names the fields behind the content: Holdfast-Export, Content-Digest" },
    codes: [...OF_KEY, ...OF_LEDGER, ...ofExport],
  },
  exportLedger: {
    method: "get",
    route: "/v1/ledgers/{ledger}/archive",
    trace: { leavesFirst: "export" },
    summary: "Take a ledger away, or a range of it, as an archive, which proves itself and can be imported elsewhere.",
    permission: "read",
    path: z.object({ ledger: ledgerInPath }),
    query: z.strictObject({
      from: whole("an index").optional().meta({ description: "First entry; else 0" }),
      to: whole("a size")
        .optional()
        .meta({ description: "Size of a checkpoint, whose entries it has; the newest when absent" }),
    }),
    answers: { 200: "archive" },
    codes: [...OF_KEY, ...OF_LEDGER, "parameter_invalid", "checkpoint_unknown", "reads_full"],
  },
} as const;

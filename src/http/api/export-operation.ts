/** The part of the table of operations that takes events away. */

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
} as const;

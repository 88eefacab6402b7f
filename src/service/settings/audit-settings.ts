/** Settings of the audits that a service makes by itself; docs/audit.md is the page about them. */

import { z } from "zod";
import { settings } from "./setting-errors.ts";

const YEAR_S = 31_536_000;
const part = z.number().gt(0).lt(1);

/** What the member `audit` of the file may be; 0 turns a schedule off. */
export const audit = settings({
  /** Between the end of an audit of everything and the next. */
  wholeS: z.number().nonnegative().max(YEAR_S).default(604_800),
  /** The same of samples. */
  sampleS: z.number().nonnegative().max(YEAR_S).default(3600),
  /** Of the time of one thread. */
  share: z.number().gt(0).max(1).default(0.02),
  /** A sample is so large that it finds one, */
  confidence: part.default(0.95),
  /** when this part of all entries is damaged. */
  damaged: part.default(0.001),
});

export type AuditConfig = z.infer<typeof audit>;

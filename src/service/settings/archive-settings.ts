/** Where archives go and who can open them, where the command line does not say; its options have these names. */

import { z } from "zod";
import { settings } from "./setting-errors.ts";

/** What the member `archive` of the file may be. */
export const archive = settings({
  folder: z.string().min(1).optional(),
  bucket: z.string().min(1).optional(),
  region: z.string().min(1).optional(),
  credentialsFile: z.string().min(1).optional(),
  recipients: z.array(z.string().startsWith("age1", "expected a public key of age, age1…")).min(1).optional(),
  passphraseFile: z.string().min(1).optional(),
  clear: z.literal(true).optional(),
  identityFile: z.string().min(1).optional(),
  retention: z.enum(["governance", "compliance"]).optional(),
  retainDays: z.int().positive().max(36_500).optional(),
  legalHold: z.boolean().optional(),
});

export type ArchiveConfig = z.infer<typeof archive>;

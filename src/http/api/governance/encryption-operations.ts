/** The part of the API that is about encryption at rest: operations, and the forms of their answers. */

import * as z from "zod";
import { OF_KEY } from "../codes.ts";

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const milliseconds = count.meta({ description: "Milliseconds since 1970" });
const wrappedBy = {
  id: z.string().meta({ description: "Names the key-encryption key, such as vault:transit/holdfast" }),
  version: z.string(),
};
const rewrapState = z.strictObject({
  state: z.enum(["none", "running", "done", "failed"]),
  startedAt: milliseconds.optional(),
  endedAt: milliseconds.optional(),
  done: count.optional().meta({ description: "Keys that are wrapped anew" }),
  total: count.optional().meta({ description: "Keys that were to be, while it runs" }),
  reason: z.string().optional().meta({ description: "Why it failed; begun again it goes on" }),
});

export const ENCRYPTION_SCHEMAS = {
  Encryption: z.strictObject({
    isOn: z.boolean(),
    wrappedBy: z.strictObject(wrappedBy).optional().meta({ description: "What new keys are wrapped by" }),
    rotatedAt: count.optional().meta({
      description: "When it was gone on to that version, in milliseconds since 1970; absent for the first one",
    }),
    subjects: count.optional().meta({ description: "Keys of subjects" }),
    wraps: z
      .array(z.strictObject({ ...wrappedBy, keys: count }))
      .optional()
      .meta({ description: "How many keys each version wraps" }),
  }),
  Rotation: z.strictObject({ wrappedBy: z.strictObject(wrappedBy), before: z.strictObject(wrappedBy) }),
  Rewrap: rewrapState,
};

export const ENCRYPTION_OPERATIONS = {
  readEncryption: {
    method: "get",
    route: "/v1/encryption",
    trace: { none: "It says how the service is, and nothing of any event." },
    summary: "See what the keys of encrypted events are wrapped by, and how many by which version.",
    permission: "encryption",
    answers: { 200: "Encryption" },
    codes: [...OF_KEY, "store_damaged"],
    takesTurn: true,
  },
  rotateEncryption: {
    method: "post",
    route: "/v1/encryption/rotate",
    trace: { leavesFirst: "change", tells: ["wrappedBy"] },
    summary: "Go on with a newer version of the key-encryption key. What is wrapped by the former stays so.",
    permission: "encryption",
    answers: { 200: "Rotation" },
    codes: [...OF_KEY, "encryption_off", "rotation_refused", "key_unavailable", "deadline_exceeded", "store_damaged"],
  },
  readRewrap: {
    method: "get",
    route: "/v1/encryption/rewrap",
    trace: { none: "It says how the service is, and nothing of any event." },
    summary: "See how far the wrapping of keys has come.",
    permission: "encryption",
    answers: { 200: "Rewrap" },
    codes: OF_KEY,
  },
  beginRewrap: {
    method: "post",
    route: "/v1/encryption/rewrap",
    trace: { leavesFirst: "change" },
    summary: "Begin to wrap every key anew that is not wrapped by the version in force. Events are not rewritten.",
    permission: "encryption",
    answers: { 202: "Rewrap" },
    codes: [...OF_KEY, "encryption_off"],
  },
} as const;

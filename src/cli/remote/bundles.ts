/** Bundles that a service gives: asked for, waited for, and looked at before anybody relies on them. */

import { setTimeout as sleep } from "node:timers/promises";
import { type Bundle, BundleError, type Status } from "../../verify/bundle/bundle.ts";
import { checkBundle } from "../../verify/bundle/parse.ts";
import { CliError } from "../terminal/failure.ts";
import type { ServiceClient } from "./service-client.ts";

const POLL_MS = 1000;
export const RANKS: Readonly<Record<Status, number>> = { recorded: 0, anchored: 1, final: 2 };

/** Which bundle, and how long it may take until it is one. */
export type BundleWish = {
  /** Name of the ledger. */
  readonly ledger: string;
  readonly index: number;
  /** The checkpoint to prove under. */
  readonly size?: number | undefined;
  /** Whether no other checkpoint will do. */
  readonly isExact?: boolean;
  /** How far it has to have come. */
  readonly wait?: Status | undefined;
  /** Seconds that are waited, as they are told. */
  readonly timeout: number;
  /** When waiting ends, by performance.now(). */
  readonly until: number;
};

/** @throws CliError when it is not to be had, has not come so far in time, or has not the form of a bundle */
export async function askBundle(client: ServiceClient, wish: BundleWish): Promise<Bundle> {
  const { ledger, index, size, wait, timeout, until } = wish;
  const query = new URLSearchParams();
  if (size !== undefined) query.set("size", String(size));
  if (wait === "final") query.set("prefer", "final");
  const path = `/v1/ledgers/${encodeURIComponent(ledger)}/events/${index}/bundle?${query}`;
  for (;;) {
    const bundle = readBundle(await client.ask(path));
    if (bundle.entry.index !== index) {
      throw wrongBundle(`expected the bundle of event ${index}, got ${bundle.entry.index}`);
    }
    if (wish.isExact === true && bundle.checkpoint.size !== size) {
      throw wrongBundle(`expected the checkpoint of size ${size}, got the one of ${bundle.checkpoint.size}`);
    }
    if (RANKS[bundle.status] >= RANKS[wait ?? "recorded"]) return bundle;
    if (performance.now() + POLL_MS > until) {
      const message = `Event ${index} is ${bundle.status} and not ${wait} after ${timeout} seconds; try again later.`;
      throw new CliError(message, { code: "wait_timeout", exitStatus: 2 });
    }
    await sleep(POLL_MS);
  }
}

/** Checks that an answer of the service has the form of a bundle. */
function readBundle(answer: unknown): Bundle {
  try {
    return checkBundle(answer);
  } catch (error) {
    if (error instanceof BundleError) throw wrongBundle(error.message);
    throw error;
  }
}

/** What a service gave contradicts itself or what was asked. */
export function wrongBundle(reason: string): CliError {
  const message = `The service gave a bundle that does not verify: ${reason}. Keep it, and ask the service's operator.`;
  return new CliError(message, { code: "bundle_invalid", exitStatus: 1 });
}

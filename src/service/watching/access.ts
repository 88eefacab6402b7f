/** The record of who reads and changes what, put together; and what is said where it is off. */

import { randomBytes } from "node:crypto";
import { ACCESS_LEDGER } from "../../access/access.ts";
import { AccessRecorder } from "../../access/recorder.ts";
import { tellStart } from "../../access/starts.ts";
import type { Condition, Health } from "../../health.ts";
import { trustedProxies } from "../../http/auth/client-address.ts";
import type { Services } from "../../http/services.ts";
import { createSalts } from "../../ingest/intake/salts.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { LedgerRegistry } from "../../ledger/registry.ts";
import { toHex } from "../../merkle/bytes.ts";
import type { Hash } from "../../merkle/hash.ts";
import type { Store } from "../../store/store.ts";
import type { Config } from "../config.ts";
import type { OpenedParts } from "../opening/opened-parts.ts";

const OFF: Condition = {
  code: "access_off",
  detail: 'who reads and changes what is not recorded: the setting "access" is "off"',
  isNotice: true,
};

const READ_ONLY: Condition = {
  ...OFF,
  detail: `who reads and changes what is not recorded: the ledger ${ACCESS_LEDGER} of another service was imported and is here to be read`,
};

type AccessParts = {
  readonly config: Config;
  readonly version: string;
  readonly store: Store;
  readonly hash: Hash;
  readonly health: Health;
  readonly opened: OpenedParts;
  /** Under which settings are digested. */
  readonly secret: Uint8Array;
};

/**
 * Makes the ledger of accesses, unless it is there or is not wanted. Its label is a random one: several services of one owner, and one
 * that begins anew, each have a ledger of their own on the chain.
 */
export async function openAccessLedger({ access }: Pick<Config, "access">, registry: LedgerRegistry): Promise<void> {
  if (!access.isOn || registry.get(ACCESS_LEDGER) !== undefined) return;
  await registry.create({ name: ACCESS_LEDGER, label: toHex(randomBytes(32)) });
}

/**
 * Opens what records accesses, and tells of this start: also where recording is off and was on, for to end it leaves a trace too.
 * @returns what requests leave traces with; without a recorder where it is off
 */
export async function openAccess(
  registry: LedgerRegistry,
  parts: AccessParts,
): Promise<Pick<Services, "access" | "proxies">> {
  const { config, version, store, hash, health, opened, secret } = parts;
  const { isOn, windowS } = config.access;
  const proxies = trustedProxies(config.proxies);
  if (!isOn) health.report("access", OFF);
  const ledger: Ledger | undefined = registry.get(ACCESS_LEDGER);
  if (ledger === undefined) return { proxies };
  if (ledger.record.readOnly === true) {
    health.report("access", READ_ONLY);
    return { proxies };
  }
  const recording = { hash, salts: createSalts() };
  const now = Date.now;
  const { event, write } = await tellStart(store, recording, { version, settings: config, secret, at: now() });
  const recorder = await AccessRecorder.open({ store, ledger, recording, now, windowMs: windowS * 1000, health });
  try {
    if (event !== undefined) await ledger.append(event);
    await store.writeRecords([write], { durable: true });
  } catch (error) {
    // A store that cannot write for now keeps no service from starting: the next start tells of both.
    recorder.fail(error);
  }
  if (!isOn) return { proxies };
  opened.adopt(recorder, (each) => each.close());
  recorder.start();
  return { access: recorder, proxies };
}

/** The ledgers of a service, and what anchors them. */

import { Anchorer } from "../../anchor/anchorer.ts";
import { DEV_CHAIN_ID } from "../../devchain/devchain.ts";
import { LedgerRegistry } from "../../ledger/registry.ts";
import { Sealer } from "../../ledger/seal/seal.ts";
import { beat, signNow } from "../chains/heartbeat.ts";
import type { Config } from "../config.ts";
import { queueLimits } from "../settings/limits.ts";
import { damageOf } from "../storage.ts";
import { openAccessLedger } from "../watching/access.ts";
import type { ServiceGround } from "./ground.ts";

/** Every ledger of the store, and the one that each service has. */
export async function openLedgers(config: Config, ground: ServiceGround): Promise<LedgerRegistry> {
  const { opened, log, health, store, hash, indexes, sources, rules, retention, erasures } = ground;
  const { archiver, time, marks, signer, owner, auditor } = ground;
  const registry = await LedgerRegistry.open({
    store,
    signer,
    owner,
    hash,
    rotate: true,
    limits: queueLimits(config),
    admit: (ledgerId) => marks.admit(ledgerId),
    clock: () => time.now(),
    onDamage: (ledgerId, cause) => health.report(`damage/${ledgerId}`, cause && damageOf(ledgerId), cause),
    onTileMade: (ledgerId, tile, why) =>
      log.warn({ ledgerId, tile, why }, "a tile was made again from the entries under it; run an audit"),
    onOpen: async (ledger) => {
      if (ledger.record.readOnly !== true) await marks.follow(ledger);
      time.follow(ledger);
      await indexes.follow(ledger);
      sources.follow(ledger);
      await rules.follow(ledger);
      archiver?.follow(ledger);
      await retention.follow(ledger);
      await erasures.follow(ledger);
      await auditor.follow(ledger);
      ledger.onStop((cause) => log.error({ err: cause, ledger: ledger.record.name }, "the ledger stopped"));
    },
  });
  opened.adopt(registry, (each) => each.close());
  opened.adopt(erasures, (each) => each.close());
  if (registry.get(config.ledger) === undefined) await registry.create({ name: config.ledger });
  await openAccessLedger(config, registry);
  return registry;
}

/** What anchors them; it does not run yet. */
export async function openAnchorer(ground: ServiceGround, registry: LedgerRegistry): Promise<Anchorer> {
  const { opened, log, health, store, hash, time, signer, setups } = ground;
  const sealer = opened.adopt(new Sealer({ store }), (each) => each.close());
  const anchorer = await Anchorer.open({
    store,
    chains: setups,
    log,
    health,
    // Of one that is to be read the chain may have more: it goes on elsewhere.
    ledgers: () => registry.list().filter(({ record }) => record.readOnly !== true),
    seal: async (ledger) => (await sealer.seal(ledger)).checkpoint,
    resign: (_, { ledgerId, size, root }) => signNow(signer, { ledgerId, size, root }, time.now()),
    heartbeat: (ledger) => beat(ledger, hash, time.now()),
  });
  opened.adopt(anchorer, (each) => each.stop());
  // The embedded chain goes by this machine's clock.
  time.start(() => anchorer.newestBlocks().filter(({ chainId }) => chainId !== DEV_CHAIN_ID));
  return anchorer;
}

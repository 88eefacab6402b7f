/** A data folder with something in it to back up. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Hex } from "../../src/merkle/bytes.ts";
import { LevelStore } from "../../src/store/level-store.ts";
import { makeFolder } from "../cli/run-cli.ts";
import { ask, event, startService } from "../http/service.ts";

export const ENTRIES = 10;

/** A text that the compression of LevelDB leaves as it is. */
export function secretOf(i: number): string {
  return createHash("sha256").update(`secret ${i}`).digest("base64url");
}

/** A data folder with a ledger of some entries, and its store. */
export async function makeStore(t: TestContext): Promise<{ data: string; store: LevelStore; ledgerId: Hex }> {
  const data = join(makeFolder(t), "data");
  mkdirSync(data);
  const store = await LevelStore.open(join(data, "store"));
  const service = await startService({ store });
  const body = Array.from({ length: ENTRIES }, (_, i) => event({ id: `id ${i}`, message: secretOf(i) }));
  await ask(service, "POST /v1/ledgers/main/events", { key: await service.key(["admin"], "tests"), body });
  await service.close();
  const [record] = await store.ledgers();
  assert.ok(record);
  return { data, store, ledgerId: record.id };
}

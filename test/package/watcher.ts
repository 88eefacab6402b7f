/** A watcher elsewhere, which has nothing but Node and the package, beside a service of the same package. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environmentOn } from "./nodes.ts";

/** Where the service and its chain are asked. */
type Watched = { readonly url: string; readonly node: string };

const GOOD = 0;
const UNKNOWN = 2;
/** Whom it would tell, did a check go bad: nobody listens on port 9. */
const CHANNELS = { alerts: { channels: [{ name: "mine", alertmanager: { url: "http://127.0.0.1:9" } }] } };

/**
 * Watches a ledger, of which the newest entries are anchored, for two rounds as a timer does; the first has nothing to compare with.
 * @param program what runs the commands of the installed package
 */
export function watchTwice(program: readonly string[], watched: Watched, ledgerId: string): void {
  const elsewhere = mkdtempSync(join(tmpdir(), "holdfast-watcher-"));
  try {
    writeFileSync(join(elsewhere, "channels.json"), JSON.stringify(CHANNELS));
    const known = ["--ledger-id", ledgerId, "--state", "state.json", "--alerts", "channels.json"];
    const args = ["watch", "--url", watched.url, "--rpc", watched.node, ...known, "--once"];
    const first = runIn(elsewhere, program, args);
    assert.equal(first.status, UNKNOWN, first.said);
    const second = runIn(elsewhere, program, args);
    assert.equal(second.status, GOOD, second.said);
    for (const check of ["identity", "consistency", "agreement", "fork", "lag"]) {
      assert.match(second.said, new RegExp(`^ok +${check} `, "m"));
    }
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
  }
}

function runIn(cwd: string, [node, ...rest]: readonly string[], args: readonly string[]) {
  assert.ok(node !== undefined);
  const { status, stdout, stderr } = spawnSync(node, [...rest, ...args], {
    cwd,
    env: environmentOn(node),
    encoding: "utf8",
  });
  return { status, said: stdout + stderr };
}

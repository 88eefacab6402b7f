import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { LevelStore } from "../../src/store/level-store.ts";
import { checkWhole, names, openLedger, record } from "./fixtures.ts";

const WRITER = fileURLToPath(new URL("./killed-writer.ts", import.meta.url));

/** Runs a writer and kills it once it has acknowledged so many events; what it printed is what it acknowledged. */
async function runAndKill(directory: string, run: number, lines: number): Promise<[index: number, name: string][]> {
  const child = spawn(process.execPath, [WRITER, directory, `${run}`], { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
    if (printed.split("\n").length > lines) child.kill("SIGKILL");
  });
  const [, signal] = await once(child, "close");
  assert.equal(signal, "SIGKILL", "it was killed in the middle of its work");
  const whole = printed.slice(0, printed.lastIndexOf("\n"));
  return whole.split("\n").map((line) => [Number(line.split(" ")[0]), line.split(" ")[1] as string]);
}

test("after kill -9, everything that was acknowledged is there, and no request is there in part", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-kill-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const seed = await LevelStore.open(directory);
  await seed.addLedger(record);
  await seed.close();
  const acknowledged: [number, string][] = [];
  for (const [run, lines] of [100, 700, 1500].entries()) {
    acknowledged.push(...(await runAndKill(directory, run, lines)));
    const store = await LevelStore.open(directory);
    const ledger = await openLedger(store);
    const found = await names(ledger);
    for (const [index, name] of acknowledged) assert.equal(found[index], name);
    assert.equal(new Set(found).size, found.length);
    const parts = new Map<string, number>();
    for (const name of found) {
      const request = name.slice(0, name.lastIndexOf("-"));
      parts.set(request, (parts.get(request) ?? 0) + 1);
    }
    for (const [request, count] of parts) assert.equal(count, 1 + (Number(request.split("-")[1]) % 4), request);
    if (run === 2) await checkWhole(ledger);
    await store.close();
  }
});

/** Starts anvil for one test, on a port that the system chooses. */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

export const ANVIL = join(import.meta.dirname, "../../node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");
/** First account of anvil's well-known test mnemonic. */
export const ANVIL_ACCOUNT = {
  key: "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
  address: "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
};

const PRINTED_MAX = 100_000;
const LOOK_MS = 10;
const LOOKS_MAX = 1000;

export type Anvil = { readonly url: string; readonly rpc: (method: string, params: unknown[]) => Promise<unknown> };

/** A chain of which the last block but two is final; it ends with the test. */
export async function startAnvil(t: TestContext, { chainId = 31337 } = {}): Promise<Anvil> {
  const args = ["--port", "0", "--slots-in-an-epoch", "1", "--chain-id", String(chainId)];
  const child = spawn(ANVIL, args, { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const port = await portOf(child);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    rpc: async (method, params) => {
      const result = await request(url, method, params);
      if (method === "eth_sendTransaction") await waitMined(url, result);
      return result;
    },
  };
}

/** Reads on afterwards: a chain that prints every block stands still once nobody does. */
function portOf({ stdout }: ChildProcessByStdio<null, Readable, null>): Promise<string> {
  let printed = "";
  return new Promise((resolve, reject) => {
    stdout.setEncoding("utf8").on("data", (text: string) => {
      if (printed.length > PRINTED_MAX) return;
      printed += text;
      const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(printed)?.[1];
      if (port !== undefined) resolve(port);
    });
    stdout.once("close", () => reject(new Error(`expected anvil to listen, got: ${printed}`)));
  });
}

/** Anvil answers before the block is there. */
async function waitMined(url: string, hash: unknown): Promise<void> {
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    if ((await request(url, "eth_getTransactionReceipt", [hash])) !== null) return;
    await sleep(LOOK_MS);
  }
  throw new Error(`expected transaction ${hash} to be mined, it is not`);
}

async function request(url: string, method: string, params: unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (error !== undefined) throw new Error(`${method}: ${error.message}`);
  return result;
}

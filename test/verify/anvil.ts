/** Starts anvil for one test, on a port that the system chooses. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import type { TestContext } from "node:test";

export const ANVIL = join(import.meta.dirname, "../../node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");
/** First account of anvil's well-known test mnemonic. */
export const ANVIL_ACCOUNT = {
  key: "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
  address: "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
};

export type Anvil = { readonly url: string; readonly rpc: (method: string, params: unknown[]) => Promise<unknown> };

/** A chain of which the last block but two is final; it ends with the test. */
export async function startAnvil(t: TestContext): Promise<Anvil> {
  const child = spawn(ANVIL, ["--port", "0", "--slots-in-an-epoch", "1"], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  let printed = "";
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    printed += String(chunk);
    const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(printed)?.[1];
    if (port === undefined) continue;
    child.stdout.resume();
    const url = `http://127.0.0.1:${port}`;
    return { url, rpc: (method, params) => request(url, method, params) };
  }
  throw new Error(`expected anvil to listen, got: ${printed}`);
}

async function request(url: string, method: string, params: unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (error !== undefined) throw new Error(`${method}: ${error.message}`);
  return result;
}

/**
 * A process that audits data folders and serves them one after the other, through the functions that the command line
 * calls: a process for each of a thousand damages would take too long. Commands come as lines of JSON; the answer to
 * each is a line that begins with @, behind everything that was logged and printed meanwhile.
 */

import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

type Command = { readonly do: "audit" | "start" | "stop"; readonly data: string };
type Stoppable = { readonly url: string; readonly close: () => Promise<void> };

const [root = "", config = ""] = process.argv.slice(2);
const load = (path: string) => import(pathToFileURL(join(root, "src", path)).href);
const { run } = await load("cli/main.ts");
const { startService } = await load("service/service.ts");
const { readConfig } = await load("service/config.ts");

let service: Stoppable | undefined;

async function obey({ do: what, data }: Command): Promise<object> {
  if (what === "audit") return { status: await run(["audit", "--data", data, "--json"]) };
  if (what === "stop") {
    await service?.close();
    service = undefined;
    return {};
  }
  const env = { HOLDFAST_CONFIG: config, HOLDFAST_DATA: data, HOLDFAST_LISTEN: "127.0.0.1:0", HOLDFAST_LOG: "warn" };
  const started: Stoppable = await startService(readConfig(env), "0");
  service = started;
  return { url: started.url };
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer: object;
  try {
    answer = await obey(JSON.parse(line) as Command);
  } catch (error) {
    const { message, code = "unexpected" } = error as Error & { readonly code?: string };
    answer = { refused: { message, code } };
  }
  process.stdout.write(`@${JSON.stringify(answer)}\n`);
}
process.exit(0);

/** The versions of Node that the package is for, each from npm, kept in build/nodes. */

import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { ROOT, runTool } from "./packed.ts";

export const MAJORS = [20, 22, 24] as const;

/** Path of the newest Node of a major version; it is installed when it is not there. */
export function nodeOf(major: number): string {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const folder = join(ROOT, "build", "nodes", `${major}`);
  const node = join(folder, "node_modules", "node", "bin", "node");
  if (existsSync(node)) return node;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // Its own script puts the binary of this machine in its place.
  writeFileSync(join(folder, "package.json"), '{"private":true,"allowScripts":{"node":true}}\n');
  runTool("npm", ["install", `node@${major}`, "--no-fund", "--no-audit"], folder);
  return node;
}

/** Settings of ours, of Node's and of the npm that runs this; what else there is, such as authorities and mirrors, npm may need. */
const NOT_PASSED =
  /^(?:HOLDFAST_|NODE_(?!EXTRA_CA_CERTS)|npm_(?:lifecycle|package|command|execpath|node_execpath)|INIT_CWD$)/;

/** The environment of somebody who has that Node. */
export function environmentOn(node: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !NOT_PASSED.test(name));
  return { ...Object.fromEntries(kept), PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ""}` };
}

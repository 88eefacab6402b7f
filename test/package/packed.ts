/** The package as npm packs it, and a project that has it installed; the packages that it needs are those of the checkout. */

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export const ROOT = join(import.meta.dirname, "..", "..");

export type Manifest = {
  readonly version: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
};

type Packed = { readonly tarball: string; readonly files: readonly string[] };

/** Runs a program to its end. @throws Error with what it said when it fails */
export function runTool(command: string, args: readonly string[], cwd: string, env = process.env): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: "utf8" });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(" ")} ended with ${status}: ${error?.message ?? ""}${stdout}${stderr}`);
}

/** Packs the checkout, built anew, into a folder. */
export function pack(folder: string): Packed {
  const told = runTool("npm", ["pack", "--json", "--pack-destination", folder], ROOT);
  // What the build prints stands before it.
  const [packed] = JSON.parse(told.slice(told.indexOf("[\n"))) as [{ filename: string; files: { path: string }[] }];
  return { tarball: join(folder, packed.filename), files: packed.files.map(({ path }) => path) };
}

/** Names of the doors, such as `holdfast/verify`. */
export function doorsOf({ exports }: Manifest): string[] {
  return Object.keys(exports)
    .filter((name) => name !== "./package.json")
    .map((name) => name.replace(/^\./, "holdfast"));
}

/** Makes a project with the package and all that it needs in it, and what its doors are for; what is optional is left out. */
export function layOut(project: string, tarball: string): void {
  const modules = join(project, "node_modules");
  const own = join(modules, "holdfast");
  mkdirSync(own, { recursive: true });
  writeFileSync(join(project, "package.json"), '{"name":"project","private":true,"type":"module"}\n');
  runTool("tar", ["-xzf", tarball, "--strip-components=1", "-C", own], project);
  const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean }>;
  };
  for (const [path, { dev, devOptional, optional }] of Object.entries(packages)) {
    if (path === "" || dev || devOptional || optional) continue;
    const to = join(project, path);
    mkdirSync(dirname(to), { recursive: true });
    // Nested ones are in the list themselves.
    cpSync(join(ROOT, path), to, { recursive: true, filter: (from) => !from.endsWith("/node_modules") });
  }
  const { peerDependencies } = JSON.parse(readFileSync(join(own, "package.json"), "utf8")) as Manifest;
  for (const name of Object.keys(peerDependencies)) symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
}

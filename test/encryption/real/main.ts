/**
 * `npm run test:keys`: key-encryption keys against what they are in life: SoftHSM 2 (Debian's, installed as root) through pkcs11js, AWS's
 * client against a server like KMS, and Vault or OpenBao where HOLDFAST_TEST_VAULT names the program. Packages are installed into
 * a folder of their own; what is not to be had is said loudly.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PACKAGES = { pkcs11js: "2.1.7", "@aws-sdk/client-kms": "3.1161.0" } as const;
const FOLDER = join(tmpdir(), `holdfast-key-clients-${Object.values(PACKAGES).join("-")}`);
const LIBRARIES = [
  "/usr/lib/softhsm/libsofthsm2.so",
  "/usr/lib64/pkcs11/libsofthsm2.so",
  "/usr/local/lib/softhsm/libsofthsm2.so",
];

function run(command: string, args: readonly string[], cwd?: string): boolean {
  return spawnSync(command, args, { stdio: ["ignore", "ignore", 2], cwd }).status === 0;
}

/** Where a package is, installed when it is not there yet. */
function findPackage(name: keyof typeof PACKAGES): string | undefined {
  const place = join(FOLDER, "node_modules", name);
  if (existsSync(place)) return place;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, "package.json"), '{"private":true}\n');
  const wanted = ["install", "--no-audit", "--no-fund", "--loglevel=error", `${name}@${PACKAGES[name]}`];
  return run("npm", wanted, FOLDER) && existsSync(place) ? place : undefined;
}

function findSoftHsm(): string | undefined {
  const find = () => LIBRARIES.find((path) => existsSync(path));
  if (find() === undefined && process.getuid?.() === 0) run("apt-get", ["install", "-y", "-q", "softhsm2"]);
  return find();
}

function tryIt(file: string, env: Readonly<Record<string, string>>): boolean {
  const path = join(import.meta.dirname, file);
  return (
    spawnSync(process.execPath, ["--test", path], { stdio: "inherit", env: { ...process.env, ...env } }).status === 0
  );
}

function skip(what: string, why: string): void {
  process.stdout.write(`\nNOT TRIED: ${what}: ${why}\n\n`);
}

const results: boolean[] = [];
const library = findSoftHsm();
const pkcs11js = library === undefined ? undefined : findPackage("pkcs11js");
if (library === undefined) skip("PKCS#11", "SoftHSM 2 is not installed, and cannot be here");
else if (pkcs11js === undefined)
  skip("PKCS#11", "pkcs11js cannot be installed; it is compiled, which takes a compiler");
else results.push(tryIt("pkcs11.ts", { HOLDFAST_TEST_PKCS11JS: pkcs11js, HOLDFAST_TEST_PKCS11_LIBRARY: library }));

const kms = findPackage("@aws-sdk/client-kms");
if (kms === undefined) skip("AWS KMS", "@aws-sdk/client-kms cannot be installed");
else results.push(tryIt("aws-kms.ts", { HOLDFAST_TEST_KMS_CLIENT: kms }));

const vault = process.env.HOLDFAST_TEST_VAULT;
if (vault === undefined) skip("Vault", "name the program, vault or bao, in HOLDFAST_TEST_VAULT");
else results.push(tryIt("vault.ts", { HOLDFAST_TEST_VAULT: vault }));

if (results.includes(false)) process.exitCode = 1;

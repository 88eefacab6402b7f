/**
 * `holdfast keystore`: encrypted JSON key stores, as geth and ethers write them, for signers, payers and owners. A key is
 * never printed; the password comes from a file, never from an argument.
 */

import { randomBytes } from "node:crypto";
import { lstatSync, readFileSync } from "node:fs";
import type { Command } from "commander";
import { addressOfKey, decryptKeystore, encryptKeystore } from "../chain/ethers.ts";
import { checksumAddress } from "../merkle/address.ts";
import { type Hex, toHex } from "../merkle/bytes.ts";
import { replaceFile } from "../store/durable-file.ts";
import { readTextFile } from "../store/text-file.ts";
import { fileReason, usageError } from "./terminal/failure.ts";
import { printResult } from "./terminal/output.ts";

type KeystoreFlags = { readonly passwordFile: string; readonly importKey?: string; readonly json?: boolean };

export function addKeystore(program: Command): void {
  const keystore = program.command("keystore").description("Make encrypted key stores for signers, payers and owners.");
  keystore
    .command("create")
    .description("Make a key and encrypt it into a new file; prints the address.")
    .argument("<file>", "where to put it; an existing file is not replaced")
    .requiredOption("--password-file <file>", "password to encrypt it with")
    .option("--import-key <file>", "take the key in this file, 64 hex digits, instead of a new one")
    .option("--json", "print the result as JSON")
    .action(create);
  keystore
    .command("address")
    .description("Decrypt a key store, to see that the password fits, and print its address.")
    .argument("<file>", "the key store")
    .requiredOption("--password-file <file>", "password of the key store")
    .option("--json", "print the result as JSON")
    .action(showAddress);
}

async function create(file: string, flags: KeystoreFlags): Promise<void> {
  // A link that leads nowhere is something, too.
  if (lstatSync(file, { throwIfNoEntry: false }) !== undefined)
    throw usageError(`Expected a new file, ${file} is there already.`);
  const password = readPassword(flags.passwordFile);
  const key = flags.importKey === undefined ? toHex(randomBytes(32)) : keyIn(flags.importKey);
  const address = checksumAddress(addressIn(key));
  await replaceFile(file, `${await encryptKeystore(key, password)}\n`, 0o600);
  printResult({ json: { file, address }, text: [address] }, flags.json === true);
}

async function showAddress(file: string, flags: KeystoreFlags): Promise<void> {
  const password = readPassword(flags.passwordFile);
  const key = await decryptKeystore(read(file, "key store"), password).catch((error: Error) => {
    throw usageError(`${file}: ${error.message}.`);
  });
  const address = checksumAddress(addressOfKey(key));
  printResult({ json: { file, address }, text: [address] }, flags.json === true);
}

function keyIn(file: string): Hex {
  const text = read(file, "key").trim().toLowerCase();
  return (text.startsWith("0x") ? text : `0x${text}`) as Hex;
}

function addressIn(key: Hex): Hex {
  try {
    return addressOfKey(key);
  } catch {
    throw usageError("Expected a private key of 64 hex digits, got something else.");
  }
}

function readPassword(file: string): string {
  // As it is, a byte order mark in front too: a key store was encrypted with it.
  const password = read(file, "password", (path) => readFileSync(path, "utf8")).trimEnd();
  if (password === "") throw usageError(`Expected a password in ${file}, got none.`);
  return password;
}

function read(file: string, what: string, reader: (path: string) => string = readTextFile): string {
  try {
    return reader(file);
  } catch (cause) {
    throw usageError(`The ${what} cannot be read from ${file}: ${fileReason(cause)}.`);
  }
}

/**
 * `holdfast serve`: runs the service until a signal ends it, and tells the person who started it what to do next.
 * Settings come from the environment and the file it names, never from arguments, where others could read them.
 */

import { relative } from "node:path";
import type { Command } from "commander";
import type { ChainFacts } from "../service/chains/chains.ts";
import { adminKeyFile, type Config, readConfig } from "../service/config.ts";
import { AddressTakenError } from "../service/servers.ts";
import { type Service, startService } from "../service/service.ts";
import { explorerUrl, isDevelopmentChain } from "../verify/evm/explorers.ts";
import { describeInstallation, lookAtInstallation } from "./about/installed-packages.ts";
import { withPages } from "./about/pages.ts";
import { CliError, unreachable } from "./terminal/failure.ts";
import { printNote, printResult, type Result } from "./terminal/output.ts";
import { endAtOnce, endBy, stopAsked } from "./terminal/process.ts";
import { shellWord } from "./terminal/shell-word.ts";
import { readVersion } from "./terminal/version.ts";

/** Adds the command. */
export function addServe(program: Command): void {
  program
    .command("serve")
    .description("Run the service; settings are in docs/configuration.md.")
    .option("--json", "print one JSON object when the service is up")
    .action(async ({ json }: { readonly json?: boolean }) => {
      const config = readConfig(process.env);
      const asked = stopAsked();
      const service = await startUnless(asked, config);
      tell({ json: facts(service, config), text: greeting(service, config) }, json === true);
      // To weigh every file takes as long as a part of the start, which nobody waits for.
      if (json !== true && service.isFirstStart) tell({ json: null, text: installedLines() }, false);
      await asked;
      const stopping = "Stopping: what has arrived is answered, then the store and the chain are closed.";
      if (json !== true) tell({ json: null, text: ["", stopping] }, false);
      limitStopping(service);
      await service.close();
    });
}

/** Longer than everything takes that ends at all: 8 s for clients, 5 s for the embedded chain. */
const STOPPING_MS = 15_000;

function limitStopping(service: Service): void {
  const end = () => {
    const unfinished = service.unfinished() ?? "something of it did not end";
    printNote(`holdfast: not stopped in order after ${STOPPING_MS / 1000} s: ${unfinished}. The process is ended.`);
    endAtOnce();
  };
  // When all is closed it keeps nobody waiting.
  setTimeout(end, STOPPING_MS).unref();
}

/** What cannot be told, as on a full disk, stops nothing. */
function tell(result: Result, asJson: boolean): void {
  try {
    printResult(result, asJson);
  } catch (error) {
    printNote(`holdfast: what there is to say could not be printed (${(error as Error).message})`);
  }
}

/**
 * A start that a signal ends, as it would any program: nothing was acknowledged yet, and every step of a start can be cut
 * off. Nobody else would do it where this is the first process of a container, which no signal ends by itself.
 */
async function startUnless(asked: Promise<NodeJS.Signals>, config: Config): Promise<Service> {
  let isUp = false;
  void asked.then((signal) => {
    if (!isUp) endBy(signal);
  });
  try {
    const service = await startService(config, readVersion());
    isUp = true;
    return service;
  } catch (error) {
    throw explainStart(error);
  }
}

/** What the system answers when a file cannot be had for now, and LevelDB when it was told so. */
const FILE_REFUSALS = ["EIO", "EMFILE", "ENFILE", "EACCES", "EPERM", "ENOSPC", "EDQUOT", "EROFS", "LEVEL_IO_ERROR"];

/** Why the system lets nobody listen at an address; a port that is taken has an error of its own. */
const LISTEN_REFUSALS: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: "this machine has no such address: listen at one that it has, at 127.0.0.1, or at 0.0.0.0 for all",
  EACCES: "this user may not listen at that port: take one above 1023",
  ENOTFOUND: "there is no host of that name: name an address, such as 127.0.0.1",
};

function explainStart(error: unknown): unknown {
  const { code = "", message, syscall = "" } = error as NodeJS.ErrnoException;
  const refusal = LISTEN_REFUSALS[code];
  if (refusal !== undefined && ["listen", "bind", "getaddrinfo"].includes(syscall)) {
    return new CliError(`${message}; ${refusal}`, { code, exitStatus: 1, cause: error });
  }
  if (FILE_REFUSALS.includes(code)) {
    const wayOut =
      "the disk or the system refused a file: mend what it names (room, rights, open files, the disk itself), then try again";
    return new CliError(`${message}; ${wayOut}`, { code, exitStatus: 1, cause: error });
  }
  if (!(error instanceof AddressTakenError)) return error;
  const { host, port } = error.address;
  return unreachable(
    `${host}:${port} is in use; end what listens there, or set ${error.setting} to another address such as ${host}:${otherPort(port)}`,
  );
}

/** Not the next one: that is where the embedded chain of the service that listens already is. */
function otherPort(port: number): number {
  return port + 10 <= 65_535 ? port + 10 : port - 10;
}

function facts(service: Service, config: Config): object {
  const { url, urls, syslog, chains, signer, isFirstStart } = service;
  return {
    url,
    urls,
    syslog,
    data: config.data,
    adminKeyFile: adminKeyFile(config.data),
    isFirstStart,
    signer,
    chains,
  };
}

function greeting(service: Service, config: Config): string[] {
  const { url, urls, chains, signer, isFirstStart } = service;
  const keyFile = relative(process.cwd(), adminKeyFile(config.data)) || adminKeyFile(config.data);
  return [
    `Holdfast ${readVersion()} listens on ${urls.join(" and ")}`,
    "",
    ...chains.flatMap(chainLines),
    ...certificateLines(service),
    ...service.syslog.map((each) => `  Syslog     ${each}`),
    `  Signer     ${signer}  (signs for the ledgers; tell it to those who verify)`,
    `  Admin key  ${keyFile}${isFirstStart ? "  (made just now; keep it safe)" : ""}`,
    `  Encrypted  ${encryptedLine(service)}`,
    `  Data       ${relative(process.cwd(), config.data) || config.data}`,
    "",
    ...(isFirstStart ? firstSteps(service, keyFile) : []),
    `Look at it: ${url}/ (sign in with the admin key). Ctrl-C stops.`,
  ];
}

function encryptedLine({ keyEncryptionKey, isFirstStart }: Service): string {
  if (keyEncryptionKey === undefined) return "no, events lie in clear";
  const copy = withPages("  (keep a copy of that key elsewhere: docs/encryption.md)");
  return `under ${keyEncryptionKey}${isFirstStart ? copy : ""}`;
}

/** What came with the package; a checkout has all that it is built with. */
function installedLines(): string[] {
  const installation = lookAtInstallation();
  return installation.isCheckout ? [] : [`Installed with it: ${describeInstallation(installation)}.`];
}

function certificateLines({ certificate }: Service): string[] {
  if (certificate === undefined) return [];
  const lines = [`  TLS        for ${certificate.names}, until ${new Date(certificate.endsAt).toISOString()}`];
  return [
    ...lines,
    "             Clients that do not know its authority: NODE_EXTRA_CA_CERTS for holdfast, --cacert for curl",
  ];
}

/** What to try in a service that is new: later its first entry is nobody's concern. */
function firstSteps({ url, chains: [chain] }: Service, keyFile: string): string[] {
  const key = shellWord(keyFile);
  const by = `--rpc ${chain?.endpoint ?? ""}${chain !== undefined && isDevelopmentChain(chain.chainId) ? " --development" : ""}`;
  return [
    "Send an event, fetch the proof of the first one once it is anchored, check it against the chain:",
    "",
    `  curl -s ${url}/v1/ledgers/main/events -H "Authorization: Bearer $(cat ${key})" -H "Content-Type: application/json" \\`,
    `    -d '{"action":"user.login","time":"${new Date().toISOString()}","actor":{"type":"user","id":"ada"}}'`,
    `  npx holdfast prove 0 --wait anchored --url ${url} --key-file ${key} --out bundle.json`,
    `  npx holdfast verify bundle.json ${by}`,
    "",
  ];
}

function chainLines({ name, chainId, endpoint, contract, explorer, embedded }: ChainFacts): string[] {
  const lines = [`  Chain      ${name}, id ${chainId}, at ${endpoint}`, `  Contract   ${contract}`];
  const readPage = explorer && explorerUrl(chainId, "read", contract, { [chainId]: explorer });
  if (readPage !== undefined) lines.push(`  Explorer   ${readPage}`);
  if (embedded === undefined) return lines;
  lines.push(
    "             This chain runs on your own machine: it shows how things work, and proves nothing to others.",
  );
  lines.push(withPages("             docs/configuration.md says how to anchor to a chain that others trust."));
  if (embedded === "anvil") return lines;
  return [...lines, "             It keeps nothing: there is no anvil for this platform, so Hardhat stands in."];
}

/**
 * `holdfast tail`: follows a ledger, and goes on by itself after an outage, behind the last index that it was told of: every
 * event comes, once, in order.
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";

import { readJson } from "../../json/read.ts";
import { AnswerError } from "../../net/bounded-fetch.ts";
import { type EventBlock, EventBlocks } from "../../net/event-blocks.ts";
import { LEDGER_DEFAULT } from "../../net/service-defaults.ts";
import { eventLine, type ListedEvent } from "../remote/event-line.ts";
import { type FilterFlags, filterOf, withFilterOptions } from "../remote/filter-flags.ts";
import { LATER, refusal, ServiceClient, type ServiceOptions, withServiceOptions } from "../remote/service-client.ts";
import { type SavedFlags, wholeFilter, withSavedOption } from "../search/saved-filter.ts";
import { CliError, unreachable } from "../terminal/failure.ts";
import { isUnread, printNote, printResult } from "../terminal/output.ts";
import { stopAsked } from "../terminal/process.ts";

type TailFlags = ServiceOptions & FilterFlags & SavedFlags & { readonly json?: boolean };

/** Between attempts; the last one for as long as it takes. */
const PAUSES_MS = [200, 500, 1000, 2000, 5000];
/** Without a word from the service, whose heartbeats come every 15 s. */
const SILENT_MS = 60_000;

export function addTail(program: Command): void {
  const command = program
    .command("tail")
    .description("Follow a ledger: print events as they are recorded, and go on after an outage where it was.");
  withSavedOption(withFilterOptions(withServiceOptions(command)))
    .option("--ledger <name>", "the ledger", LEDGER_DEFAULT)
    .option("--json", "print each event as a line of JSON")
    .action(async (flags: TailFlags) => {
      const stopping = new AbortController();
      void stopAsked().then(() => stopping.abort());
      const filter = await wholeFilter(flags, filterOf(flags));
      await new Follower(flags, filter, stopping).run();
    });
}

/** What the service says last, and that nothing more comes of asking again. */
type Ended = { readonly code: string; readonly detail: string };

class Follower {
  readonly #client: ServiceClient;
  readonly #flags: TailFlags;
  readonly #filter: Readonly<Record<string, string>>;
  readonly #stopping: AbortController;
  #lastId: string | undefined;
  #ended: Ended | undefined;
  /** Whether anything came over the newest connection. */
  #hasHeard = false;
  #isAway = false;

  constructor(flags: TailFlags, filter: Readonly<Record<string, string>>, stopping: AbortController) {
    this.#flags = flags;
    this.#filter = filter;
    this.#client = new ServiceClient(flags);
    this.#stopping = stopping;
  }

  /** Until it is told to stop, or there is nothing more to come. @throws CliError */
  async run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted; failures++) {
      this.#hasHeard = false;
      const why = await this.#follow();
      if (signal.aborted || why === undefined) return;
      if (this.#hasHeard) failures = 0;
      this.#tellAway(why);
      await sleep(PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)] as number, undefined, { signal }).catch(
        () => undefined,
      );
    }
  }

  /** Follows over one connection. @returns why it ended and has to begin again; undefined when all has come */
  async #follow(): Promise<string | undefined> {
    const path = `/v1/ledgers/${encodeURIComponent(this.#flags.ledger)}/events/tail`;
    const query = new URLSearchParams(this.#filter);
    const headers = {
      Accept: "text/event-stream",
      ...(this.#lastId !== undefined && { "Last-Event-ID": this.#lastId }),
    };
    const ending = new AbortController();
    const end = () => ending.abort();
    const silence = setTimeout(end, SILENT_MS);
    this.#stopping.signal.addEventListener("abort", end);
    const blocks = new EventBlocks((block) => this.#take(block));
    try {
      const refused = await this.#client.follow(`${path}?${query}`, { headers, signal: ending.signal }, (bytes) => {
        silence.refresh();
        this.#hasHeard = true;
        blocks.push(bytes);
      });
      if (refused === undefined) return this.#whyEnded();
      if (refused.status === 204) return undefined;
      if (!LATER.includes(refused.status)) throw refusal(refused);
      return refusal(refused).message;
    } catch (error) {
      if (!(error instanceof AnswerError)) throw error;
      // Who never got through has perhaps the wrong address.
      const isFirst = this.#lastId === undefined && !this.#hasHeard && !this.#stopping.signal.aborted;
      if (isFirst && !this.#isAway)
        throw unreachable(`The service at ${this.#client.url} cannot be reached: ${error.message}.`, error);
      return "the connection broke off";
    } finally {
      clearTimeout(silence);
      this.#stopping.signal.removeEventListener("abort", end);
    }
  }

  #whyEnded(): string | undefined {
    const ended = this.#ended;
    this.#ended = undefined;
    if (ended?.code === "filter_done") return undefined;
    if (ended?.code === "service_stopping") return "the service is stopping";
    if (ended?.code !== "key_invalid") return ended?.detail ?? "the connection ended";
    throw new CliError(`The service ended it: ${ended.detail}.`, { code: ended.code, exitStatus: 1 });
  }

  #take({ type, id, data }: EventBlock): void {
    // One that is stopping may take a connection only to say so: it is as far away as before.
    if (this.#isAway && type !== "end") {
      printNote("The service is there again; nothing was missed.");
      this.#isAway = false;
    }
    if (this.#lastId === undefined && id !== undefined && data === undefined)
      printNote(`Following ${this.#flags.ledger} from entry ${Number(id) + 1} on.`);
    if (data !== undefined) this.#showText(type, data);
    if (id !== undefined) this.#lastId = id;
    if (isUnread()) this.#stopping.abort();
  }

  #showText(type: string, text: string): void {
    try {
      this.#show(type, readJson(text));
    } catch (cause) {
      const message = `Expected events of a Holdfast service, got something else: ${(cause as Error).message}.`;
      throw new CliError(message, { code: "answer_invalid", exitStatus: 1, cause });
    }
  }

  #show(type: string, data: unknown): void {
    if (type === "end") this.#ended = data as Ended;
    else if (type === "unreadable") {
      const { index } = data as { readonly index: number };
      printNote(`Entry ${index} may match and cannot be read; ask the service's operator to run an audit.`);
    } else if (type === "message") {
      printResult({ json: data, text: [eventLine(data as ListedEvent)] }, this.#flags.json === true);
    }
  }

  #tellAway(why: string): void {
    if (!this.#isAway) printNote(`Not following for now: ${why.replace(/\.$/, "")}. Trying again.`);
    this.#isAway = true;
  }
}

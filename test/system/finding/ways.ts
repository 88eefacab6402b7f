/** The ways to find events of a service, each as the indexes that it finds: pages are followed, and what a page did not look at is asked for. */

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { ExportTrailer } from "../../../src/export/trailer.ts";
import type { Filter, Order } from "../../../src/query/request.ts";
import { runCli } from "../../cli/run-cli.ts";
import { EventStream } from "../../http/event-stream.ts";
import { random } from "../../query/random-events.ts";
import type { ServiceProcess } from "../service-process.ts";
import { LEDGER } from "./recorded.ts";

/** A filter with both ends. */
export type Bounded = Filter & { readonly from: number; readonly to: number };

/** While an index is verified or built again it is said so; for so long at most. */
const BEHIND_PAUSE_MS = 100;
const BEHIND_MAX = 3000;

type Part = {
  readonly lookedAt: { readonly from: number; readonly to: number };
  readonly next: string | null;
  readonly unreadable?: readonly number[];
};

function queryOf(filter: Filter, more: Readonly<Record<string, unknown>> = {}): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...filter, ...more })) query.set(name, String(value));
  return query;
}

/** Text of an answer; asked again where the index is behind. */
async function ask(service: ServiceProcess, path: string, query: URLSearchParams): Promise<string> {
  for (let tries = 0; ; tries++) {
    const { status, text } = await service.ask(`GET ${LEDGER}/${path}?${query}`);
    if (status === 200) return text;
    assert.equal((JSON.parse(text) as { code?: string }).code, "index_behind", text);
    assert.ok(tries < BEHIND_MAX, "expected the index to catch up");
    await sleep(BEHIND_PAUSE_MS);
  }
}

/** Follows pages until every entry between the ends of the filter was looked at, each once. */
async function follow<T extends Part>(
  service: ServiceProcess,
  path: string,
  { filter, order }: { readonly filter: Bounded; readonly order: Order },
  take: (page: T, more: number) => void,
): Promise<void> {
  const said = () => `${path} ${order} ${queryOf(filter)}`;
  let { from } = filter;
  for (let pass = 0; from < filter.to; pass++) {
    assert.ok(pass < BEHIND_MAX, `expected the index to catch up: ${said()}`);
    // What is above the index is looked at in a pass of its own, in either order.
    let end: number | undefined;
    let edge: number | undefined;
    let after: string | null = null;
    do {
      const paging = path === "events" ? { order, limit: 1 + random(1000) } : {};
      const query = queryOf({ ...filter, from }, { ...paging, ...(after !== null && { after }) });
      const page = JSON.parse(await ask(service, path, query)) as T;
      assert.equal(page.unreadable, undefined);
      const { lookedAt } = page;
      assert.ok(lookedAt.from <= lookedAt.to);
      end = Math.max(end ?? 0, lookedAt.to);
      if (edge !== undefined) assert.equal(order === "asc" ? lookedAt.from : lookedAt.to, edge, said());
      edge = order === "asc" ? lookedAt.to : lookedAt.from;
      take(page, pass);
      after = page.next;
    } while (after !== null);
    if (order === "desc" && end > from) assert.equal(edge, from, said());
    if (end <= from) await sleep(BEHIND_PAUSE_MS);
    from = Math.max(from, end);
  }
}

/** GET …/events, page after page. */
export async function listed(service: ServiceProcess, filter: Bounded, order: Order): Promise<number[]> {
  const passes: number[][] = [];
  type Page = Part & { readonly events: readonly { readonly index: number }[] };
  await follow<Page>(service, "events", { filter, order }, (page, pass) => {
    passes[pass] ??= [];
    passes[pass].push(...page.events.map(({ index }) => index));
  });
  return passes.flatMap((found) => (order === "desc" ? (found ?? []).reverse() : (found ?? [])));
}

/** GET …/events/count, until it is complete. */
export async function counted(service: ServiceProcess, filter: Bounded): Promise<number> {
  let sum = 0;
  type Page = Part & { readonly count: number };
  await follow<Page>(service, "events/count", { filter, order: "desc" }, ({ count }) => {
    sum += count;
  });
  return sum;
}

/** GET …/export of the first `size` entries: lines of a format, whose trailer counts them. */
export async function exported(service: ServiceProcess, filter: Filter, size: number, as: string): Promise<string[]> {
  const columns = as === "csv" ? { columns: "index" } : {};
  const text = await ask(service, "export", queryOf(filter, { size, as, trailer: "line", ...columns }));
  const lines = text.split(/\r?\n/).slice(0, -1);
  const { holdfast_export: trailer } = JSON.parse(lines.pop() as string) as { holdfast_export: ExportTrailer };
  const content = as === "csv" ? lines.slice(1) : lines;
  assert.equal(trailer.count, content.length);
  return content;
}

/** GET …/events/tail from one index to another, gone on with where the service was killed. */
export async function followed(service: () => Promise<ServiceProcess>, filter: Bounded): Promise<number[]> {
  const found: number[] = [];
  const query = `?${queryOf(filter)}`;
  for (let lastId: string | undefined; ; ) {
    const running = await service();
    const options = { key: running.key, query, ...(lastId !== undefined && { lastId }) };
    const stream = await EventStream.open(running, options).catch(() => undefined);
    if (stream?.status === 204) return found;
    assert.equal(stream?.status ?? 200, 200);
    for (let block = await stream?.next(); block !== undefined; block = await stream?.next()) {
      lastId = block.id;
      if (block.type === "message") found.push((block.data as { index: number }).index);
      else assert.equal(block.type, "end");
      if ((block.data as { code?: string }).code === "filter_done") return found;
    }
    lastId = stream?.lastId === "" ? lastId : (stream?.lastId ?? lastId);
    await sleep(BEHIND_PAUSE_MS);
  }
}

/** The command line: `search` and its count, and `tail` to the end of the filter. */
export async function byCommand(
  { url, key }: ServiceProcess,
  filter: Bounded,
): Promise<{ readonly search: number[]; readonly count: number; readonly tail: number[] }> {
  const flags = Object.entries(filter).map(([name, value]) => {
    const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return name === "quarantined" ? flag : `${flag}=${value}`;
  });
  const run = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await runCli([...args, ...flags], {
      env: { HOLDFAST_URL: url, HOLDFAST_KEY: key },
    });
    const told = stderr.replace(/^Following main from entry \d+ on\.\n$/, "");
    assert.deepEqual([status, told], [0, ""], `${args} ${flags}`);
    return stdout;
  };
  const [search, count, tail] = await Promise.all([
    run("search", "--json", "--order", "asc", "--limit", String(filter.to)),
    run("search", "--count"),
    run("tail", "--json"),
  ]);
  const indexOf = ({ index }: { index: number }) => index;
  const lines = tail.split("\n").slice(0, -1);
  return {
    search: (JSON.parse(search) as { events: { index: number }[] }).events.map(indexOf),
    count: Number(count),
    tail: lines.map((line) => indexOf(JSON.parse(line) as { index: number })),
  };
}

/**
 * The one place where what somebody did leaves its trace: behind admission, when it is answered, as the table of operations says of
 * each; and where a request is refused, whatever refused it.
 * Why: docs/decisions/0228.
 */

import type { IncomingMessage } from "node:http";
import type { BlockList } from "node:net";
import type { Request } from "express";
import type { Access, Accessor } from "../../access/access.ts";
import { networkOf } from "../../access/network.ts";
import type { AccessRecorder } from "../../access/recorder.ts";
import { readJson } from "../../json/read.ts";
import type { Answering } from "../admit.ts";
import { CODES } from "../api/codes.ts";
import { OPERATIONS, type Operation, type OperationId } from "../api/operations.ts";
import { type Problem, problemOf } from "../problem.ts";
import type { Reply } from "../reply.ts";
import type { ApiKey, KeyRing } from "./api-keys.ts";
import { clientAddress } from "./client-address.ts";
import { foreignCredentialsOf } from "./credentials.ts";

/** What traces are left with; without a recorder there are none. */
export type Tracing = {
  readonly keys: KeyRing;
  readonly access?: AccessRecorder | undefined;
  /** Whose word on where a client is counts. */
  readonly proxies?: BlockList | undefined;
};

/** Characters of a member of an answer that is told. */
const TOLD_MAX = 4096;
/** Parameters of a search that say nothing of what is looked for. */
const NOT_LOOKED_FOR = ["after", "limit", "order"];

/** Has what answers an operation leave its trace. */
export function leavingTrace<Id extends OperationId>(tracing: Tracing, id: Id, answer: Answering<Id>): Answering<Id> {
  const { trace }: Operation = OPERATIONS[id];
  const { access } = tracing;
  if (access === undefined) return answer;
  return (request) => {
    const who = accessorOf(tracing, request.req, request.key);
    access.use(who);
    if ("none" in trace) return answer(request);
    if ("leavesFirst" in trace) {
      const about = { ...accessOf(id, request, who), kind: trace.leavesFirst };
      return answerTraced(access, about, trace.tells ?? [], () => answer(request));
    }
    const reply = answer(request);
    const record = (): void => access.record({ ...accessOf(id, request, who), kind: trace.leaves });
    if (!(reply instanceof Promise)) {
      record();
      return reply;
    }
    return reply.then((each) => {
      record();
      return each;
    });
  };
}

/** Notes from where a key was used that only shows in what was sent. @returns the same sender */
export function noteSender<S extends { readonly key: ApiKey }>(tracing: Tracing, req: IncomingMessage, sender: S): S {
  tracing.access?.use(accessorOf(tracing, req, sender.key));
  return sender;
}

/** Counts a request that was refused. What the service could not do is no refusal. */
export function noteRefused(
  tracing: Tracing,
  req: IncomingMessage,
  { code }: Pick<Problem, "code">,
  route: string,
): void {
  const { access, keys } = tracing;
  const [status] = CODES[code];
  if (access === undefined || status >= 500) return;
  const { key: inPath } = ((req as Partial<Request>).params ?? {}) as { readonly key?: string };
  const known = foreignCredentialsOf(req, inPath, undefined, true)
    .map(({ text }) => keys.known(text))
    .find((key) => key !== undefined);
  const who = accessorOf(tracing, req, known);
  if (known !== undefined && keys.isLive(known)) access.use(who);
  access.refuse({ ...who, code, route });
}

function accessorOf({ proxies }: Tracing, req: IncomingMessage, key: ApiKey | undefined): Accessor {
  return {
    key: key && { id: key.id, source: key.source },
    network: networkOf(clientAddress(req, proxies)),
  };
}

function accessOf(
  operation: string,
  { req, path }: { readonly req: IncomingMessage; readonly path: unknown },
  who: Accessor,
): Omit<Access, "kind"> {
  const { ledger, index, ...others } = (path ?? {}) as Readonly<Record<string, unknown>>;
  return {
    ...who,
    operation,
    ledger: typeof ledger === "string" ? ledger : undefined,
    index: typeof index === "number" ? index : undefined,
    query: queryOf(req, others),
  };
}

/** What a request says besides ledger and index, in its path and behind the ?; undefined where it says nothing. */
function queryOf({ url = "" }: IncomingMessage, inPath: Readonly<Record<string, unknown>>): string | undefined {
  const start = url.indexOf("?");
  const parameters = new URLSearchParams(start === -1 ? "" : url.slice(start));
  for (const name of NOT_LOOKED_FOR) parameters.delete(name);
  for (const [name, value] of Object.entries(inPath)) parameters.set(name, String(value));
  return parameters.size === 0 ? undefined : parameters.toString();
}

/** Answers when the trace is durable; what is answered piece by piece leaves another one when it ends. */
async function answerTraced(
  access: AccessRecorder,
  about: Access,
  tells: readonly string[],
  answer: () => Promise<Reply> | Reply,
): Promise<Reply> {
  access.requireAble();
  let reply: Reply;
  try {
    reply = await answer();
  } catch (error) {
    const { code } = problemOf(error).problem;
    // Nobody knows what became of what was not refused.
    if (CODES[code][0] >= 500)
      await access.recordNow({ ...about, outcome: "failure", metadata: { code } }).catch(() => undefined);
    throw error;
  }
  const isToldAlone = await access.recordNow({
    ...about,
    outcome: "success",
    metadata: toldOf(reply, tells),
  });
  const { stream, counted } = reply;
  if (stream === undefined || counted === undefined) return reply;
  // Nobody waits for what is told of its end.
  const end = (): void => {
    const metadata = { ended: true, ...counted() };
    if (!isToldAlone) access.countEnd({ ...about, metadata });
    else void access.recordNow({ ...about, outcome: "success", metadata }).catch(() => undefined);
  };
  return { ...reply, stream: (life) => endedBy(stream(life), end) };
}

/** The same pieces, and what is done when there are no more of them, or nobody takes them. */
async function* endedBy<T>(pieces: AsyncIterator<T>, end: () => void): AsyncGenerator<T> {
  try {
    for (let piece = await pieces.next(); piece.done !== true; piece = await pieces.next()) yield piece.value;
  } finally {
    await pieces.return?.();
    end();
  }
}

function toldOf({ status, body }: Reply, tells: readonly string[]): Readonly<Record<string, unknown>> {
  const told: Record<string, unknown> = { status };
  const answered = tells.length > 0 && typeof body === "string" ? (readJson(body) as Record<string, unknown>) : {};
  for (const name of tells) {
    const value = answered[name];
    if (value === undefined) continue;
    told[name] = JSON.stringify(value).length <= TOLD_MAX ? value : "too long to be told";
  }
  return told;
}

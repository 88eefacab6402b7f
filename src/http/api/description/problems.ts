/**
 * What can go wrong as OpenAPI has it: statuses with the codes behind them. Routes of foreign protocols spell problems in
 * their own way, so each protocol is asked how it would answer each code.
 */

import type { IncomingMessage } from "node:http";
import { FORMATS } from "../../../ingest/known-formats.ts";
import { Problem } from "../../problem.ts";
import { spellProblem } from "../../protocols/foreign-status.ts";
import { protocolOf } from "../../protocols/known-protocols.ts";
import { CODES, type Code } from "../codes.ts";
import type { Operation } from "../operations.ts";
import { type DocumentPart, oneOf, reference } from "./contents.ts";

const PROBLEM_TYPE = "application/problem+json";

/** What a request may be answered before anybody looks for its operation. */
const BEFORE: readonly Code[] = [
  "request_invalid",
  "request_timeout",
  "headers_too_large",
  "transfer_encoding_unsupported",
];
/** Problems that any operation may have. */
const ALWAYS: readonly Code[] = ["internal", "deadline_exceeded"];

/** What protocols look at to tell how their sender wants to be answered. */
const ASKING: readonly Readonly<Record<string, string>>[] = [
  {},
  { authorization: "Bearer other" },
  { "content-type": "application/x-protobuf" },
  { "x-amz-firehose-request-id": "1" },
];

/** What is answered together with how a key is shown. */
const OF_CHALLENGE: readonly Code[] = ["key_missing", "key_invalid", "signature_invalid", "signature_expired"];
const RETRY_AFTER: DocumentPart = {
  description: "Seconds after which to try again",
  schema: { type: "integer", minimum: 0 },
};
const CHALLENGE: DocumentPart = { description: "How a key is shown (RFC 6750)", schema: { type: "string" } };
const CODE: DocumentPart = {
  description: "The code of the problem, where the body has the form of a foreign protocol",
  schema: { type: "string" },
};

/** One way to answer one code. */
type Answered = { readonly status: number; readonly code: Code; readonly type: string; readonly schema: DocumentPart };

/** Problems of an operation by their status. */
export function problemsOf(operation: Operation): Map<number, DocumentPart> {
  const byStatus = new Map<number, Answered[]>();
  for (const answered of [...BEFORE.map(asProblem), ...operationProblems(operation)]) {
    byStatus.set(answered.status, [...(byStatus.get(answered.status) ?? []), answered]);
  }
  const described = [...byStatus].map(([status, list]): [number, DocumentPart] => [
    status,
    describe(status, list, operation),
  ]);
  return new Map(described);
}

function operationProblems(operation: Operation): Answered[] {
  const codes = [...new Set([...codesOf(operation), ...ALWAYS])];
  if (operation.foreign === undefined) return codes.map(asProblem);
  const { format } = operation.foreign;
  const formats = format === undefined ? Object.keys(FORMATS) : [format];
  return formats.flatMap((name) => codes.flatMap((code) => spelled(name, code)));
}

function codesOf({ codes, takesTurn, query, headers, trace }: Operation): readonly Code[] {
  return [
    ...codes,
    ...("leavesFirst" in trace ? (["access_unrecorded"] as const) : []),
    ...(takesTurn === true ? (["reads_full"] as const) : []),
    ...(query !== undefined || headers !== undefined ? (["parameter_invalid"] as const) : []),
  ];
}

function asProblem(code: Code): Answered {
  return { status: CODES[code][0], code, type: PROBLEM_TYPE, schema: reference("Problem") };
}

/** How the protocol of a format answers a code, for whoever asks. */
function spelled(format: string, code: Code): Answered[] {
  return ASKING.map((headers) => {
    const req = { headers, url: "/" } as unknown as IncomingMessage;
    const { status, spelling } = spellProblem(protocolOf(format), new Problem(code, ""), req);
    const type = spelling?.type ?? PROBLEM_TYPE;
    return { status, code, type, schema: schemaOf(format, type) };
  });
}

function schemaOf(format: string, type: string): DocumentPart {
  if (type === PROBLEM_TYPE) return reference("Problem");
  if (type !== "application/json") return { type: "string", format: "binary" };
  if (format === "hec") return reference("HecAnswer");
  return reference(format === "aws" ? "FirehoseAnswer" : "OtlpStatus");
}

function describe(status: number, list: readonly Answered[], { foreign }: Operation): DocumentPart {
  const codes = [...new Set(list.map(({ code }) => code))];
  const types = [...new Set(list.map(({ type }) => type))];
  const schemasOf = (type: string): DocumentPart[] => {
    const ofType = list.filter((each) => each.type === type);
    return [...new Map(ofType.map(({ schema }) => [JSON.stringify(schema), schema])).values()];
  };
  const headers: Record<string, DocumentPart> = {};
  if (status === 429 || status === 503) headers["Retry-After"] = RETRY_AFTER;
  if (codes.some((code) => OF_CHALLENGE.includes(code))) headers["WWW-Authenticate"] = CHALLENGE;
  if (foreign !== undefined) headers["Holdfast-Code"] = CODE;
  return {
    description: codes.join(", "),
    ...(Object.keys(headers).length > 0 && { headers }),
    content: Object.fromEntries(types.map((type) => [type, { schema: oneOf(schemasOf(type)) }])),
  };
}

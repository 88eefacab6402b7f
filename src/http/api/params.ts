/**
 * Parameters of a request by their schemas. An unknown one is refused, because a parameter that is spelled wrong and
 * ignored can disclose what it should have withheld.
 * Why: docs/decisions/0055.
 */

import type { IncomingMessage } from "node:http";
import type { Request } from "express";
import * as z from "zod";
import { type FieldError, Problem } from "../problem.ts";
import type { Code } from "./codes.ts";

/** Query parameters. @throws Problem parameter_invalid */
export function readQuery<T extends z.ZodObject>(schema: T, req: Request): z.output<T> {
  return check(schema, req.query, "parameter_invalid", "query parameter ");
}

/** Parameters of the path. @throws Problem parameter_invalid */
export function readPath<T extends z.ZodObject>(schema: T, req: Request): z.output<T> {
  return check(schema, req.params, "parameter_invalid", "path parameter ");
}

/** Name of the format that a route of foreign senders is for: its own, or that of its path, whatever it is. */
export function formatName(fixed: string | undefined, req: Request): string | undefined {
  return fixed ?? (req.params.format as string | undefined);
}

/** Of the parameters of a query those that are named, as they came; what else a sender puts there is its own. */
export function pickQuery(names: readonly string[], req: IncomingMessage): Record<string, string> {
  if (names.length === 0) return {};
  const parameters = new URL(req.url ?? "/", "http://localhost").searchParams;
  return pick(names, (name) => parameters.get(name) ?? undefined);
}

/** Of the headers those that are named, and with `*` at the end all that begin so. */
export function pickHeaders(names: readonly string[], { headers }: IncomingMessage): Record<string, string> {
  const all = names.flatMap((name) => {
    return name.endsWith("*") ? Object.keys(headers).filter((each) => each.startsWith(name.slice(0, -1))) : [name];
  });
  // A header that is not one of HTTP's own is one text, however often it stands there.
  return pick(all, (name) => headers[name] as string | undefined);
}

function pick(names: readonly string[], find: (name: string) => string | undefined): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = find(name);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

/** A body that was parsed already. @throws Problem request_invalid */
export function checkBody<T extends z.ZodObject>(schema: T, value: unknown): z.output<T> {
  return check(schema, value, "request_invalid", "");
}

/** Fields by their schema, or what is wrong with them. */
export function readFields<T extends z.ZodObject>(
  schema: T,
  input: unknown,
): { readonly value: z.output<T> } | { readonly errors: readonly FieldError[] } {
  const parsed = schema.safeParse(input);
  if (parsed.success) return { value: parsed.data };
  return { errors: parsed.error.issues.map((issue) => fieldError(issue, input, schema)) };
}

function check<T extends z.ZodObject>(schema: T, input: unknown, code: Code, what: string): z.output<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map((issue) => fieldError(issue, input, schema));
  const [first] = errors as [FieldError];
  const [issue] = parsed.error.issues;
  if (issue?.code === "unrecognized_keys") {
    const name = [...issue.path, issue.keys[0]].join("/");
    throw new Problem(code, `unknown ${what === "" ? "member " : what}${name}; expected ${first.expected}`, { errors });
  }
  throw new Problem(code, `expected ${first.expected} as ${what}${first.path}, got ${first.got}`, { errors });
}

function fieldError(issue: z.core.$ZodIssue, input: unknown, schema: z.ZodObject): FieldError {
  const isUnknown = issue.code === "unrecognized_keys";
  const steps = isUnknown ? [...issue.path, issue.keys[0] as string] : issue.path;
  const path = steps.map((step) => `/${String(step)}`).join("");
  let got: unknown = input;
  for (const step of steps) got = (got as Record<PropertyKey, unknown> | undefined)?.[step];
  const expected = isUnknown ? namesAt(schema, issue.path) : expectation(issue);
  // What may be a secret is not sent back: answers end up in logs.
  const isSecret = steps.some((step) => SECRET_NAME.test(String(step)));
  return { path: path === "" ? "/" : path, expected, got: isSecret ? "a value that is not shown" : describe(got) };
}

/** What may stand where there is a name that is not known, in words. @param path to the object that has it */
function namesAt(schema: z.ZodObject, path: readonly PropertyKey[]): string {
  let at: unknown = schema;
  for (const step of path) {
    at = bare(at);
    if (at instanceof z.ZodArray) at = at.element;
    else at = at instanceof z.ZodObject ? at.shape[step as string] : undefined;
  }
  at = bare(at);
  return at instanceof z.ZodObject ? `one of ${Object.keys(at.shape).join(", ")}` : "no such member";
}

/** A schema without what says that it may be absent. */
function bare(schema: unknown): unknown {
  const isMore = schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault;
  return isMore ? bare(schema.unwrap()) : schema;
}

const SECRET_NAME = /secret|password|token/i;

/** What zod calls the kinds of values, in words. */
const KINDS: Readonly<Record<string, string>> = {
  array: "a list",
  int: "a whole number",
  object: "an object",
  string: "a text",
};

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return KINDS[issue.expected] ?? `a ${issue.expected}`;
    case "invalid_value":
      return `one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return issue.origin === "number" || issue.origin === "int" ? `at least ${issue.minimum}` : "more than nothing";
    case "too_big":
      return `at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/**
 * The description of the API for programs: OpenAPI 3.1, made from the table of operations and the zod schemas that check
 * requests. Nothing in it is written by hand but its examples, which are run.
 * Why: docs/decisions/0183.
 */

import { rolesFor } from "../../auth/roles.ts";
import { type AnswerForm, OPERATIONS, type Operation } from "../operations.ts";
import answers from "./answers.json" with { type: "json" };
import { componentSchemas, contentOf, type DocumentPart, requestBody } from "./contents.ts";
import { parametersOf } from "./parameters.ts";
import { problemsOf } from "./problems.ts";
import { type SecurityOptions, securityOf, securitySchemes } from "./security.ts";

/** Examples of answers by operation and status: what a service answered, written by `npm run test:openapi -- --write-examples`. */
const ANSWERS: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>> = answers;
const MEANINGS: Readonly<Record<number, string>> = { 200: "Done", 201: "Made", 204: "Nothing more comes" };
const ETAG: DocumentPart = { description: "Names this answer, for If-None-Match", schema: { type: "string" } };

/** The whole document. */
export function openApi(version: string, options: SecurityOptions = {}): DocumentPart {
  const paths: Record<string, Record<string, DocumentPart>> = {};
  for (const [id, operation] of Object.entries(OPERATIONS) as [string, Operation][]) {
    paths[operation.route] = { ...paths[operation.route], [operation.method]: describe(id, operation, options) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Holdfast",
      version,
      summary: "An audit log that nobody can quietly rewrite.",
      description:
        "Every path answers HEAD and OPTIONS besides, and 405 to other methods, with `Allow`. A request is refused for the first thing that is wrong, in this order: the key, what the key allows, the path, the ledger, the query, the body.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    jsonSchemaDialect: "https://json-schema.org/draft/2020-12/schema",
    // Beside the document: a proxy may serve all of it under a prefix.
    servers: [{ url: "." }],
    tags: [...new Set(Object.values(OPERATIONS).map(tagOf))].map((name) => ({ name })),
    paths,
    components: { schemas: componentSchemas(), securitySchemes: securitySchemes(options) },
  };
}

function describe(id: string, operation: Operation, options: SecurityOptions): DocumentPart {
  const { summary, permission } = operation;
  const body = requestBody(id, operation);
  return {
    operationId: id,
    summary,
    tags: [tagOf(operation)],
    ...(permission !== undefined && { description: `Roles: ${rolesFor(permission).join(", ")}.` }),
    security: securityOf(operation, options),
    parameters: parametersOf(id, operation),
    ...(body !== undefined && { requestBody: body }),
    responses: responsesOf(id, operation),
  };
}

/** What an operation is about, as people look for it. */
function tagOf({ route, foreign }: Pick<Operation, "route" | "foreign">): string {
  if (foreign !== undefined || route.startsWith("/services/")) return "Foreign formats";
  if (/\/(events|intents|stats|export|archive)/.test(route)) return "Events";
  if (/\/(retention|holds|erasures)\b/.test(route)) return "Retention";
  if (/\/(schemas|requirements|rules|violations|check)\b/.test(route)) return "Rules";
  if (/\/(checkpoint|consistency|anchors|tile)/.test(route)) return "The tree";
  if (route.startsWith("/v1/encryption")) return "Encryption";
  if (route.startsWith("/v1/key")) return "Keys";
  return route.startsWith("/v1/ledgers") ? "Ledgers" : "The service";
}

function responsesOf(id: string, operation: Operation): DocumentPart {
  const problems = problemsOf(operation);
  const responses: Record<string, DocumentPart> = {};
  for (const [status, forms] of Object.entries(operation.answers) as [string, AnswerForm | readonly AnswerForm[]][]) {
    const content = contentOf([forms].flat(), ANSWERS[id]?.[status]);
    responses[status] = answer(Number(status), content, operation, problems.get(Number(status)));
    problems.delete(Number(status));
  }
  if (operation.isTagged === true) {
    responses[304] = { description: "It is what the client has already", headers: { ETag: ETAG } };
  }
  for (const [status, described] of problems) responses[status] = described;
  return responses;
}

/**
 * @param content of what is not a problem
 * @param problem what else has this status
 */
function answer(
  status: number,
  content: DocumentPart | undefined,
  operation: Operation,
  problem: DocumentPart | undefined,
): DocumentPart {
  const headers = headersOf(operation);
  const all = problem === undefined ? content : { ...(problem.content as DocumentPart), ...content };
  return {
    description: MEANINGS[status] ?? (problem === undefined ? "Answered" : `Not now; or ${problem.description}`),
    ...(Object.keys(headers).length > 0 && { headers }),
    ...(all !== undefined && { content: all }),
  };
}

function headersOf({ answerHeaders = {}, isTagged }: Operation): Readonly<Record<string, DocumentPart>> {
  const named = Object.entries(answerHeaders).map(([name, description]) => [
    name,
    { description, schema: { type: "string" } },
  ]);
  return { ...Object.fromEntries(named), ...(isTagged === true && { ETag: ETAG }) };
}

/**
 * Holds the answers of a service against its published description: each has a status, a content type and a body that the
 * description of its operation knows. Every request of ../service.ts comes through here.
 */

import type { ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { openApi } from "../../src/http/api/description/openapi.ts";

type Content = Readonly<Record<string, DescribedBody>>;
type Response = { readonly description: string; readonly headers?: object; readonly content?: Content };
export type Described = {
  readonly operationId: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters: readonly DescribedParameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Readonly<Record<string, DescribedBody>> };
  readonly responses: Readonly<Record<string, Response>>;
};
export type DescribedParameter = {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: boolean;
  readonly example?: unknown;
  readonly schema: Readonly<Record<string, unknown>>;
};
type DescribedBody = {
  readonly schema: object;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
};
export type DescribedPaths = Readonly<Record<string, Readonly<Record<string, Described>>>>;

/** The whole description. */
export const DOCUMENT = openApi("0.0.0-test") as {
  readonly paths: DescribedPaths;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
};

const ID = "https://holdfast.invalid/described";
const ajv = new Ajv2020({ strict: false, validateFormats: true });
addFormats.default(ajv);
ajv.addSchema({ $id: ID, components: { schemas: DOCUMENT.components.schemas } });
const validators = new Map<object, ValidateFunction>();

/** Whether a value is what a schema of the description says; otherwise what is wrong. */
export function misfit(schema: object, value: unknown): string | undefined {
  let validate = validators.get(schema);
  if (validate === undefined) {
    const text = JSON.stringify(schema).replaceAll('"$ref":"#/', `"$ref":"${ID}#/`);
    validate = ajv.compile(JSON.parse(text) as object);
    validators.set(schema, validate);
  }
  return validate(value) ? undefined : ajv.errorsText(validate.errors);
}

// The more of a path is written out, the sooner it is meant.
const ROUTES = Object.keys(DOCUMENT.paths)
  .sort((a, b) => a.split("{").length - b.split("{").length)
  .map((route) => ({
    route,
    pattern: new RegExp(`^${route.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}$`),
  }));

/** The operation that a request is one of; undefined when it is none of the API. */
export function operationOf(method: string, path: string): Described | undefined {
  const pathname = path.replace(/[?#].*$/, "");
  const found = ROUTES.find(({ pattern }) => pattern.test(pathname));
  return found === undefined ? undefined : DOCUMENT.paths[found.route]?.[method.toLowerCase()];
}

export type Heard = { readonly status: number; readonly headers: Headers; readonly text: string };

/** @throws Error when an answer is not as it is described */
export function requireDescribed(method: string, path: string, { status, headers, text }: Heard): void {
  const described = operationOf(method, path);
  if (described === undefined) return;
  const where = `${method} ${path} answered ${status}`;
  const response = described.responses[status];
  if (response === undefined) throw new Error(`${where}, which the description does not have: ${text.slice(0, 200)}`);
  for (const name of ["ETag", "Location", "Holdfast-Warning", "Holdfast-Code", "Retry-After", "WWW-Authenticate"]) {
    if (headers.get(name) === null || Object.hasOwn(response.headers ?? {}, name)) continue;
    throw new Error(`${where} with the header ${name}, which the description does not have`);
  }
  const type = headers.get("content-type")?.split(";")[0];
  // What is there already is named again without being sent.
  if (type === undefined || status === 304) return;
  const content = response.content?.[type];
  if (content === undefined) throw new Error(`${where} with ${type}, which the description does not have`);
  if (!/[/+]json$/.test(type)) return;
  const wrong = misfit(content.schema, JSON.parse(text));
  if (wrong !== undefined)
    throw new Error(`${where} with a body that is not as described, ${wrong}: ${text.slice(0, 300)}`);
}

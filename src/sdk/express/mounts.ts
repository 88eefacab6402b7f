/**
 * Which route takes a request, by the patterns that the program wrote. Express tells the pattern of a route, but of a router's
 * mount only what stood in the path in its place: so each mount is looked at when it is taken, while its parameters are known.
 */

import type { AuditedRequest } from "./request-facts.ts";

type Params = Readonly<Record<string, unknown>>;

/** A mount as it was taken: its pattern, and the parameters in it. */
type Mount = { readonly pattern: string; readonly params: Params };

type Watched = { readonly mounts: Map<string, Mount>; route: string | undefined };

/** A part of a path that nobody but the program wrote, as far as can be seen; a date is a version. */
const PLAIN_PART = /^[A-Za-z@][\w.-]{0,31}$|^\d{4}-\d\d(?:-\d\d)?$|^$/;
const MANY = "*";
/** Stands in a part that the name before it has as well. */
const TAKEN = "\0";

const watched = new WeakMap<object, Watched>();

/** Looks at what Express writes into a request from here on, which it does before each mount and each route. */
export function watchRoute(req: AuditedRequest): void {
  if (watched.has(req)) return;
  let { baseUrl, route } = req;
  const mounts = new Map<string, Mount>();
  // What was taken before this began is known by its text alone.
  if (baseUrl) mounts.set(baseUrl, { pattern: plainParts(baseUrl), params: {} });
  const seen: Watched = { mounts, route: patternOf(mounts, baseUrl, route) };
  watched.set(req, seen);
  Object.defineProperties(req, {
    baseUrl: {
      ...OWN,
      get: () => baseUrl,
      set: (value: string | undefined) => {
        const isDeeper = typeof value === "string" && value.length > (baseUrl ?? "").length;
        if (isDeeper) mounts.set(value, mountOf(value, baseUrl ?? "", mounts, req.params));
        baseUrl = value;
      },
    },
    route: {
      ...OWN,
      get: () => route,
      set: (value: AuditedRequest["route"]) => {
        route = value;
        // Express goes back to the mounts around it when a route hands on, as it does with every error.
        seen.route = patternOf(mounts, baseUrl, value);
      },
    },
  });
}

const OWN = { configurable: true, enumerable: true };

/** The pattern of the route that took a request, such as /orders/:id; undefined where none did. */
export function routeOf(req: AuditedRequest): string | undefined {
  return watched.get(req)?.route;
}

function patternOf(
  mounts: ReadonlyMap<string, Mount>,
  baseUrl = "",
  route: AuditedRequest["route"],
): string | undefined {
  const path = route?.path;
  if (path === undefined) return undefined;
  const mount = mounts.get(baseUrl)?.pattern ?? plainParts(baseUrl);
  const patterns = Array.isArray(path) ? path.map(String).join("|") : String(path);
  return patterns === "/" && mount !== "" ? mount : `${mount}${patterns}`;
}

/** A mount within another, or within none. */
function mountOf(baseUrl: string, around: string, mounts: ReadonlyMap<string, Mount>, params: unknown): Mount {
  const outer = mounts.get(around) ?? { pattern: plainParts(around), params: {} };
  const own = baseUrl.startsWith(around) ? baseUrl.slice(around.length) : baseUrl;
  const named = typeof params === "object" && params !== null ? { ...(params as Params) } : {};
  const pattern = outer.pattern + withNames(own, named, outer.params);
  return { pattern, params: { ...outer.params, ...named } };
}

/** A path with the names of its parameters in place of their values. @param outer those of the mounts around, which may be repeated */
function withNames(path: string, params: Params, outer: Params): string {
  const parts = path.split("/").map(decode);
  const named = new Map<number, string>();
  const given = Object.entries(params).filter(([, value]) => value !== undefined && value !== "");
  const isRepeated = ([name, value]: readonly [string, unknown]) => outer[name] === value;
  // From the end: what stands there last is what was given last.
  for (const [name, value] of given.filter((each) => !isRepeated(each)).reverse()) {
    // Which of several places it has nobody can tell, and each may be somebody's name.
    if (!place(name, value, parts, named)) return `/${MANY}`;
  }
  for (const [name, value] of given.filter(isRepeated)) place(name, value, parts, named);
  return parts
    .map((part, i) => named.get(i) ?? plainPart(part))
    .filter((part) => part !== TAKEN)
    .join("/");
}

/** Puts a name where its value stands. @returns whether there is such a place, and no doubt about it */
function place(name: string, value: unknown, parts: readonly string[], named: Map<number, string>): boolean {
  const text = Array.isArray(value) ? value.join("/") : String(value);
  // A wildcard is a list in Express 5; in Express 4 it has a number.
  const isWild = Array.isArray(value) || /^\d+$/.test(name);
  const spelled = isWild ? `${MANY}${name.replace(/^\d+$/, "")}` : `:${name}`;
  for (const values of [[text], text.split("/")]) {
    for (let at = parts.length - values.length; at >= 0; at--) {
      if (!values.every((each, i) => parts[at + i] === each && !named.has(at + i))) continue;
      for (const i of values.keys()) named.set(at + i, i === 0 ? spelled : TAKEN);
      return true;
    }
  }
  const within = [...parts.keys()].filter((i) => !named.has(i) && parts[i]?.includes(text));
  const [only = -1] = within;
  const around = parts[only]?.split(text) ?? [];
  if (within.length !== 1 || around.length !== 2) return false;
  named.set(only, around.join(spelled));
  return true;
}

function plainParts(path: string): string {
  return path.split("/").map(plainPart).join("/");
}

function plainPart(part: string): string {
  return PLAIN_PART.test(part) ? part : MANY;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // what is no code stands for itself
  }
}

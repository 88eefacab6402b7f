/**
 * Forms: what a value that was read from JSON must look like. A form checks a value, copies it and gives it its type; what
 * is wrong is said with its place. Own code and small, because it goes into a page.
 */

import { checksumAddress } from "../../merkle/address.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { BundleError } from "./bundle.ts";

/** Checks a value at a path and gives it back with its type. @throws BundleError */
export type FormOf<T> = (value: unknown, path: string) => T;

/** An object's forms by name; the optional ones may be missing. */
export type Forms<T> = { readonly [Name in keyof T]-?: FormOf<Exclude<T[Name], undefined>> };

const HEX = /^0x(?:[0-9a-f]{2})*$/;
const ADDRESS = /^0x[0-9a-fA-F]{40}$/;

/** What an object may lack, and whether it may have members that nobody knows; they are left out then. */
export type ObjectOptions<T> = { readonly optional?: readonly (keyof T & string)[]; readonly open?: boolean };

/** An object with these members. */
export function object<T extends object>(
  forms: Forms<T>,
  { optional = [], open = false }: ObjectOptions<T> = {},
): FormOf<T> {
  const known = Object.entries<FormOf<unknown>>(forms);
  return (value, path) => {
    if (!isObject(value)) throw new BundleError("bundle_value", path, "an object", describe(value));
    for (const name of open ? [] : Object.keys(value)) {
      if (!Object.hasOwn(forms, name)) {
        throw new BundleError("bundle_member_unknown", path, `only ${Object.keys(forms).join(", ")}`, quote(name));
      }
    }
    const checked: Record<string, unknown> = {};
    for (const [name, form] of known) {
      const at = path === "" ? name : `${path}.${name}`;
      const held = Object.hasOwn(value, name) ? value[name] : undefined;
      if (held !== undefined) checked[name] = form(held, at);
      else if (!(optional as readonly string[]).includes(name)) {
        throw new BundleError("bundle_member_missing", at, "a value", "nothing");
      }
    }
    return checked as T;
  };
}

/** A list of so many values of one form. */
export function list<T>(form: FormOf<T>, countMin: number, countMax: number): FormOf<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw new BundleError("bundle_value", path, "a list", describe(value));
    if (value.length < countMin || value.length > countMax) {
      throw new BundleError("bundle_value", path, `a list of ${countMin}..${countMax}`, `${value.length}`);
    }
    return Array.from(value, (held, i) => form(held, `${path}[${i}]`));
  };
}

/** Lower-case hex of so many bytes. */
export function hex(bytesMin: number, bytesMax = bytesMin): FormOf<Hex> {
  const length = bytesMin === bytesMax ? `${bytesMin} bytes` : `${bytesMin}..${bytesMax} bytes`;
  return (value, path) => {
    const bytes = typeof value === "string" ? (value.length - 2) / 2 : -1;
    if (typeof value !== "string" || bytes < bytesMin || bytes > bytesMax || !HEX.test(value)) {
      throw new BundleError("bundle_value", path, `${length} of lower-case hex with 0x`, describe(value));
    }
    return value as Hex;
  };
}

/** An address in EIP-55 spelling. */
export function address(value: unknown, path: string): string {
  if (typeof value !== "string" || !ADDRESS.test(value) || checksumAddress(value) !== value) {
    throw new BundleError("bundle_value", path, "an address in EIP-55 spelling", describe(value));
  }
  return value;
}

/** A whole number in 0..2^53-1. */
export function integer(value: unknown, path: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0 || Object.is(value, -0)) {
    throw new BundleError("bundle_value", path, "a whole number in 0..2^53-1", describe(value));
  }
  return value;
}

/** A whole number in 1..2^53-1. */
export function positive(value: unknown, path: string): number {
  if (value === 0) throw new BundleError("bundle_value", path, "a whole number above 0", "0");
  return integer(value, path);
}

/** A text that is not empty. */
export function text(lengthMax: number): FormOf<string> {
  return (value, path) => {
    if (typeof value !== "string" || value === "" || value.length > lengthMax || !value.isWellFormed()) {
      throw new BundleError("bundle_value", path, `a text of 1..${lengthMax} characters`, describe(value));
    }
    return value;
  };
}

/** One of these texts. */
export function oneOf<T extends string>(allowed: readonly T[]): FormOf<T> {
  return (value, path) => {
    const found = allowed.find((one) => one === value);
    if (found === undefined)
      throw new BundleError("bundle_value", path, allowed.map(quote).join(" or "), describe(value));
    return found;
  };
}

/** Whether a value is an object and no list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (typeof value === "string")
    return value.length > 70 ? `${quote(value)} (${value.length} characters)` : quote(value);
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return value === null ? "null" : `a value of type ${typeof value}`;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 70 ? `${text.slice(0, 70)}…` : text);
}

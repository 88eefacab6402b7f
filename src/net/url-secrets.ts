/**
 * What a URL holds that nobody else may read, such as keys in its path, its query and its password, and striking it out
 * of what somebody else says, however that spells it. It runs in a browser too.
 */

/**
 * Puts dots in the place of secrets.
 * @param isCut the text may end in the middle of one
 */
export type Strike = (text: string, isCut?: boolean) => string;

/** Names of users and parts of paths that are shorter are no keys, and may be words. */
const WORD_MAX = 5;
/** Values in a query that are shorter are no keys. */
const FLAG_MAX = 2;
/** So much of a secret may stand at the end of a text that is cut. */
const BEGINNING_MAX = 3;
/** Texts are cut before they can hold more of a secret. */
const CUT_LENGTH_MAX = 400;
const DOTS = "…";
const NAMED: Readonly<Record<string, string>> = { "&": "amp", '"': "quot", "'": "apos", "<": "lt", ">": "gt" };

/** Strikes the secrets of a URL out of texts; undefined when it has none. */
export function strikeOf(url: URL): Strike | undefined {
  const secrets = secretsOf(url);
  if (secrets.length === 0) return undefined;
  const patterns = secrets.map((secret) => {
    const pattern = spelled(secret).join("");
    // A short one only where it is a word of its own: within others its letters say nothing.
    return secret.length > WORD_MAX ? pattern : `(?<![0-9a-z])${pattern}(?![0-9a-z])`;
  });
  const all = new RegExp(patterns.join("|"), "gi");
  // Made once: a node decides how often a text is cut.
  const ends = secrets.filter(({ length }) => length > BEGINNING_MAX).map(beginningAtEnd);
  return (text, isCut = false) => {
    const struck = text.replace(all, DOTS);
    return isCut ? ends.reduce((left, end) => left.replace(end, DOTS), struck) : struck;
  };
}

/** The longest first: one may begin with another. */
function secretsOf(url: URL): string[] {
  const { pathname, search, username, password } = url;
  const long = [...pathname.split("/"), username].filter((part) => decoded(part).length > WORD_MAX);
  const values = search
    .slice(1)
    .split("&")
    .map((pair) => pair.slice(pair.indexOf("=") + 1))
    .filter((value) => decoded(value).length > FLAG_MAX);
  const plus = values.map((value) => value.replaceAll("+", " "));
  const parts = [...long, ...values, ...plus, password].flatMap((part) => [part, decoded(part)]);
  if (username !== "" || password !== "") {
    const basic = basicCredentials(url);
    parts.push(basic, basic.replace(/=+$/, ""));
  }
  // As JSON has them: "either one or two" for each of them would be tried in 2^n ways.
  parts.push(...parts.map((part) => part.replaceAll("\\", "\\\\")));
  return [...new Set(parts)].filter((part) => part !== "").sort((a, b) => b.length - a.length);
}

/** What user and password of a URL become in a header. */
export function basicCredentials({ username, password }: URL): string {
  const bytes = new TextEncoder().encode(`${decoded(username)}:${decoded(password)}`);
  return btoa(String.fromCharCode(...bytes));
}

/** A pattern for each character: plain, percent-encoded as often as you like, or escaped as JSON or HTML do. */
function spelled(secret: string): string[] {
  return [...secret].map((character) => {
    const plain = character.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
    const bytes = [...new TextEncoder().encode(character)].map((byte) => `%(?:25)*${hex(byte, 2)}`);
    const units = character.split("").map((unit) => `\\\\u${hex(unit.charCodeAt(0), 4)}`);
    const ways = [/[0-9a-z\\]/i.test(character) ? plain : `\\\\?${plain}`, bytes.join(""), units.join("")];
    const code = character.codePointAt(0) as number;
    ways.push(`&#(?:0*${code}|x0*${hex(code, 1)});`);
    if (NAMED[character] !== undefined) ways.unshift(`&${NAMED[character]};`);
    if (character === " ") ways.push("\\+");
    return `(?:${ways.join("|")})`;
  });
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

/** The beginning of a secret with which a text ends: each character may be the last one, with half of another spelling. */
function beginningAtEnd(secret: string): RegExp {
  const pattern = spelled(secret).slice(0, CUT_LENGTH_MAX);
  const rest = pattern.slice(BEGINNING_MAX + 1).reduceRight((behind, each) => `(?:${each}${behind})?`, "");
  return new RegExp(`${pattern.slice(0, BEGINNING_MAX + 1).join("")}${rest}[%\\\\&]?[0-9a-z#]{0,5}$`, "i");
}

/** A part of a URL without percent-encoding, or as it stands where that is none. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Whether a text is an address of the internet, IPv4 or IPv6 (RFC 4291 §2.2), as OCSF's ip_t has it. */

const BYTE = /^(?:0|[1-9]\d{0,2})$/;
const GROUP = /^[0-9a-f]{1,4}$/i;
const GROUPS = 8;

export function isAddress(text: string): boolean {
  return text.includes(":") ? isIpv6(text) : isIpv4(text);
}

function isIpv4(text: string): boolean {
  const bytes = text.split(".");
  return bytes.length === 4 && bytes.every((byte) => BYTE.test(byte) && Number(byte) <= 255);
}

function isIpv6(text: string): boolean {
  const [, zoneless = text] = /^([^%]*)%.+$/.exec(text) ?? [];
  const sides = zoneless.split("::");
  if (sides.length > 2) return false;
  const groups = sides.flatMap((side) => (side === "" ? [] : side.split(":")));
  const last = groups.at(-1) ?? "";
  const isMixed = last.includes(".");
  const count = groups.length + (isMixed ? 1 : 0);
  if (sides.length === 2 ? count >= GROUPS : count !== GROUPS) return false;
  return groups.every((group, i) => GROUP.test(group) || (isMixed && i === groups.length - 1 && isIpv4(group)));
}

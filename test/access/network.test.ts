/** Where requests come from, as it is told apart. */

import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import test from "node:test";
import { networkOf } from "../../src/access/network.ts";
import { clientAddress, trustedProxies } from "../../src/http/auth/client-address.ts";

test("an address of IPv4 is told as it is, one of IPv6 by its first 64 bits", () => {
  const cases: readonly (readonly [string | undefined, string])[] = [
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::6", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["64:ff9b::192.0.2.7", "64:ff9b:0:0::/64"],
    ["::1", "::1"],
    ["::", "0:0:0:0::/64"],
    ["nonsense", "unknown"],
    [undefined, "unknown"],
  ];
  for (const [address, network] of cases) assert.equal(networkOf(address), network, String(address));
});

test("only what a trusted proxy says of a client counts, however long the client's own list is", () => {
  const proxies = trustedProxies(["10.0.0.0/8", "fd00::1"]);
  const at = (remoteAddress: string, said?: string) =>
    clientAddress(
      { socket: { remoteAddress }, headers: { "x-forwarded-for": said } } as unknown as IncomingMessage,
      proxies,
    );
  assert.equal(at("192.0.2.7", "198.51.100.1"), "192.0.2.7", "nobody's proxy");
  assert.equal(at("10.1.2.3", "198.51.100.1"), "198.51.100.1");
  assert.equal(at("::ffff:10.1.2.3", "198.51.100.1"), "198.51.100.1");
  assert.equal(at("10.1.2.3", "203.0.113.9, 198.51.100.1, 10.9.9.9"), "198.51.100.1", "through two proxies");
  assert.equal(at("10.1.2.3", "198.51.100.1:4711"), "198.51.100.1");
  assert.equal(at("fd00::1", "[2001:db8::1]:4711"), "2001:db8::1");
  assert.equal(at("10.1.2.3", "not an address"), "10.1.2.3");
  assert.equal(at("10.1.2.3", `1.1.1.1,${"10.0.0.1,".repeat(5000)}10.0.0.1`), "10.0.0.1", "no further than some hops");
  assert.equal(at("10.1.2.3"), "10.1.2.3");
});

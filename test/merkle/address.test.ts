/** EIP-55: the addresses of the proposal's own test cases. */

import assert from "node:assert/strict";
import test from "node:test";
import { addressFault, checksumAddress } from "../../src/merkle/address.ts";

const EIP55 = [
  "0x52908400098527886E0F7030069857D2E4169EE7",
  "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
  "0xde709f2102306220921060314715629080e2fb77",
  "0x27b1fdb04752bbc536007a920d24acb045561c26",
  "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
  "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
  "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
  "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
];

test("the addresses of EIP-55 are spelled as it spells them, from any spelling", () => {
  for (const address of EIP55) {
    assert.equal(checksumAddress(address.toLowerCase()), address);
    assert.equal(checksumAddress(address), address);
  }
});

test("what is not an address is refused", () => {
  assert.throws(() => checksumAddress("0x1234"), RangeError);
  assert.throws(() => checksumAddress("52908400098527886E0F7030069857D2E4169EE7"), TypeError);
  assert.throws(() => checksumAddress(`0x${"zz".repeat(20)}`), TypeError);
});

test("an address with one capital that is not EIP-55's is told, and one without capitals is taken", () => {
  for (const address of EIP55) {
    assert.equal(addressFault(address), undefined);
    assert.equal(addressFault(address.toLowerCase()), undefined);
    const at = address.search(/[a-f](?=.*[A-F])|[A-F](?=.*[a-f])/);
    if (at < 0) continue;
    const letter = address.charAt(at);
    const flipped = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
    assert.equal(addressFault(address.slice(0, at) + flipped + address.slice(at + 1)), "capitals");
  }
  for (const text of ["", "0x1234", `0x${"zz".repeat(20)}`, ` ${EIP55[4]}`]) assert.equal(addressFault(text), "form");
});

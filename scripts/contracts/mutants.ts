/**
 * Mutants of the contract: for each promise at least one that breaks it, to see that the invariants of test/invariants
 * would notice. `breaks` is the beginning of what they must say.
 */

export type Mutant = {
  readonly name: string;
  readonly file: "LedgerAnchor.sol" | "MerkleLog.sol";
  /** Occurs once in the file. */
  readonly from: string;
  readonly to: string;
  readonly breaks: readonly string[];
};

export const MUTANTS: readonly Mutant[] = [
  {
    name: "a size need not grow",
    file: "LedgerAnchor.sol",
    from: "if (size <= headSize) revert SizeNotGrown(ledgerId, headSize, size);",
    to: "",
    breaks: ["an anchor did not grow the ledger"],
  },
  {
    name: "an anchor may follow any size",
    file: "LedgerAnchor.sol",
    from: "if (prevSize != headSize) revert HeadMismatch(ledgerId, headSize, prevSize);",
    to: "",
    breaks: ["what followed did not extend", "an anchor was taken against the rules"],
  },
  {
    name: "the consistency proof is not looked at",
    file: "LedgerAnchor.sol",
    from: "if (!extends) revert ConsistencyInvalid(ledgerId, prevSize, size, root);",
    to: "",
    breaks: ["what followed did not extend", "an anchor was taken against the rules"],
  },
  {
    name: "a consistency proof leads to the new root only",
    file: "MerkleLog.sol",
    from: "return stop == end && older == fromRoot && newer == toRoot;",
    to: "return stop == end && newer == toRoot;",
    breaks: ["what followed did not extend"],
  },
  {
    name: "an anchor overwrites the root before it",
    file: "LedgerAnchor.sol",
    from: "        roots[size] = root;",
    to: "        roots[size] = root; if (prevSize != 0) roots[prevSize] = root;",
    breaks: ["an anchored root changed"],
  },
  {
    name: "an extension passes for a contradiction",
    file: "MerkleLog.sol",
    from: "return stop == end && older != fromRoot && newer == toRoot;",
    to: "return stop == end && newer == toRoot;",
    breaks: ["an honest ledger is marked as forked"],
  },
  {
    name: "a contradiction need not lead to the larger root",
    file: "MerkleLog.sol",
    from: "return stop == end && older != fromRoot && newer == toRoot;",
    to: "return stop == end && older != fromRoot;",
    breaks: ["an honest ledger is marked as forked"],
  },
  {
    name: "one leaf twice passes for two leaves",
    file: "LedgerAnchor.sol",
    from: "bool proven = leafA.leafHash != leafB.leafHash\n            && MerkleLog",
    to: "bool proven = MerkleLog",
    breaks: ["an honest ledger is marked as forked"],
  },
  {
    name: "a statement of a fork need not be signed",
    file: "LedgerAnchor.sol",
    from: "        _requireSignature(ledgerId, s.signer, checkpointDigest(ledgerId, s.size, s.root, s.signedAt), s.signature);",
    to: "",
    breaks: ["an honest ledger is marked as forked"],
  },
  {
    name: "an anchor wipes the marks away",
    file: "LedgerAnchor.sol",
    from: "uint256 marksAndCount = (word >> COUNT_SHIFT) + 1;",
    to: "uint256 marksAndCount = uint64(word >> COUNT_SHIFT) + 1;",
    breaks: ["a mark went away"],
  },
  {
    name: "an anchor need not be signed",
    file: "LedgerAnchor.sol",
    from: "        _requireSignature(ledgerId, signer, checkpointDigest(ledgerId, size, root, signedAt), signature);",
    to: "",
    breaks: ["an anchor was taken against the rules"],
  },
  {
    name: "a past signer's key is put to the code",
    file: "LedgerAnchor.sol",
    from: "if (_pastSigners[ledgerId][recovered]) revert SignedByPastSigner(ledgerId, recovered, signer);",
    to: "",
    breaks: ["an anchor was taken against the rules"],
  },
  {
    name: "a past signer may anchor",
    file: "LedgerAnchor.sol",
    from: "if (recovered == signer) return;",
    to: "if (recovered == signer || _pastSigners[ledgerId][recovered]) return;",
    breaks: ["an anchor was taken against the rules"],
  },
  {
    name: "a no counts with any amount of gas",
    file: "LedgerAnchor.sol",
    from: "if (gasLeft < SIGNER_GAS_NEEDED) revert SignerGasTooLow(ledgerId, signer, gasLeft, SIGNER_GAS_NEEDED);",
    to: "",
    breaks: ["a lack of gas was taken for a refusal"],
  },
  {
    name: "gas is looked at after the signer was asked",
    file: "LedgerAnchor.sol",
    from: "            gasLeft := gas()\n            accepted := staticcall(SIGNER_GAS, signer, add(question, 0x20), mload(question), 0x00, 0x20)\n",
    to: "            accepted := staticcall(SIGNER_GAS, signer, add(question, 0x20), mload(question), 0x00, 0x20)\n            gasLeft := add(SIGNER_GAS_NEEDED, sub(gas(), div(SIGNER_GAS, 63)))\n",
    breaks: ["a lack of gas was taken for a refusal", "a good anchor was refused"],
  },
  {
    name: "a batch skips a signer that had too little gas",
    file: "LedgerAnchor.sol",
    from: "if (bytes4(reason) == SignerGasTooLow.selector) LowLevelCall.bubbleRevert(reason);",
    to: "",
    breaks: ["a lack of gas was taken for a refusal"],
  },
  {
    name: "a batch skips what ran out of gas",
    file: "LedgerAnchor.sol",
    from: "if (reason.length == 0) revert OutOfGas(i);",
    to: "",
    breaks: ["a lack of gas was taken for a refusal"],
  },
  {
    name: "a signer gets all the gas there is",
    file: "LedgerAnchor.sol",
    from: "staticcall(SIGNER_GAS, signer,",
    to: "staticcall(gas(), signer,",
    breaks: ["a batch was undone", "a good anchor was refused", "a batch cost more"],
  },
  {
    name: "a signer that was replaced is forgotten",
    file: "LedgerAnchor.sol",
    from: "        _pastSigners[ledgerId][oldSigner] = true;",
    to: "",
    breaks: ["a signer was forgotten", "an anchor was taken against the rules"],
  },
  {
    name: "anybody may replace the signer",
    file: "LedgerAnchor.sol",
    from: "Ledger storage owned = _requireOwner(ledgerId);\n        address oldSigner",
    to: "Ledger storage owned = _ledgers[ledgerId];\n        address oldSigner",
    breaks: ["a signer was replaced by somebody else", "the signer changed by itself"],
  },
  {
    name: "anybody may take over what was offered",
    file: "LedgerAnchor.sol",
    from: "if (msg.sender != offered.pendingOwner) revert NotPendingOwner(ledgerId, msg.sender, offered.pendingOwner);",
    to: "if (offered.pendingOwner == address(0)) revert NotPendingOwner(ledgerId, msg.sender, offered.pendingOwner);",
    breaks: ["a ledger was taken over by somebody else", "ownership moved by itself"],
  },
  {
    name: "a successor may have a successor",
    file: "LedgerAnchor.sol",
    from: " || next.successor != 0) {",
    to: ") {",
    breaks: ["a successor was named against the rules", "successors go round"],
  },
  {
    name: "a superseded ledger takes anchors",
    file: "LedgerAnchor.sol",
    from: "if (word & SUPERSEDED != 0) revert LedgerSuperseded(ledgerId, _ledgers[ledgerId].successor);",
    to: "",
    breaks: ["an anchor was taken against the rules", "a superseded ledger took an anchor"],
  },
];

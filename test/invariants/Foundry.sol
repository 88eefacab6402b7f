// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ILedgerAnchor} from "../../contracts/ILedgerAnchor.sol";

/// @notice The cheat codes of Foundry that the invariants use.
interface Foundry {
    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function prank(address sender) external;
    function warp(uint256 timestamp) external;
    function readFile(string calldata path) external view returns (string memory);
    function parseJsonBytes(string calldata json, string calldata key) external pure returns (bytes memory);
    function envOr(string calldata name, string calldata otherwise) external view returns (string memory);
}

Foundry constant FOUNDRY = Foundry(address(uint160(uint256(keccak256("hevm cheat code")))));

/// @notice Puts the contract on the chain: the code that is checked in, or that of a mutant of it.
function deployAnchors() returns (ILedgerAnchor anchors) {
    string memory file = FOUNDRY.envOr("HOLDFAST_ARTIFACT", "src/chain/contract/artifact.json");
    bytes memory code = FOUNDRY.parseJsonBytes(FOUNDRY.readFile(file), ".bytecode");
    assembly ("memory-safe") {
        anchors := create(0, add(code, 0x20), mload(code))
    }
    require(address(anchors) != address(0), "deployment");
}

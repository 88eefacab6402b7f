// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ILedgerAnchor} from "../../../contracts/ILedgerAnchor.sol";

/// @notice The few cheat codes that these tests use.
interface Vm {
    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function prank(address sender) external;
    function warp(uint256 timestamp) external;
    function assume(bool condition) external pure;
    function readFile(string calldata path) external view returns (string memory);
    function parseJsonBytes(string calldata json, string calldata key) external pure returns (bytes memory);
}

Vm constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

/// @notice Puts the contract on the chain, from the very code that is checked in.
function deployLedgerAnchor() returns (ILedgerAnchor anchors) {
    bytes memory code = VM.parseJsonBytes(VM.readFile("src/chain/contract/artifact.json"), ".bytecode");
    assembly ("memory-safe") {
        anchors := create(0, add(code, 0x20), mload(code))
    }
    require(address(anchors) != address(0), "deployment");
}

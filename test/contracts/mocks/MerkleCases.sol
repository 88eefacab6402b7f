// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {MerkleLog} from "../../../contracts/MerkleLog.sol";

/// @notice Runs the checks of MerkleLog over many cases in one call. A case is words of 32 bytes, one after the other; the
/// answer has a byte for each case, 1 for true.
contract MerkleCases {
    /// @notice Cases: root, size, index, leaf hash, number of hashes in the path, the path.
    function areIncluded(uint256 count, bytes calldata cases) external pure returns (bytes memory answers) {
        answers = new bytes(count);
        uint256 next = 0;
        for (uint256 i = 0; i < count; ++i) {
            bytes32[] calldata path = _path(cases, next + 4);
            bool answer = MerkleLog.isIncluded(
                _word(cases, next), uint256(_word(cases, next + 1)), uint256(_word(cases, next + 2)), _word(cases, next + 3), path
            );
            if (answer) answers[i] = 0x01;
            next += 5 + path.length;
        }
    }

    /// @notice Cases: smaller size, its root, larger size, its root, number of hashes in the path, the path.
    function areExtensions(uint256 count, bytes calldata cases) external pure returns (bytes memory answers) {
        return _compare(count, cases, MerkleLog.isExtension);
    }

    /// @notice Cases as for areExtensions.
    function areContradictions(uint256 count, bytes calldata cases) external pure returns (bytes memory answers) {
        return _compare(count, cases, MerkleLog.isContradiction);
    }

    function _compare(
        uint256 count,
        bytes calldata cases,
        function(uint256, bytes32, uint256, bytes32, bytes32[] calldata) internal pure returns (bool) check
    ) private pure returns (bytes memory answers) {
        answers = new bytes(count);
        uint256 next = 0;
        for (uint256 i = 0; i < count; ++i) {
            bytes32[] calldata path = _path(cases, next + 4);
            bool answer = check(
                uint256(_word(cases, next)), _word(cases, next + 1), uint256(_word(cases, next + 2)), _word(cases, next + 3), path
            );
            if (answer) answers[i] = 0x01;
            next += 5 + path.length;
        }
    }

    function _word(bytes calldata words, uint256 i) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := calldataload(add(words.offset, mul(i, 0x20)))
        }
    }

    function _path(bytes calldata words, uint256 i) private pure returns (bytes32[] calldata path) {
        assembly ("memory-safe") {
            let place := add(words.offset, mul(i, 0x20))
            path.length := calldataload(place)
            path.offset := add(place, 0x20)
        }
    }
}

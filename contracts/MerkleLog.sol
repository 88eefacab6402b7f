// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title Proofs of an append-only Merkle tree over keccak256
/// @notice The hashes of docs/format.md and the checks of RFC 9162 section 2.1. Pure: no storage, no signatures.
/// @dev The checks follow the bits of the index instead of the RFC's single loop. As long as the way up from the leaf and
/// the way up from the last leaf are apart, every level has a sibling, on the side that the bit says. Once they have met,
/// only the levels of a set bit have one, and it is on the left. Number and order of the siblings follow from index and
/// size alone, so a root has one leaf for each index.
/// Siblings are read without looking where the path ends: to stop anywhere but exactly at its end makes a check fail, and
/// there are never more than 64 to read. All sizes are below 2^64.
library MerkleLog {
    uint256 internal constant MEMBERS_MAX = 64;
    bytes32 internal constant EMPTY_ROOT = keccak256("");

    /// @notice Member digest: keccak256(0x02 || salt || text).
    function memberDigest(bytes16 salt, string calldata text) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0x02), salt, text));
    }

    /// @notice Leaf hash of an entry: keccak256(0x00 || entry), the entry being 0x01 || recordedAt || digests.
    /// @param recordedAt milliseconds since 1970.
    /// @param digests member digests in the order of the entry, 1 to 64 of them (not checked here).
    function entryLeafHash(uint64 recordedAt, bytes32[] memory digests) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(bytes2(0x0001), recordedAt, digests));
    }

    /// @notice Node hash: keccak256(0x01 || left || right).
    function nodeHash(bytes32 left, bytes32 right) internal pure returns (bytes32 hash) {
        // Uses free memory without taking it; abi.encodePacked would take more at every node, and cost three times the gas.
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore8(buffer, 0x01)
            mstore(add(buffer, 0x01), left)
            mstore(add(buffer, 0x21), right)
            hash := keccak256(buffer, 0x41)
        }
    }

    /// @notice Whether a leaf hash stands at an index of the tree: RFC 9162 section 2.1.3.2.
    function isIncluded(bytes32 root, uint256 size, uint256 index, bytes32 leafHash, bytes32[] calldata path)
        internal
        pure
        returns (bool)
    {
        if (index >= size) return false;
        (uint256 next, uint256 end) = _bounds(path);
        bytes32 node = leafHash;
        unchecked {
            uint256 apart = index ^ (size - 1);
            while (apart != 0) {
                bytes32 sibling = _load(next);
                node = index & 1 == 0 ? nodeHash(node, sibling) : nodeHash(sibling, node);
                next += 32;
                index >>= 1;
                apart >>= 1;
            }
            while (index != 0) {
                node = nodeHash(_load(next), node);
                next += 32;
                index &= index - 1;
            }
        }
        return next == end && node == root;
    }

    /// @notice Whether the tree of `to` entries begins with the tree of `from` entries: RFC 9162 section 2.1.4.2. Every
    /// tree begins with the empty one.
    function isExtension(uint256 from, bytes32 fromRoot, uint256 to, bytes32 toRoot, bytes32[] calldata path)
        internal
        pure
        returns (bool)
    {
        if (from > to) return false;
        if (from == to) return path.length == 0 && fromRoot == toRoot;
        if (from == 0) return path.length == 0 && fromRoot == EMPTY_ROOT;
        (uint256 next, uint256 end) = _bounds(path);
        bytes32 first = fromRoot;
        // A perfect smaller tree is itself the first node, and the proof leaves it out.
        if (from & (from - 1) != 0) {
            first = _load(next);
            next += 32;
        }
        (bytes32 older, bytes32 newer, uint256 stop) = _rootsOf(from, to, first, next);
        return stop == end && older == fromRoot && newer == toRoot;
    }

    /// @notice Whether the tree of `to` entries is shown not to begin with the tree of `from` entries. Nodes that lead to
    /// a root are the nodes of its tree, so the root that they give for the first entries is the only true one.
    /// @param path consistency proof of the larger tree with its first node always there: for a `from` that is a power of
    /// two that is the root which the larger tree has for its first entries. Empty when the sizes are equal.
    function isContradiction(uint256 from, bytes32 fromRoot, uint256 to, bytes32 toRoot, bytes32[] calldata path)
        internal
        pure
        returns (bool)
    {
        if (from == to) return path.length == 0 && fromRoot != toRoot;
        if (from == 0 || from > to) return false;
        (uint256 next, uint256 end) = _bounds(path);
        (bytes32 older, bytes32 newer, uint256 stop) = _rootsOf(from, to, _load(next), next + 32);
        return stop == end && older != fromRoot && newer == toRoot;
    }

    /// @dev Roots of the first `from` entries and of all `to` entries, for 0 < from < to, from the nodes of a consistency
    /// proof: `first`, which ends the smaller tree, and those that follow at `next`. Also where the last one ended.
    function _rootsOf(uint256 from, uint256 to, bytes32 first, uint256 next)
        private
        pure
        returns (bytes32 older, bytes32 newer, uint256 stop)
    {
        older = first;
        newer = first;
        unchecked {
            // The first node is as wide as the lowest set bit of `from`.
            uint256 width = from & (0 - from);
            uint256 position = (from - 1) / width;
            uint256 apart = position ^ ((to - 1) / width);
            while (apart != 0) {
                bytes32 sibling = _load(next);
                if (position & 1 == 0) {
                    newer = nodeHash(newer, sibling);
                } else {
                    (older, newer) = _nodeHashes(sibling, older, newer);
                }
                next += 32;
                position >>= 1;
                apart >>= 1;
            }
            while (position != 0) {
                (older, newer) = _nodeHashes(_load(next), older, newer);
                next += 32;
                position &= position - 1;
            }
        }
        stop = next;
    }

    /// @dev Node hashes of one left node with either of two right ones.
    function _nodeHashes(bytes32 left, bytes32 older, bytes32 newer) private pure returns (bytes32, bytes32) {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore8(buffer, 0x01)
            mstore(add(buffer, 0x01), left)
            mstore(add(buffer, 0x21), older)
            older := keccak256(buffer, 0x41)
            mstore(add(buffer, 0x21), newer)
            newer := keccak256(buffer, 0x41)
        }
        return (older, newer);
    }

    /// @dev Where a path begins and ends in the call data.
    function _bounds(bytes32[] calldata path) private pure returns (uint256 start, uint256 end) {
        assembly ("memory-safe") {
            start := path.offset
            end := add(path.offset, shl(5, path.length))
        }
    }

    /// @dev The word at a place of the call data; zero beyond its end.
    function _load(uint256 place) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := calldataload(place)
        }
    }
}

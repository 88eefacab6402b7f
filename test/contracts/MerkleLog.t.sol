// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {MerkleLog} from "../../contracts/MerkleLog.sol";
import {ReferenceLog} from "./mocks/ReferenceLog.sol";
import {VM} from "./mocks/Vm.sol";

/// @notice MerkleLog against the RFC's recursive definitions, with random logs, sizes and changes.
contract MerkleLogTest {
    uint256 private constant SIZE_MAX = 300;

    function included(bytes32 root, uint256 size, uint256 index, bytes32 leaf, bytes32[] calldata path)
        external
        pure
        returns (bool)
    {
        return MerkleLog.isIncluded(root, size, index, leaf, path);
    }

    function extends_(uint256 from, bytes32 fromRoot, uint256 to, bytes32 toRoot, bytes32[] calldata path)
        external
        pure
        returns (bool)
    {
        return MerkleLog.isExtension(from, fromRoot, to, toRoot, path);
    }

    function contradicts(uint256 from, bytes32 fromRoot, uint256 to, bytes32 toRoot, bytes32[] calldata path)
        external
        pure
        returns (bool)
    {
        return MerkleLog.isContradiction(from, fromRoot, to, toRoot, path);
    }

    function testFuzz_everyEntryIsIncludedOnceAndUnchanged(uint256 seed, uint256 size, uint256 index, bytes32 junk)
        external
        view
    {
        size = 1 + size % SIZE_MAX;
        index %= size;
        bytes32 root = ReferenceLog.root(seed, 0, size);
        bytes32[] memory path = ReferenceLog.path(seed, index, size);
        bytes32 leaf = ReferenceLog.leaf(seed, index);
        VM.assume(junk != leaf && junk != root);
        require(this.included(root, size, index, leaf, path), "own path");
        require(!this.included(root, size, index, junk, path), "another leaf");
        require(!this.included(junk, size, index, leaf, path), "another root");
        require(!this.included(root, size, size + index, leaf, path), "an index beyond the end");
        if (size > 1) {
            uint256 elsewhere = (index + 1 + seed % (size - 1)) % size;
            require(!this.included(root, size, elsewhere, leaf, ReferenceLog.path(seed, elsewhere, size)), "elsewhere");
        }
        _requireFailsWhenSpoiled(true, index, root, size, leaf, path, junk);
    }

    function testFuzz_everyTreeExtendsItsBeginningsAndNoOther(uint256 seed, uint256 from, uint256 to, bytes32 junk)
        external
        view
    {
        to = 1 + to % SIZE_MAX;
        from %= to;
        bytes32 fromRoot = ReferenceLog.root(seed, 0, from);
        bytes32 toRoot = ReferenceLog.root(seed, 0, to);
        bytes32[] memory path = ReferenceLog.proof(seed, from, to, false);
        VM.assume(junk != fromRoot && junk != toRoot);
        require(this.extends_(from, fromRoot, to, toRoot, path), "own path");
        require(!this.extends_(from, junk, to, toRoot, path), "another beginning");
        require(!this.extends_(to, toRoot, from, fromRoot, path), "shrinking");
        if (from == 0) return;
        require(!this.extends_(from, fromRoot, to, junk, path), "another tree");
        require(!this.extends_(0, fromRoot, to, toRoot, path), "from nothing");
        _requireFailsWhenSpoiled(false, from, fromRoot, to, toRoot, path, junk);
    }

    function testFuzz_onlyAForeignBeginningContradicts(uint256 seed, uint256 from, uint256 to, bytes32 junk)
        external
        view
    {
        to = 2 + to % SIZE_MAX;
        from = 1 + from % (to - 1);
        bytes32 fromRoot = ReferenceLog.root(seed, 0, from);
        bytes32 toRoot = ReferenceLog.root(seed, 0, to);
        bytes32[] memory path = ReferenceLog.proof(seed, from, to, true);
        VM.assume(junk != fromRoot && junk != toRoot);
        require(this.contradicts(from, junk, to, toRoot, path), "a foreign beginning");
        require(this.contradicts(from, fromRoot, from, junk, new bytes32[](0)), "two roots of one size");
        require(!this.contradicts(from, fromRoot, to, toRoot, path), "its own beginning");
        require(!this.contradicts(from, fromRoot, from, fromRoot, new bytes32[](0)), "one root twice");
        require(!this.contradicts(from, junk, to, junk, path), "a path of another tree");
        path[seed % path.length] ^= bytes32(uint256(1) << (seed % 256));
        require(!this.contradicts(from, junk, to, toRoot, path), "a changed path");
        require(!this.contradicts(from, fromRoot, to, toRoot, path), "a changed path and its own beginning");
    }

    function testFuzz_noRandomPathContradictsAnything(
        bytes32 fromRoot,
        bytes32 toRoot,
        uint64 from,
        uint64 to,
        bytes32[] calldata path
    ) external view {
        VM.assume(from != to);
        require(!this.contradicts(from, fromRoot, to, toRoot, path), "random path");
    }

    function testFuzz_leafHashIsOfTheEntryBytes(uint64 recordedAt, bytes32[] memory digests) external pure {
        bytes memory entry = abi.encodePacked(bytes1(0x01), bytes8(recordedAt));
        for (uint256 i = 0; i < digests.length; ++i) entry = bytes.concat(entry, digests[i]);
        require(entry.length == 9 + 32 * digests.length, "entry length");
        bytes32 expected = keccak256(bytes.concat(hex"00", entry));
        require(MerkleLog.entryLeafHash(recordedAt, digests) == expected, "leaf hash");
    }

    function testFuzz_nodeHashIsOfPrefixAndBoth(bytes32 left, bytes32 right) external pure {
        require(MerkleLog.nodeHash(left, right) == keccak256(bytes.concat(hex"01", left, right)), "node hash");
    }

    /// @dev A node changed, missing or too many at any place.
    function _requireFailsWhenSpoiled(
        bool isInclusion,
        uint256 first,
        bytes32 firstHash,
        uint256 size,
        bytes32 secondHash,
        bytes32[] memory path,
        bytes32 junk
    ) private view {
        bytes32[] memory longer = new bytes32[](path.length + 1);
        uint256 place = uint256(junk) % longer.length;
        for (uint256 i = 0; i < longer.length; ++i) {
            longer[i] = i == place ? junk : path[i < place ? i : i - 1];
        }
        require(!_holds(isInclusion, first, firstHash, size, secondHash, longer), "a node too many");
        if (path.length == 0) return;
        bytes32[] memory shorter = new bytes32[](path.length - 1);
        place = uint256(junk) % path.length;
        for (uint256 i = 0; i < shorter.length; ++i) shorter[i] = path[i < place ? i : i + 1];
        require(!_holds(isInclusion, first, firstHash, size, secondHash, shorter), "a node too few");
        path[place] ^= bytes32(uint256(1) << (uint256(junk) >> 248));
        require(!_holds(isInclusion, first, firstHash, size, secondHash, path), "a node changed");
    }

    function _holds(
        bool isInclusion,
        uint256 first,
        bytes32 firstHash,
        uint256 size,
        bytes32 secondHash,
        bytes32[] memory path
    ) private view returns (bool) {
        return isInclusion
            ? this.included(firstHash, size, first, secondHash, path)
            : this.extends_(first, firstHash, size, secondHash, path);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @notice A log of entries: those of `base` before `turn`, those of `other` from there on. Stories with the same base
/// begin alike, so one may extend what another began, and contradict it further on.
struct Story {
    uint8 base;
    uint8 other;
    uint64 turn;
}

/// @notice Trees of stories by the recursive definitions of RFC 9162 section 2.1, which share nothing with MerkleLog.
library Stories {
    function leaves(Story memory story, uint256 size) internal pure returns (bytes32[] memory all) {
        all = new bytes32[](size);
        for (uint256 i = 0; i < size; ++i) {
            uint8 teller = i < story.turn ? story.base : story.other;
            all[i] = keccak256(abi.encodePacked(bytes1(0x00), teller, uint64(i)));
        }
    }

    /// @notice MTH(D[start:end]), section 2.1.1.
    function root(bytes32[] memory all, uint256 start, uint256 end) internal pure returns (bytes32) {
        if (start == end) return keccak256("");
        if (end - start == 1) return all[start];
        uint256 middle = start + _split(end - start);
        return keccak256(abi.encodePacked(bytes1(0x01), root(all, start, middle), root(all, middle, end)));
    }

    function rootOf(Story memory story, uint256 size) internal pure returns (bytes32) {
        return root(leaves(story, size), 0, size);
    }

    /// @notice PATH(index, D_size), section 2.1.3.1.
    function inclusion(Story memory story, uint256 index, uint256 size) internal pure returns (bytes32[] memory) {
        return _path(leaves(story, size), index, 0, size);
    }

    /// @notice PROOF(from, D_size), section 2.1.4.1; a whole one has the root of the first entries in front where the RFC
    /// leaves it out.
    function consistency(Story memory story, uint256 from, uint256 size, bool whole)
        internal
        pure
        returns (bytes32[] memory nodes)
    {
        if (from == 0 || from >= size) return nodes;
        bytes32[] memory all = leaves(story, size);
        nodes = _subproof(all, from, 0, size, true);
        if (!whole || from & (from - 1) != 0) return nodes;
        bytes32[] memory longer = new bytes32[](nodes.length + 1);
        longer[0] = root(all, 0, from);
        for (uint256 i = 0; i < nodes.length; ++i) longer[i + 1] = nodes[i];
        return longer;
    }

    function _path(bytes32[] memory all, uint256 index, uint256 start, uint256 end)
        private
        pure
        returns (bytes32[] memory nodes)
    {
        if (end - start == 1) return nodes;
        uint256 middle = start + _split(end - start);
        if (start + index < middle) return _append(_path(all, index, start, middle), root(all, middle, end));
        return _append(_path(all, index - (middle - start), middle, end), root(all, start, middle));
    }

    function _subproof(bytes32[] memory all, uint256 from, uint256 start, uint256 end, bool isOld)
        private
        pure
        returns (bytes32[] memory nodes)
    {
        if (from == end - start) return isOld ? nodes : _append(nodes, root(all, start, end));
        uint256 middle = start + _split(end - start);
        if (start + from <= middle) return _append(_subproof(all, from, start, middle, isOld), root(all, middle, end));
        return _append(_subproof(all, from - (middle - start), middle, end, false), root(all, start, middle));
    }

    function _split(uint256 n) private pure returns (uint256 k) {
        k = 1;
        while (2 * k < n) k *= 2;
    }

    function _append(bytes32[] memory nodes, bytes32 last) private pure returns (bytes32[] memory longer) {
        longer = new bytes32[](nodes.length + 1);
        for (uint256 i = 0; i < nodes.length; ++i) longer[i] = nodes[i];
        longer[nodes.length] = last;
    }
}
